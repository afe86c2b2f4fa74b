import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { SupervisorEvent, TaskError, TaskName } from '@weir/runtime';
import { failureLines } from './event-line.ts';
import { formatAge, formatBytes, formatCount } from './format.ts';
import { JsonReport } from './json-report.ts';
import { LiveScreen } from './live-screen.ts';
import { Rate } from './rate.ts';
import { RunProgress } from './run-report.ts';
import { formatTaskLines } from './task-line.ts';
import { TaskProgress, type TaskSnapshot } from './task-progress.ts';
import { TerminalReport } from './terminal-report.ts';
import { textWidth, truncate } from './text-width.ts';

const tasks: readonly TaskName[] = [
  { name: 'acme/pg', kind: 'capture' },
  { name: 'acme/warehouse', kind: 'materialization' },
];

const slotLost: TaskError = {
  code: 'PG_SLOT_LOST',
  message: 'The slot is gone.',
  fix: 'Create it again.',
  retry: 'never',
  stack: 'Error: at secret.ts:1',
};

const commit = (task: string, documents: number): SupervisorEvent => ({
  task,
  kind: 'commit',
  documents,
  bytes: documents * 100,
  stored: documents,
});

function failed(retryInMs: number | undefined): SupervisorEvent {
  return { task: 'acme/pg', kind: 'failed', error: slotLost, retryInMs };
}

test('a line tells phase, documents, rates, lag and the age of the last checkpoint, in columns', () => {
  const progress = new RunProgress(tasks, 0);
  progress.see({ task: 'acme/pg', kind: 'opened' }, 0);
  for (let second = 1; second <= 10; second += 1) progress.see(commit('acme/pg', 123_456), second * 1000);
  progress.seeStored([{ name: 'acme/warehouse', lagBytes: 1500, lastCommitMs: 0 }]);
  assert.deepEqual(formatTaskLines(progress.at(10_400), 10_400, 120), [
    'acme/pg         running    1 234 560 docs  123 456 docs/s  12.3 MB/s              checkpoint 0.4 s ago',
    'acme/warehouse  starting           0 docs        0 docs/s   0.0 MB/s  lag 1.5 kB  no checkpoint yet',
  ]);
  assert.deepEqual(formatTaskLines(progress.at(10_400), 10_400, 90), [
    'acme/pg         running   1 234 560 docs  123 456 docs/s  12.3 MB/s              0.4 s ago',
    'acme/warehouse  starting          0 docs        0 docs/s   0.0 MB/s  lag 1.5 kB  no check…',
  ]);
});

test('no line is wider than the terminal, whatever tasks are called', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 200 }),
      (names, width) => {
        const snapshots = names.map((name): TaskSnapshot => {
          const task = new TaskProgress({ name, kind: 'capture' }, 0);
          task.see({ ...failed(5000), task: name }, 0);
          return task.at(100);
        });
        for (const line of formatTaskLines(snapshots, 100, width)) assert.ok(textWidth(line) <= width);
      },
    ),
  );
});

test('a cut text ends in an ellipsis; wide letters count twice, and control characters are dropped', () => {
  assert.equal(truncate('hello', 5), 'hello');
  assert.equal(truncate('hello', 4), 'hel…');
  assert.equal(truncate('订单数据', 8), '订单数据');
  assert.equal(truncate('订单数据', 6), '订单…');
  assert.equal(truncate('a\u001b[2Jb\n', 10), 'a[2Jb');
});

test('a failed task says why and when it is tried again, and forgets it when it runs', () => {
  const task = new TaskProgress({ name: 'acme/pg', kind: 'capture' }, 0);
  task.see(failed(5000), 1000);
  assert.match(
    formatTaskLines([task.at(2000)], 2000, 200)[0] ?? '',
    /retrying .*PG_SLOT_LOST, again in 4\.0 s$/,
  );
  task.see({ task: 'acme/pg', kind: 'opened' }, 6000);
  assert.equal(task.at(6000).error, undefined);
  task.see(failed(undefined), 7000);
  assert.match(formatTaskLines([task.at(7000)], 7000, 200)[0] ?? '', /failed .*PG_SLOT_LOST$/);
});

test('a rate is over the last seconds alone', () => {
  const rate = new Rate(0, 1000);
  assert.equal(rate.perSecond(0), 0);
  for (let atMs = 0; atMs < 1000; atMs += 10) rate.add(50, atMs);
  assert.equal(rate.perSecond(1000), 5000);
  rate.add(10, 5000);
  assert.equal(rate.perSecond(5000), 10);
  assert.equal(rate.perSecond(9000), 0);
});

