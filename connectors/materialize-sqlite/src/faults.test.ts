// What goes wrong with a destination file: each has its code, nothing of the transaction is kept, and with the cause away the
// next session goes on.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import {
  checkpointAt,
  type SampleStore,
  skipForMount,
  smallDisk,
  storeAll,
  temporaryDirectory,
  transact,
} from '@weir/testing';
import { Sink, type TableSample } from '../test/sink.ts';

const things: TableSample = {
  table: 't',
  fields: { id: { types: ['integer'] }, v: { types: ['string'], exists: 'MAY' } },
};

const rowsOf = (sink: Sink) => sink.query('SELECT id, v FROM t ORDER BY id');

function longRows(count: number): SampleStore[] {
  return Array.from({ length: count }, (_, id) => ({ key: [id], values: ['x'.repeat(10_000)] }));
}

test('[G2] a full disk is told, nothing of the transaction is kept, and with room again the next session goes on', async (context) => {
  using folder = temporaryDirectory();
  const path = join(folder.path, 'disk');
  using disk = smallDisk(path, 4);
  if (disk === undefined) {
    skipForMount(context, 'a full disk');
    return;
  }
  using sink = Sink.at(join(path, 'sink.db'));
  {
    await using session = await sink.start(things);
    await transact(session, 1, [{ key: [1], values: ['a'] }]);
    await assert.rejects(transact(session, 2, longRows(1000)), { code: 'SQLITE_FULL', retry: 'backoff' });
  }
  assert.deepEqual(rowsOf(sink), [{ id: 1, v: 'a' }]);
  disk.resize(64);
  await using next = sink.open();
  assert.deepEqual(next.checkpoint, checkpointAt(1));
  await transact(next, 2, longRows(1000));
  assert.equal(rowsOf(sink).length, 1000);
});

test('a lock that another program keeps for too long is told, and the task goes on when it ends', async () => {
  using sink = Sink.create();
  await sink.applySpec(sink.spec(things));
  await using session = sink.open(undefined, 50);
  await transact(session, 1, [{ key: [1], values: ['a'] }]);
  using other = new DatabaseSync(sink.path);
  other.exec(`BEGIN IMMEDIATE; UPDATE t SET v = 'mine'`);
  await assert.rejects(storeAll(session, [{ key: [2], values: ['b'] }]), {
    code: 'SQLITE_BUSY',
    retry: 'backoff',
  });
  other.exec('COMMIT');
  await using next = sink.open();
  await transact(next, 2, [{ key: [2], values: ['b'] }]);
  assert.deepEqual(rowsOf(sink), [
    { id: 1, v: 'mine' },
    { id: 2, v: 'b' },
  ]);
});

test('readers see the last transaction, and do not hold up the next', async () => {
  using sink = Sink.create();
  await using session = await sink.start(things);
  await transact(session, 1, [{ key: [1], values: ['a'] }]);
  using reader = new DatabaseSync(sink.path, { readOnly: true });
  reader.exec('BEGIN');
  const seen = () => reader.prepare('SELECT v FROM t').all().length;
  assert.equal(seen(), 1);
  await transact(session, 2, [{ key: [2], values: ['b'] }]);
  assert.equal(seen(), 1);
  reader.exec('COMMIT');
  assert.equal(seen(), 2);
});

test('a table that is dropped or changed by hand is told, while a session runs and when the next one opens', async () => {
  using sink = Sink.create();
  {
    await using session = await sink.start(things);
    await transact(session, 1, [{ key: [1], values: ['a'] }]);
    sink.exec('ALTER TABLE t DROP COLUMN v');
    await assert.rejects(transact(session, 2, [{ key: [2], values: ['a'] }]), { code: 'SQLITE_FAILED' });
  }
  {
    await sink.applySpec(sink.lastSpec);
    await using session = sink.open();
    assert.deepEqual(session.checkpoint, checkpointAt(1));
    sink.exec('DROP TABLE t');
    await assert.rejects(transact(session, 2, [{ key: [2], values: ['a'] }]), { code: 'SQLITE_FAILED' });
  }
  assert.throws(() => sink.open(), { code: 'SQLITE_TABLE_MISSING', retry: 'never' });
  // Neither the next start nor a doctor makes it again, without its rows.
  await assert.rejects(sink.applySpec(sink.lastSpec), { code: 'MATERIALIZE_TABLE_MISSING', retry: 'never' });
  await assert.rejects(sink.validateSpec(sink.lastSpec), { code: 'MATERIALIZE_TABLE_MISSING' });
  assert.match(await sink.applySpec(sink.spec({ ...things, backfill: 1 })), /^CREATE TABLE/);
});

test('triggers, generated columns and constraints of the user work, and what they refuse is told', async () => {
  using sink = Sink.create();
  await sink.applySpec(sink.spec(things));
  sink.exec(`
    CREATE TABLE seen (id INTEGER);
    CREATE TRIGGER see AFTER INSERT ON t BEGIN INSERT INTO seen VALUES (NEW.id); END;
    CREATE TRIGGER refuse BEFORE INSERT ON t WHEN NEW.id = 66 BEGIN SELECT RAISE(ABORT, 'not 66'); END;
    ALTER TABLE t ADD COLUMN note TEXT DEFAULT 'own';
    ALTER TABLE t ADD COLUMN twice INTEGER AS (id * 2);
    ALTER TABLE t ADD COLUMN short TEXT CHECK (v <> 'refused')`);
  {
    await using session = sink.open();
    await transact(session, 1, [{ key: [1], values: ['a'] }]);
    sink.exec(`UPDATE t SET note = 'mine'`);
    await transact(session, 2, [
      { key: [1], values: ['b'], exists: true },
      { key: [2], values: ['a'] },
    ]);
  }
  for (const store of [
    { key: [66], values: ['a'] },
    { key: [3], values: ['refused'] },
  ]) {
    await using session = sink.open();
    await assert.rejects(transact(session, 3, [{ key: [4], values: ['a'] }, store]), {
      code: 'SQLITE_CONSTRAINT',
    });
  }
  assert.equal(await sink.applySpec(sink.lastSpec), '');
  assert.deepEqual(sink.query('SELECT id, v, note, twice FROM t ORDER BY id'), [
    { id: 1, v: 'b', note: 'mine', twice: 2 },
    { id: 2, v: 'a', note: 'own', twice: 4 },
  ]);
  assert.deepEqual(sink.query('SELECT id FROM seen ORDER BY id'), [{ id: 1 }, { id: 2 }]);
});

test('what is no database, and names that are taken, are refused', async () => {
  using sink = Sink.create();
  for (const table of ['sqlite_own', 'SQLITE_own', 'flow_checkpoints_v1', 'FLOW_Checkpoints_v1']) {
    await assert.rejects(sink.validateSpec(sink.spec({ ...things, table })), { code: 'SQLITE_TABLE_NAME' });
  }
  writeFileSync(
    sink.path,
    'a file of somebody else, which is longer than the header of a database is. '.repeat(9),
  );
  const refused = { code: 'SQLITE_NOT_A_DATABASE', retry: 'never' };
  await assert.rejects(sink.validateSpec(sink.spec(things)), refused);
  await assert.rejects(sink.applySpec(sink.spec(things)), refused);
});
