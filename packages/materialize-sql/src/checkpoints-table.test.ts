import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXPLICIT_ZERO_CHECKPOINT, type RangeSpec } from '@weir/protocol';
import { encodeFenceCheckpoint, fenceOf, type FenceRow, overlaps, planFence } from './checkpoints-table.ts';

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
  const { own, insert } = install(
    [row(0, 99, 6), row(100, 199, 6), row(200, 299, 6), row(0, 1000, 5)],
    range(100, 199),
  );
  assert.deepEqual([own.keyBegin, own.keyEnd, own.fence, insert], [100, 199, 7n, false]);
  assert.equal(own.checkpoint, row(100, 199, 6).checkpoint);
});

test('a range split from its parent takes over the checkpoint of the narrowest parent', () => {
  const { own, insert } = install(
    [row(0, 499, 6), row(500, 799, 6), row(800, 1000, 6), row(0, 1000, 5)],
    range(500, 599),
  );
  assert.deepEqual([own.keyBegin, own.keyEnd, own.fence, insert], [500, 599, 7n, true]);
  assert.equal(own.checkpoint, row(500, 799, 6).checkpoint);
});

test('a range that straddles two children takes over from the row that covers both', () => {
  const { own, insert } = install([row(0, 499, 6), row(500, 1000, 6), row(0, 1000, 5)], range(400, 599));
  assert.deepEqual([own.keyBegin, own.keyEnd, own.fence, insert], [400, 599, 6n, true]);
  assert.equal(own.checkpoint, row(0, 1000, 5).checkpoint);
});

test('a range that covers a child takes over from its own parent, not from the child', () => {
  const { own, insert } = install([row(100, 199, 6), row(0, 1000, 5)], range(100, 800));
  assert.deepEqual([own.keyBegin, own.keyEnd, own.fence, insert], [100, 800, 6n, true]);
  assert.equal(own.checkpoint, row(0, 1000, 5).checkpoint);
});

test('the first session of a task starts from nothing', () => {
  const plan = install([], range(0, 0xffffffff));
  assert.equal(plan.insert, true);
  assert.equal(fenceOf(plan).checkpoint, EXPLICIT_ZERO_CHECKPOINT);
});