test('numbers are short and exact enough', () => {
  assert.deepEqual([0, 999, 1000, 1e9].map(formatCount), ['0', '999', '1 000', '1 000 000 000']);
  assert.deepEqual([0, 1500, 2_500_000, 3e9].map(formatBytes), ['0 B', '1.5 kB', '2.5 MB', '3.00 GB']);
  assert.deepEqual([-5, 1234, 60_000, 600_000, 8e6, 3e8].map(formatAge), [
    '0.0 s',
    '1.2 s',
    '60 s',
    '10 min',
    '2 h',
    '3 d',
  ]);
});

/** A terminal that understands what the screen sends, and counts the moments at which a line was blank. */
class FakeTerminal {
  columns = 40;
  rows = 10;
  writes = 0;
  lines: string[] = [];
  #row = 0;

  write(text: string): void {
    this.writes += 1;
    // oxlint-disable-next-line no-control-regex -- escape sequences are what it is about
    for (const [part] of text.matchAll(/\u001b\[\??\d*[A-Zhl]|\r|\n|[^\u001b\r\n]+/g)) {
      if (part === '\n') this.#row += 1;
      else if (part.endsWith('A') && part.startsWith('\u001b')) this.#row -= Number(part.slice(2, -1));
      else if (part === '\u001b[J') this.lines.length = this.#row;
      else if (!part.startsWith('\u001b') && part !== '\r') this.lines[this.#row] = part;
    }
  }
}

test('the block is redrawn in place by one write, what is printed stands above it, and nothing is written for nothing', () => {
  const terminal = new FakeTerminal();
  const screen = new LiveScreen(terminal);
  screen.draw(['a', 'b']);
  screen.print('log\n');
  screen.draw(['c', 'd']);
  assert.deepEqual(terminal.lines, ['log', 'c', 'd']);
  screen.draw(['c', 'd']);
  assert.equal(terminal.writes, 3);
  screen.draw(['e']);
  assert.deepEqual(terminal.lines, ['log', 'e']);
});

test('lines that do not fit the terminal are counted in the last one', () => {
  const terminal = new FakeTerminal();
  terminal.rows = 4;
  new LiveScreen(terminal).draw(['a', 'b', 'c', 'd', 'e']);
  assert.deepEqual(terminal.lines, ['a', 'b', '… and 3 more']);
});

test('a terminal is told of a failure with its fix and without a stack trace, and not of what goes well', () => {
  const terminal = new FakeTerminal();
  const progress = new RunProgress(tasks, 0);
  const report = new TerminalReport({ progress, level: 'warn', terminal, color: false });
  report.onEvent({ task: 'acme/pg', kind: 'opened' }, 0);
  assert.equal(terminal.writes, 0);
  report.onEvent(failed(undefined), 0);
  assert.deepEqual(terminal.lines, ['acme/pg: PG_SLOT_LOST: The slot is gone.', 'Create it again.']);
  assert.equal(
    failureLines('acme/pg', slotLost),
    'acme/pg: PG_SLOT_LOST: The slot is gone.\nCreate it again.\n',
  );
});

test('every JSON line has one shape, and the figures of a task come at most once a second and when they changed', () => {
  let output = '';
  const progress = new RunProgress(tasks, 0);
  const report = new JsonReport({ progress, level: 'info', write: (line) => (output += line) });
  const see = (event: SupervisorEvent, nowMs: number): void => {
    progress.see(event, nowMs);
    report.onEvent(event, nowMs);
  };
  see({ task: 'acme/pg', kind: 'starting' }, 0);
  for (let nowMs = 0; nowMs <= 3000; nowMs += 200) {
    see(commit('acme/pg', 10), nowMs);
    report.draw(nowMs);
  }
  see({ task: 'acme/pg', kind: 'failed', error: slotLost, retryInMs: undefined }, 3000);
  report.end(3000);
  const lines = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { message: string; level: string; fields: Record<string, unknown> });
  for (const line of lines) assert.deepEqual(Object.keys(line), ['ts', 'level', 'message', 'fields']);
  const stats = lines.filter(({ message, fields }) => message === 'stats' && fields['task'] === 'acme/pg');
  assert.deepEqual(
    stats.map(({ fields }) => [fields['phase'], fields['documents']]),
    [
      ['running', 10],
      ['running', 60],
      ['running', 110],
      ['running', 160],
      ['failed', 160],
    ],
  );
  assert.equal(
    lines.filter(({ message, fields }) => message === 'stats' && fields['task'] === 'acme/warehouse').length,
    1,
  );
  const failure = lines.find(({ level }) => level === 'error');
  assert.equal(failure?.message, 'PG_SLOT_LOST: The slot is gone.');
  assert.deepEqual(failure.fields, {
    task: 'acme/pg',
    event: 'failed',
    code: 'PG_SLOT_LOST',
    fix: 'Create it again.',
  });
  assert.doesNotMatch(output, /secret\.ts/);
});
