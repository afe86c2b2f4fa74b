// Transactions on a real server: what is stored, loaded, deleted, and who may commit.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoreBatch } from '@weir/materialize';
import { EXPLICIT_ZERO_CHECKPOINT } from '@weir/protocol';
import {
  sampleStore,
  checkpointAt,
  commitAt,
  loadAll,
  storeAll,
  testSinkSessions,
  transact,
  until,
} from '@weir/testing';
import { onEveryServer, Sink, type TableSample } from '../test/sink.ts';

const things: TableSample = {
  table: 't',
  fields: { id: { types: ['integer'] }, v: { types: ['string'], exists: 'MAY' } },
};

onEveryServer((server) => {
  const rowsOf = (sink: Sink) => sink.query('SELECT id, v FROM t ORDER BY id');

  testSinkSessions(async (hardDelete, work) => {
    await using sink = await Sink.create(server(), { hardDelete });
    await work({
      apply: (...tables) => sink.apply(sink.spec(...tables)),
      validate: (...tables) => sink.validate(sink.spec(...tables)),
      open: (range) => sink.open(undefined, range),
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
      { id: '1', v: 'a' },
      { id: '2', v: 'b' },
    ]);
    assert.deepEqual(await loadAll(second, [[1], [3]]), ['{"id":1}']);
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
      { id: '1', v: 'older' },
      { id: '3', v: 'newer' },
    ]);
  });

  test('a row that somebody inserted by hand while no session was open is overwritten by the first transaction', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start(things);
    await sink.query(`INSERT INTO t VALUES (2, 'by hand', '{}')`);
    await transact(session, 1, [
      { key: [1], values: ['a'] },
      { key: [2], values: ['b'] },
    ]);
    assert.deepEqual(await rowsOf(sink), [
      { id: '1', v: 'a' },
      { id: '2', v: 'b' },
    ]);
  });

  test('a row that somebody inserts by hand while rows go into an empty table stops the transaction, and the next session overwrites it', async () => {
    await using sink = await Sink.create(server());
    async function* meddled(): AsyncGenerator<StoreBatch, void, undefined> {
      yield { binding: 0, documents: [sampleStore({ key: [1], values: ['a'] })] };
      await sink.query(`INSERT INTO t VALUES (2, 'by hand', '{}')`);
      yield { binding: 0, documents: [sampleStore({ key: [2], values: ['b'] })] };
    }
    {
      await using session = await sink.start(things);
      await assert.rejects(session.store(meddled()), { code: 'PG_ROW_EXISTS' });
    }
    await using next = await sink.open();
    await transact(next, 1, [{ key: [2], values: ['b'] }]);
    assert.deepEqual(await rowsOf(sink), [{ id: '2', v: 'b' }]);
  });

  test('a row that an index of a user refuses in a first transaction is not taken for a second one of its key', async () => {
    const indexes = {
      t_v_key: 'ALTER TABLE t ADD UNIQUE (v)',
      audit_pkey: `
        CREATE TABLE audit (id bigint PRIMARY KEY);
        CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN INSERT INTO audit VALUES (1); RETURN NEW; END $$;
        CREATE TRIGGER audit BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION audit()`,
    };
    for (const [index, sql] of Object.entries(indexes)) {
      await using sink = await Sink.create(server());
      await using session = await sink.start(things);
      await sink.query(sql);
      const stores = [1, 2].map((id) => ({ key: [id], values: ['same'] }));
      await assert.rejects(transact(session, 1, stores), {
        code: 'PG_ROW_EXISTS',
        message: new RegExp(`"${index}"`),
      });
    }
  });

  test('a row that exists is told also when nobody can be asked why', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start({ table: 't', fields: { id: { types: ['string'] } } });
    async function* closing(): AsyncGenerator<StoreBatch, void, undefined> {
      yield { binding: 0, documents: [sampleStore({ key: ['a'] })] };
      await server().query(`ALTER DATABASE ${sink.database} WITH ALLOW_CONNECTIONS false`);
      yield { binding: 0, documents: [sampleStore({ key: ['a\0'] })] };
    }
    await assert.rejects(session.store(closing()), { code: 'PG_ROW_EXISTS' });
  });

  test('a table with row security takes rows in every transaction, though nobody may COPY into it', async () => {
    await using sink = await Sink.create(server());
    const role = `secured_${sink.database}`;
    await server().query(`CREATE ROLE ${role} LOGIN PASSWORD 'secured'`);
    await sink.apply(sink.spec(things, { ...things, table: 'u' }));
    await sink.query(`
      GRANT SELECT, INSERT, UPDATE ON t, u, flow_checkpoints_v1 TO ${role};
      ALTER TABLE t ENABLE ROW LEVEL SECURITY;
      ALTER TABLE u ENABLE ROW LEVEL SECURITY;
      CREATE POLICY all_rows ON t USING (true);
      CREATE POLICY all_rows ON u USING (true)`);
    const credentials = { auth_type: 'UserPassword', password: 'secured' };
    const secured = sink.with({ user: role, credentials });
    {
      await using session = await secured.open();
      await transact(session, 1, [{ key: [1], values: ['a'] }]);
      // Of the second table, which the first transaction did not touch, nothing is known yet.
      for (const offset of [2, 3]) {
        await transact(session, offset, [
          { key: [offset], values: ['b'] },
          { binding: 1, key: [offset], values: ['c'] },
        ]);
      }
    }
    assert.deepEqual(
      (await rowsOf(sink)).map(({ id }) => id),
      ['1', '2', '3'],
    );
    assert.equal((await sink.query('SELECT FROM u')).length, 2);
    await sink.query(`DROP OWNED BY ${role}`);
  });

  test('rows are only added to a table of delta updates with row security, and its policy decides which', async () => {
    await using sink = await Sink.create(server());
    const role = `adding_${sink.database}`;
    await server().query(`CREATE ROLE ${role} LOGIN PASSWORD 'adding'`);
    const spec = sink.spec({ ...things, deltaUpdates: true });
    await sink.apply(spec);
    await sink.query(`
      GRANT SELECT, INSERT, UPDATE ON flow_checkpoints_v1 TO ${role};
      GRANT INSERT ON t TO ${role};
      ALTER TABLE t ENABLE ROW LEVEL SECURITY;
      CREATE POLICY others ON t FOR INSERT WITH CHECK (v <> 'mine')`);
    const credentials = { auth_type: 'UserPassword', password: 'adding' };
    const adding = sink.with({ user: role, credentials });
    // They are staged in a table that is made after it.
    await assert.rejects(adding.validate(spec), /SELECT, INSERT in "public"."t"/);
    await sink.query(`GRANT SELECT ON t TO ${role}`);
    await adding.validate(spec);
    {
      await using session = await adding.open();
      for (const offset of [1, 2]) {
        const rows = ['a', 'b'].map((v) => ({ key: [1], values: [v], exists: offset === 2 }));
        await transact(session, offset, rows);
      }
    }
    assert.deepEqual(
      (await rowsOf(sink)).map(({ v }) => v),
      ['a', 'b', 'a', 'b'],
    );
    {
      await using session = await adding.open();
      const mine = [{ key: [1], values: ['mine'] }];
      await assert.rejects(transact(session, 3, mine), { code: 'PG_WRITE_DENIED', message: /policy/ });
    }
    await using next = await adding.open();
    assert.deepEqual(next.checkpoint, checkpointAt(2));
    assert.equal((await rowsOf(sink)).length, 4);
    await sink.query(`DROP OWNED BY ${role}`);
  });

  test('a row that somebody inserted by hand stops one transaction, and the next session overwrites it', async () => {
    await using sink = await Sink.create(server());
    {
      await using session = await sink.start(things);
      await transact(session, 1, [{ key: [1], values: ['a'] }]);
      await sink.query(`INSERT INTO t VALUES (2, 'by hand', '{}')`);
      await assert.rejects(transact(session, 2, [{ key: [2], values: ['b'] }]), { code: 'PG_ROW_EXISTS' });
    }
    await using next = await sink.open();
    await transact(next, 2, [{ key: [2], values: ['b'] }]);
    assert.deepEqual(await rowsOf(sink), [
      { id: '1', v: 'a' },
      { id: '2', v: 'b' },
    ]);
  });

  test('many keys are loaded in any order, and the absent have no answer', async () => {
    await using sink = await Sink.create(server());
    const wide: TableSample = {
      table: 't',
      keys: ['id', 'name'],
      fields: { id: { types: ['integer'] }, name: { types: ['string'] } },
    };
    await using session = await sink.start(wide, { ...things, table: 'u' });
    const ids = Array.from({ length: 5000 }, (_, id) => id);
    // So long that they are looked up in several parts.
    const key = (id: number) => [id, `käse\t${id}\\${'x'.repeat(1000)}`];
    await transact(
      session,
      1,
      ids.map((id) => ({ key: key(id), values: [], doc: `{"id":${id}}` })),
    );
    const asked = ids.filter((id) => id % 3 === 0);
    const found = await loadAll(session, [...asked.map(key), [1, 'absent'], [-1, 'käse']]);
    assert.deepEqual(found, asked.map((id) => `{"id":${id}}`).sort());
    assert.deepEqual(await loadAll(session, [[1]], { binding: 1 }), []);
  });

  test('no transaction is open between transactions, nor while keys are waited for', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start(things);
    await transact(session, 1, [{ key: [1], values: ['a'] }]);
    const acknowledged = Promise.withResolvers<void>();
    const loading = loadAll(session, [[1]], { acknowledged: acknowledged.promise });
    const states = async () =>
      (
        await sink.query(
          `SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        )
      ).map(({ state }) => state);
    for (const state of await states()) assert.equal(state, 'idle');
    acknowledged.resolve();
    assert.deepEqual(await loading, ['{}']);
    for (const state of await states()) assert.equal(state, 'idle');
  });

  test('a first session of another program that comes in between shares no fence with this one', async () => {
    await using sink = await Sink.create(server());
    await sink.apply(sink.spec(things));
    // A connector that knows nothing of the lock by which those here take turns. Its row arrives after this session has
    // raised the fences that it saw, and before it reads them.
    await using other = await server().connect(sink.database);
    await other.query('SELECT pg_advisory_lock(4242)');
    await sink.query(`
      CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock(4242); RETURN NULL; END $$;
      CREATE TRIGGER wait BEFORE UPDATE ON flow_checkpoints_v1 FOR EACH STATEMENT EXECUTE FUNCTION wait()`);
    const opening = sink.open();
    const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'`;
    await until('the wait', async () => (await sink.query(waiting)).length > 0, { everyMs: 10 });
    await other.query(`INSERT INTO flow_checkpoints_v1 VALUES ('acme/sink', 0, 4294967295, 7, '')`);
    await other.query('SELECT pg_advisory_unlock(4242)');
    await using session = await opening;
    await transact(session, 1, []);
    assert.deepEqual(await sink.query('SELECT fence FROM flow_checkpoints_v1'), [{ fence: '8' }]);
  });

  test('a commit goes on in the background: the next transaction asks for its documents, and gets those of the last one', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start(things);
    await transact(session, 1, [{ key: [1], values: ['a'] }]);
    await using other = await server().connect(sink.database);
    await other.query('BEGIN; SELECT FROM t FOR UPDATE');
    await storeAll(session, [{ key: [1], values: ['b'], doc: '{"n":2}', exists: true }]);
    let committed: Promise<void> | undefined;
    const beginning = session.commit(checkpointAt(2)).then((commit) => (committed = commit.committed));
    const waits = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await until('the commit waits', async () => (await sink.query(waits)).length > 0, { everyMs: 10 });
    assert.ok(committed !== undefined, 'who asks for a commit does not wait for it');
    const loading = loadAll(session, [[1]], { acknowledged: committed });
    await other.query('COMMIT');
    assert.deepEqual(await loading, ['{"n":2}']);
    await beginning;
  });
});
