// Transactions on real servers: what is stored, loaded, deleted, and who may commit.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXPLICIT_ZERO_CHECKPOINT } from '@weir/protocol';
import { checkpointAt, commitAt, loadAll, storeAll, testSinkSessions, transact } from '@weir/testing';
import { onBothServers, Sink, type TableSample } from '../test/sink.ts';

const things: TableSample = {
  table: 't',
  fields: { id: { types: ['integer'] }, v: { types: ['string'], exists: 'MAY' } },
};

onBothServers((server, flavour) => {
  const rowsOf = (sink: Sink) => sink.query('SELECT id, v FROM t ORDER BY id');

  testSinkSessions(async (hardDelete, work) => {
    await using sink = await Sink.create(server(), { hardDelete });
    await work({
      apply: (...tables) => sink.apply(...tables),
      validate: (...tables) => sink.validate(...tables),
      open: (range) => sink.open(range),
      query: (sql) => sink.query(sql),
      execute: (sql) => sink.query(sql),
    });
  });

  test('[G2] a session goes on from the checkpoint that was committed with the rows', async () => {
    await using sink = await Sink.create(server());
    {
      await using first = await sink.start(things);
      assert.equal(first.checkpoint, EXPLICIT_ZERO_CHECKPOINT);
      await transact(first, 100, [
        { key: [1], values: ['a'], doc: '{"id":1}' },
        { key: [2], values: ['b'] },
      ]);
      await storeAll(first, [{ key: [2], values: ['never committed'], exists: true }]);
    }
    await using second = await sink.open();
    assert.deepEqual(second.checkpoint, checkpointAt(100));
    assert.deepEqual(await rowsOf(sink), [
      { id: 1, v: 'a' },
      { id: 2, v: 'b' },
    ]);
    const document = flavour === 'mysql' ? '{"id": 1}' : '{"id":1}';
    assert.deepEqual(await loadAll(second, [[1], [3]]), [document]);
  });

  test('[G5] of two sessions the older one is fenced off, and nothing of its transaction is kept', async () => {
    await using sink = await Sink.create(server());
    await using older = await sink.start(things);
    await transact(older, 1, [{ key: [1], values: ['older'] }]);
    await using newer = await sink.open();
    await storeAll(older, [
      { key: [1], values: ['stale'], exists: true },
      { key: [2], values: ['stale'] },
    ]);
    await assert.rejects(commitAt(older, 2), { code: 'SQL_FENCED_OFF' });
    await transact(newer, 3, [{ key: [3], values: ['newer'] }]);
    assert.deepEqual(await rowsOf(sink), [
      { id: 1, v: 'older' },
      { id: 3, v: 'newer' },
    ]);
  });

  test('rows that somebody deleted or inserted by hand are stored again, not lost and not doubled', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start(things);
    await transact(session, 1, [{ key: [1], values: ['a'] }]);
    await sink.query(`DELETE FROM t; INSERT INTO t VALUES (2, 'by hand', '{}')`);
    await transact(session, 2, [
      { key: [1], values: ['b'], exists: true },
      { key: [2], values: ['ours'] },
      { key: [3], values: ['new'] },
    ]);
    assert.deepEqual(await rowsOf(sink), [
      { id: 1, v: 'b' },
      { id: 2, v: 'ours' },
      { id: 3, v: 'new' },
    ]);
  });

  test('columns that users have added keep their values when a row is replaced', async () => {
    await using sink = await Sink.create(server());
    await sink.apply(things);
    await sink.query(
      `ALTER TABLE t ADD COLUMN note text, ADD COLUMN serial bigint NOT NULL AUTO_INCREMENT UNIQUE, ADD COLUMN twice bigint AS (id * 2)`,
    );
    await using session = await sink.open();
    await transact(session, 1, [{ key: [1], values: ['a'] }]);
    await sink.query(`UPDATE t SET note = 'mine'`);
    await transact(session, 2, [{ key: [1], values: ['b'], exists: true }]);
    assert.deepEqual(await sink.query('SELECT id, v, note, serial, twice FROM t'), [
      { id: 1, v: 'b', note: 'mine', serial: 1, twice: 2 },
    ]);
    assert.equal(await sink.apply(things), '');
  });

  test('in a table to which somebody added a unique index, rows of other keys are never changed', async () => {
    for (const deltaUpdates of [false, true]) {
      await using sink = await Sink.create(server());
      const table: TableSample = {
        table: 't',
        fields: { id: { types: ['integer'] }, v: { types: ['integer'], exists: 'MAY' } },
        deltaUpdates,
      };
      await sink.apply(table);
      await sink.query('CREATE UNIQUE INDEX mine ON t (v)');
      {
        await using session = await sink.open();
        await transact(session, 1, [
          { key: [1], values: [10] },
          { key: [2], values: [20] },
        ]);
        if (!deltaUpdates) {
          // A value that one row gives up may become that of another.
          await transact(session, 2, [
            { key: [1], values: [11], exists: true },
            { key: [3], values: [10] },
          ]);
        }
        await assert.rejects(transact(session, 3, [{ key: [4], values: [20] }]), {
          code: 'MYSQL_UNIQUE_INDEX',
        });
      }
      assert.deepEqual(
        await rowsOf(sink),
        deltaUpdates
          ? [
              { id: 1, v: 10 },
              { id: 2, v: 20 },
            ]
          : [
              { id: 1, v: 11 },
              { id: 2, v: 20 },
              { id: 3, v: 10 },
            ],
      );
    }
  });

  test('several bindings are stored in one transaction, and loaded each from its own table', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start(
      things,
      { ...things, table: 'staged' },
      { ...things, table: 'delta', deltaUpdates: true },
    );
    await transact(session, 1, [
      { key: [1], values: ['t'], doc: '1' },
      { key: [1], values: ['u'], binding: 1, doc: '2' },
      { key: [1], values: ['d'], binding: 2 },
    ]);
    await transact(session, 2, [{ key: [1], values: ['v'], binding: 1, doc: '3', exists: true }]);
    assert.deepEqual(await loadAll(session, [[1]]), ['1']);
    assert.deepEqual(await loadAll(session, [[1]], { binding: 1 }), ['3']);
    assert.deepEqual(await loadAll(session, [[1]], { binding: 2 }), []);
  });

  test('more rows than one file holds arrive once each, and are loaded by as many keys', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start(things);
    const text = 'x'.repeat(2000);
    const count = 12_000;
    function* stores(exists: boolean) {
      for (let id = 0; id < count; id += 1) yield { key: [id], values: [text], doc: `{"id":${id}}`, exists };
    }
    await transact(session, 1, stores(false));
    await transact(session, 2, stores(true));
    const [found] = await sink.query('SELECT count(*) AS n, sum(id) AS ids, min(length(v)) AS l FROM t');
    assert.deepEqual(found, { n: count, ids: String((count * (count - 1)) / 2), l: 2000 });
    const keys = Array.from({ length: count + 10 }, (_, id) => [id]);
    assert.equal((await loadAll(session, keys)).length, count);
  });

  test('no transaction stays open while the task is idle', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start(things);
    await transact(session, 1, [{ key: [1], values: ['a'] }]);
    await loadAll(session, [[1]]);
    const [open] = await sink.query('SELECT count(*) AS n FROM information_schema.INNODB_TRX');
    assert.deepEqual(open, { n: 0 });
  });

  test('keys may be staged before the last transaction is acknowledged, documents come after it', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start(things);
    await storeAll(session, [{ key: [1], values: ['a'], doc: '{}' }]);
    const { committed } = await session.commit(checkpointAt(1));
    assert.deepEqual(await loadAll(session, [[1]], { acknowledged: committed }), ['{}']);
  });
});
