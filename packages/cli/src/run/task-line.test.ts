import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveLines } from './live-lines.ts';
import { Rate } from './rate.ts';
import { formatAge, formatBytes, formatCount, formatTaskLine } from './task-line.ts';
import type { TaskProgress } from './task-line.ts';

const task: TaskProgress = {
  name: 'acme/pg',
  kind: 'materialization',
  phase: 'running',
  documents: 1234567,
  bytes: 5e8,
  bytesPerSecond: 12_340_000,
  documentsPerSecond: 45678,
  lagBytes: 1500,
  lastCommitMs: 1000,
  note: '',
};

test('a line tells documents, rates, lag and the last commit', () => {
  assert.equal(
    formatTaskLine(task, 1400, 200, 10),
    'acme/pg     running      1 234 567 docs    45 678/s    12.3 MB/s  lag 1.5 kB    commit 0.4 s ago',
  );
});

test('a line never exceeds the terminal', () => {
  const noted = { ...task, note: 'a very long reason\nwith a second line' };
  for (const width of [10, 40, 90, 120]) assert.ok(formatTaskLine(noted, 1400, width, 10).length <= width);
  assert.doesNotMatch(formatTaskLine(noted, 1400, 400, 10), /\n/);
});

test('numbers are short and exact enough', () => {
  assert.deepEqual([0, 999, 1000, 1e9].map(formatCount), ['0', '999', '1 000', '1 000 000 000']);
  assert.deepEqual([0, 1500, 2_500_000, 3e9].map(formatBytes), ['0 B', '1.5 kB', '2.5 MB', '3.00 GB']);
  assert.deepEqual([-5, 1234, 60_000, 600_000, 8e6].map(formatAge), [
    '0.0 s',
    '1.2 s',
    '60 s',
    '10 min',
    '2 h',
  ]);
});

test('a rate forgets what is older than its window', () => {
  const rate = new Rate(1000);
  assert.equal(rate.perSecond(), 0);
  for (const [atMs, total] of [
    [0, 0],
    [1000, 5000],
    [2000, 5100],
    [3000, 5200],
  ] as const)
    rate.add(total, atMs);
  assert.equal(rate.perSecond(), 100);
});

test('live lines are redrawn in place, and what is printed stands above them', () => {
  let screen = '';
  const live = new LiveLines({ columns: 80, write: (text) => (screen += text) });
  live.draw(['a', 'b']);
  live.print('log\n');
  live.draw(['c', 'd']);
  assert.equal(screen, 'a\nb\n\u001b[2A\r\u001b[0Jlog\na\nb\n\u001b[2A\r\u001b[0Jc\nd\n');
});
