// Transactions over a file: ranges, checkpoints, what values and documents become.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TupleElement } from '@weir/protocol';
import { loadAll, type SampleField, testSinkSessions, transact } from '@weir/testing';
import { Sink, type TableSample } from '../test/sink.ts';

const things: TableSample = {
  table: 't',
  fields: { id: { types: ['integer'] }, v: { types: ['string'], exists: 'MAY' } },
};

testSinkSessions(async (hardDelete, work) => {
  using sink = Sink.create({ hardDelete });
  await work({
    apply: (...tables) => sink.applySpec(sink.spec(...tables)),
    validate: (...tables) => sink.validateSpec(sink.spec(...tables)),
    open: async (range) => await Promise.resolve(range).then((of) => sink.open(of)),
    query: (sql) => Promise.resolve(sink.query(sql)),
    execute: (sql) => Promise.resolve(sink.exec(sql)),
  });
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
