// Kills the runtime at every named point, and sampled pairs of them, and lets it recover: afterwards the journal holds
// every position once, both destinations equal the fold of the journal, and no checkpoint has moved back.
// WEIR_CRASH_RUNS: how many kills to make at least; past one at each point they are sampled from later passes and pairs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeCheckpoint, EXPLICIT_ZERO_CHECKPOINT } from '@weir/protocol';
import { temporaryDirectory } from '@weir/testing';
import { Destination } from '../../test/scripted/destination.ts';
import { expectedPositions } from '../../test/scripted/ledger.ts';
import { crashPoints } from '../crash-points.ts';
import { systemDisk } from '../host/disk.ts';
import { JournalReader } from '../journal/journal-reader.ts';
import { SqliteStore } from '../store/sqlite-store.ts';
import { stateFolder } from '../store/state-folder.ts';

const documents = 160;
const keys = 13;
const runs = Number(process.env['WEIR_CRASH_RUNS'] ?? '30');

interface Marks {
  readonly head: number;
  readonly cursor: number;
  readonly readThrough: Readonly<Record<string, number>>;
}

/** Runs the workload; true when it ended by itself, false when the crash point killed it. */
async function run(folder: string, crashPoint: string): Promise<boolean> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../../test/crash-child.ts'), folder, String(documents), String(keys), '3'],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, WEIR_CRASH_POINT: crashPoint } },
  );
  const errors: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('close', (exitCode, exitSignal) => resolve([exitCode, exitSignal]));
  });
  if (signal === 'SIGKILL') return false;
  assert.equal(code, 0, Buffer.concat(errors).toString());
  return true;
}

function marks(folder: string): Marks {
  const { storePath } = stateFolder(join(folder, 'state'));
  if (!existsSync(storePath)) return { head: 0, cursor: 0, readThrough: {} };
  using store = new SqliteStore(storePath);
  const { cursor = 0 } = JSON.parse(store.task('test/source')?.state ?? '{}') as { cursor?: number };
  const readThrough: Record<string, number> = {};
  for (const { checkpoint } of store.tasks()) {
    const decoded = checkpoint === undefined ? undefined : decodeCheckpoint(checkpoint);
    if (decoded === undefined || decoded === EXPLICIT_ZERO_CHECKPOINT) continue;
    for (const [key, source] of Object.entries(decoded.sources))
      readThrough[key] = Number(source.readThrough);
  }
  return { head: store.journals('test/ledger')[0]?.head ?? 0, cursor, readThrough };
}

function assertForward(before: Marks, after: Marks): void {
  assert.ok(after.head >= before.head, `the journal's head moved back from ${before.head} to ${after.head}`);
  assert.ok(
    after.cursor >= before.cursor,
    `the capture's state moved back from ${before.cursor} to ${after.cursor}`,
  );
  for (const [key, position] of Object.entries(before.readThrough)) {
    assert.ok((after.readThrough[key] ?? 0) >= position, `the checkpoint of ${key} moved back`);
  }
}

function positionsOf(lines: readonly string[]): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  for (const line of lines) {
    const { id, positions } = JSON.parse(line) as { id: number; positions: number[] };
    rows.set(id, [...(rows.get(id) ?? []), ...positions]);
  }
  return new Map([...rows].sort(([left], [right]) => left - right));
}

function assertExactlyOnce(folder: string): void {
  const expected = new Map([...expectedPositions(documents, keys)].sort(([left], [right]) => left - right));
  const { storePath, journalsPath } = stateFolder(join(folder, 'state'));
  using store = new SqliteStore(storePath);
  const [journal] = store.journals('test/ledger');
  assert.ok(journal);
  using reader = new JournalReader(systemDisk, journalsPath, journal.folder, 0);
  const lines: string[] = [];
  for (
    let batch = reader.next(journal.head, 1 << 20);
    batch !== undefined;
    batch = reader.next(journal.head, 1 << 20)
  ) {
    lines.push(...batch.bytes.toString().split('\n').slice(0, -1));
  }
  assert.equal(lines.length, journal.documents);
  assert.deepEqual(positionsOf(lines), expected, 'the journal');
  for (const pattern of ['authoritative', 'postCommit'] as const) {
    using destination = new Destination(join(folder, `${pattern}.db`), pattern);
    assert.deepEqual(positionsOf(destination.rows()), expected, `the ${pattern} destination`);
  }
}

/** Crashes at each point in turn, then recovers. Returns how many of the points were reached. */
async function crashAndRecover(points: readonly string[]): Promise<number> {
  using folder = temporaryDirectory();
  let kills = 0;
  let before = marks(folder.path);
  for (const point of [...points, '']) {
    const ended = await run(folder.path, point);
    if (!ended) kills += 1;
    const after = marks(folder.path);
    assertForward(before, after);
    before = after;
    if (ended) break;
  }
  assertExactlyOnce(folder.path);
  return kills;
}

const singles = [1, 2, 3, 5, 9].flatMap((pass) => crashPoints.map((point) => `${point}:${pass}`));
let kills = 0;

for (const point of crashPoints) {
  test(`[G1] [G2] [G3] nothing is lost or doubled by a crash at ${point}`, async () => {
    const first = await crashAndRecover([`${point}:1`]);
    assert.equal(first, 1, 'the point was never passed');
    kills += first;
  });
}

test('[G1] [G2] [G3] nothing is lost or doubled by crashes at later passes, and during the recovery from a crash', async () => {
  for (let pair = 0; kills < runs; pair++) {
    const first = singles[(pair * 31 + 7) % singles.length] ?? '';
    const second = pair % 3 === 0 ? '' : (singles[(pair * 17 + 3) % singles.length] ?? '');
    kills += await crashAndRecover([first, second].filter((point) => point !== ''));
  }
  assert.ok(kills >= runs);
});
