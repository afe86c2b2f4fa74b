// Transactions over a file: ranges, checkpoints, what values and documents become.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RangeSpec, TupleElement } from '@weir/protocol';
import { checkpointAt, loadAll, type SampleField, transact } from '@weir/testing';
import { Sink, type TableSample } from '../test/sink.ts';

const things: TableSample = {
  table: 't',
  fields: { id: { types: ['integer'] }, v: { types: ['string'], exists: 'MAY' } },
};

const range = (keyBegin: number, keyEnd: number): RangeSpec => ({
  keyBegin,
  keyEnd,
  rClockBegin: 0,
  rClockEnd: 0xffffffff,
});

test('a range that is split goes on from its parent; merged ones from where both ended, if they did', async () => {
  using sink = Sink.create();
  {
    await using whole = await sink.start(things);
    await transact(whole, 10, []);
  }
  const [low, high] = [range(0, 0x7fffffff), range(0x80000000, 0xffffffff)];
  {
    await using left = sink.open(low);
    await using right = sink.open(high);
    assert.deepEqual([left.checkpoint, right.checkpoint], [checkpointAt(10), checkpointAt(10)]);
    await transact(left, 20, [{ key: [1], values: ['left'] }]);
    await transact(right, 30, [{ key: [2], values: ['right'] }]);
    assert.throws(() => sink.open(), { code: 'SQL_RANGES_DIVERGED' });
    await transact(left, 30, []);
  }
  await using merged = sink.open();
  assert.deepEqual(merged.checkpoint, checkpointAt(30));
  await transact(merged, 40, []);
  await using again = sink.open(low);
  assert.deepEqual(again.checkpoint, checkpointAt(40));
});

test('of many first sessions one row is left, and only the newest commits', async () => {
  using sink = Sink.create();
  await sink.applySpec(sink.spec(things));
  const sessions = Array.from({ length: 5 }, () => sink.open());
  const outcomes = [];
  for (const [index, session] of sessions.entries()) {
    outcomes.push(
      await transact(session, index + 1, []).then(
        () => 'committed',
        ({ code }: { code: string }) => code,
      ),
    );
  }
  assert.deepEqual(outcomes, [...Array.from({ length: 4 }, () => 'SQL_FENCED_OFF'), 'committed']);
  for (const session of sessions) await session[Symbol.asyncDispose]();
  assert.deepEqual(sink.query('SELECT fence FROM flow_checkpoints_v1'), [{ fence: 4 }]);
});

test('an empty transaction moves the checkpoint, also to the same place again', async () => {
  using sink = Sink.create();
  await using session = await sink.start(things);
  await transact(session, 5, []);
  await transact(session, 5, []);
  await using next = sink.open();
  assert.deepEqual(next.checkpoint, checkpointAt(5));
});

test('a checkpoint of more than a mebibyte comes back as it was', async () => {
  using sink = Sink.create();
  const large = { sources: {}, ackIntents: { journal: Buffer.alloc(2 << 20, 7) } };
  {
    await using session = await sink.start(things);
    await session.commit(large);
  }
  await using next = sink.open();
  assert.deepEqual(next.checkpoint, large);
});

test('delta updates keep every document as a row, and several tables are one transaction', async () => {
  using sink = Sink.create({ hardDelete: true });
  await using session = await sink.start(things, { ...things, table: 'events', deltaUpdates: true });
  for (const offset of [1, 2]) {
    await transact(session, offset, [
      { key: [1], values: [`${offset}`], exists: offset > 1 },
      { binding: 1, key: [1], values: [`${offset}`] },
      { binding: 1, key: [1], values: ['again'], delete: true, exists: true },
    ]);
  }
  assert.deepEqual(sink.query('SELECT v FROM t'), [{ v: '2' }]);
  assert.deepEqual(
    sink.query('SELECT v FROM events ORDER BY rowid').map(({ v }) => v),
    ['1', 'again', '2', 'again'],
  );
  assert.deepEqual(await loadAll(session, [[1]], { binding: 1 }), []);
});

test('documents of many batches come back byte for byte', async () => {
  using sink = Sink.create();
  await using session = await sink.start(things, { ...things, table: 'u' });
  const ids = Array.from({ length: 2505 }, (_, id) => id);
  const doc = (binding: number, id: number): string => `{"id":${id},"of":${binding},"käse":"\\u0000"}`;
  await transact(
    session,
    1,
    [0, 1].flatMap((binding) =>
      ids.map((id) => ({ binding, key: [id], values: [`v${id}`], doc: doc(binding, id) })),
    ),
  );
  for (const binding of [0, 1]) {
    const found = await loadAll(
      session,
      ids.map((id) => [id]),
      { binding },
    );
    assert.deepEqual(found, ids.map((id) => doc(binding, id)).toSorted());
  }
});

test('documents of 16 MiB are stored and loaded', async () => {
  using sink = Sink.create();
  await using session = await sink.start(things);
  const text = 'käse\\"'.repeat((16 << 20) / 7);
  const doc = JSON.stringify({ v: text });
  await transact(session, 1, [{ key: [2], values: [text], doc }]);
  assert.deepEqual(sink.query('SELECT max(length(v)) AS length FROM t'), [{ length: text.length }]);
  assert.deepEqual(await loadAll(session, [[2]]), [doc]);
});

test('a value that does not fit its column is refused, and nothing of its transaction is kept', async () => {
  const refused: readonly [SampleField, TupleElement, string][] = [
    [{ types: ['integer'] }, 2n ** 63n, 'SQL_VALUE_UNSUPPORTED'],
    [{ types: ['integer'] }, 'seven', 'SQL_VALUE_UNSUPPORTED'],
    [{ types: ['string'], contentEncoding: 'base64' }, 'not base64!', 'SQL_VALUE_UNSUPPORTED'],
    [{ types: ['number'] }, 'twelve', 'SQLITE_CONSTRAINT'],
    [{ types: ['string'] }, null, 'SQLITE_CONSTRAINT'],
  ];
  for (const [field, value, code] of refused) {
    using sink = Sink.create();
    {
      await using session = await sink.start({
        table: 't',
        fields: { id: { types: ['integer'] }, odd: field },
      });
      const fine = field.types[0] === 'string' ? 'AAAA' : 7;
      const stores = [
        { key: [1], values: [fine] },
        { key: [2], values: [value] },
      ];
      await assert.rejects(transact(session, 1, stores), { code, message: /odd/ }, `${field.types[0]}`);
    }
    assert.deepEqual(sink.query('SELECT * FROM t'), []);
  }
});
