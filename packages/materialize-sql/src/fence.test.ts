import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXPLICIT_ZERO_CHECKPOINT, type RangeSpec } from '@weir/protocol';
import { encodeFenceCheckpoint, type FenceRow } from './checkpoints-table.ts';
import { fenceOf, overlaps, planFence } from './fence.ts';

const row = (keyBegin: number, keyEnd: number, fence: number): FenceRow => ({
  keyBegin,
  keyEnd,
  fence: BigInt(fence),
  checkpoint: encodeFenceCheckpoint({
    sources: {},
    ackIntents: { [`${keyBegin}-${keyEnd}`]: Buffer.from('x') },
  }),
});
const range = (keyBegin: number, keyEnd: number): RangeSpec => ({
  keyBegin,
  keyEnd,
  rClockBegin: 0,
  rClockEnd: 0xffffffff,
});

/** What the statements do: raise every overlapping row, then plan. */
function install(rows: readonly FenceRow[], session: RangeSpec) {
  return planFence(
    rows.map((existing) =>
      overlaps(existing, session) ? { ...existing, fence: existing.fence + 1n } : existing,
    ),
    session,
  );
}

test('a session of an existing range goes on from its own row', () => {
  const { own, write } = install(
    [row(0, 99, 6), row(100, 199, 6), row(200, 299, 6), row(0, 1000, 5)],
    range(100, 199),
  );
  assert.deepEqual([own.keyBegin, own.keyEnd, own.fence, write], [100, 199, 7n, 'nothing']);
  assert.equal(own.checkpoint, row(100, 199, 6).checkpoint);
});

test('a range split from its parent takes over the checkpoint of the narrowest parent', () => {
  const { own, write } = install(
    [row(0, 499, 6), row(500, 799, 6), row(800, 1000, 6), row(0, 1000, 5)],
    range(500, 599),
  );
  assert.deepEqual([own.keyBegin, own.keyEnd, own.fence, write], [500, 599, 7n, 'insert']);
  assert.equal(own.checkpoint, row(500, 799, 6).checkpoint);
});

test('a range that straddles two children takes over from the row that covers both', () => {
  const { own, write } = install([row(0, 499, 6), row(500, 1000, 6), row(0, 1000, 5)], range(400, 599));
  assert.deepEqual([own.keyBegin, own.keyEnd, own.fence, write], [400, 599, 6n, 'insert']);
  assert.equal(own.checkpoint, row(0, 1000, 5).checkpoint);
});

test('a range that covers a child takes over from its own parent, not from the child', () => {
  const { own, write } = install([row(100, 199, 6), row(0, 1000, 5)], range(100, 800));
  assert.deepEqual([own.keyBegin, own.keyEnd, own.fence, write], [100, 800, 6n, 'insert']);
  assert.equal(own.checkpoint, row(0, 1000, 5).checkpoint);
});

test('the first session of a task starts from nothing', () => {
  const plan = install([], range(0, 0xffffffff));
  assert.equal(plan.write, 'insert');
  assert.equal(fenceOf(plan).checkpoint, EXPLICIT_ZERO_CHECKPOINT);
});

/** As a row that has read so far of two journals. */
const reading = (keyBegin: number, keyEnd: number, fence: number, a: number, b: number): FenceRow => ({
  keyBegin,
  keyEnd,
  fence: BigInt(fence),
  checkpoint: encodeFenceCheckpoint({
    sources: {
      a: { readThrough: BigInt(a), producers: [] },
      b: { readThrough: BigInt(b), producers: [] },
    },
    ackIntents: {},
  }),
});

test('merged ranges go on from where all of them ended, not from the parent that they once were', () => {
  const children = [reading(0, 499, 6, 50, 60), reading(500, 999, 9, 50, 60)];
  const parent = reading(0, 999, 5, 10, 10);
  for (const rows of [[...children, parent], [parent, ...children], children]) {
    const { own, write } = install(rows, range(0, 999));
    assert.equal(own.checkpoint, children[0]?.checkpoint);
    assert.equal(write, rows.includes(parent) ? 'update' : 'insert');
    assert.ok(own.fence >= 6n);
  }
});

test('a range that was merged goes on from its own row once it has committed', () => {
  const rows = [reading(0, 499, 7, 50, 60), reading(500, 999, 10, 50, 60), reading(0, 999, 12, 51, 60)];
  const { own, write } = install(rows, range(0, 999));
  assert.deepEqual([own.fence, write, own.checkpoint], [13n, 'nothing', rows[2]?.checkpoint]);
});

test('a range that is split again goes on from the parent, not from the row of the first split', () => {
  const rows = [reading(0, 499, 7, 50, 60), reading(500, 999, 10, 50, 60), reading(0, 999, 12, 70, 80)];
  const { own, write } = install(rows, range(0, 499));
  assert.deepEqual([own.fence, write, own.checkpoint], [8n, 'update', rows[2]?.checkpoint]);
});

test('ranges that ended at different places, or that leave a gap, are not merged', () => {
  const parent = reading(0, 999, 5, 10, 10);
  for (const children of [
    [reading(0, 499, 6, 50, 60), reading(500, 999, 6, 51, 60)],
    [reading(0, 499, 6, 50, 60), reading(501, 999, 6, 50, 60)],
    [reading(0, 499, 6, 50, 60)],
    [reading(0, 499, 6, 50, 60), reading(500, 1999, 6, 50, 60)],
  ]) {
    assert.throws(() => install([...children, parent], range(0, 999)), { code: 'SQL_RANGES_DIVERGED' });
  }
});
