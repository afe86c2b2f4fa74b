// What goes wrong at a destination, on a real server: each has its code, and nothing of the transaction is kept.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkpointAt,
  commitAt,
  countedIn,
  eventsTable,
  foldOf,
  ledgerTable,
  loadAll,
  storeAll,
  takeTransaction,
  transact,
  until,
} from '@weir/testing';
import { EXPLICIT_ZERO_CHECKPOINT } from '@weir/protocol';
import { onEveryServer, Sink, type TableSample } from '../test/sink.ts';
import { watchingLocks } from './lock-watch.ts';

const things: TableSample = {
  table: 't',
  fields: { id: { types: ['integer'] }, v: { types: ['string'], exists: 'MAY' } },
};

onEveryServer((server) => {
  test('a lock of another session is named while it is waited for, and the commit goes on when it ends', async () => {
    await using sink = await Sink.create(server());
    await sink.apply(sink.spec(things));
    await using session = await sink.open(sink.lastSpec, undefined, { timeoutMs: 60_000, reportMs: 50 });
    await transact(session, 1, [{ key: [1], values: ['a'] }]);
    await using other = await server().connect(sink.database);
    await other.query(`BEGIN; UPDATE t SET v = 'other' WHERE id = 1`);
    const going = transact(session, 2, [{ key: [1], values: ['b'], exists: true }]);
    await until('a report of the lock', () =>
      sink.logs.some(({ message }) => message.includes('for a lock of another session')),
    );
    await other.query('COMMIT');
    await going;
    assert.deepEqual(await sink.query('SELECT v FROM t'), [{ v: 'b' }]);
  });

  test('a lock that a first transaction waits for while it stores is named', async () => {
    await using sink = await Sink.create(server());
    await sink.apply(sink.spec(things));
    await using session = await sink.open(sink.lastSpec, undefined, { timeoutMs: 60_000, reportMs: 50 });
    await using other = await server().connect(sink.database);
    await other.query('BEGIN; LOCK TABLE t IN SHARE MODE');
    const storing = storeAll(session, [{ key: [1], values: ['a'] }]);
    storing.catch(() => undefined);
    await until('a report of the lock', () =>
      sink.logs.some(({ message }) => message.includes('waits for a lock of another session')),
    );
    await other.query('COMMIT');
    await storing;
    await commitAt(session, 1);
    assert.deepEqual(await sink.query('SELECT v FROM t'), [{ v: 'a' }]);
  });

  test('of work that takes long without a lock, a commit is told, and storing is not', async () => {
    await using sink = await Sink.create(server());
    await using watched = await server().connect(sink.database);
    const { log, logs } = sink;
    for (const doing of ['store', 'commit'] as const) {
      let looks = 0;
      const open = () => {
        looks += 1;
        return server().connect(sink.database);
      };
      await watchingLocks(
        () => watched.processId,
        { doing, open, log, everyMs: 20 },
        () => until('three looks', () => looks >= 3),
      );
      if (doing === 'store') assert.deepEqual(logs, []);
      else assert.match(logs[0]?.message ?? '', /waits for no lock/);
    }
  });

  test('a lock that does not end gives the transaction up', async () => {
    await using sink = await Sink.create(server());
    await sink.apply(sink.spec(things));
    await using session = await sink.open(sink.lastSpec, undefined, { timeoutMs: 100, reportMs: 60_000 });
    await using other = await server().connect(sink.database);
    await other.query('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
    await assert.rejects(transact(session, 1, [{ key: [1], values: ['a'] }]), { code: 'PG_LOCK_TIMEOUT' });
    await other.query('ROLLBACK');
    await using next = await sink.open();
    await transact(next, 1, [{ key: [1], values: ['a'] }]);
  });

  test('a deadlock gives one transaction up, and the task goes on with it', async () => {
    await using sink = await Sink.create(server());
    const [a, b] = [
      { ...things, table: 'a' },
      { ...things, table: 'b' },
    ];
    await using session = await sink.start(a, b);
    const rows = (v: string, exists: boolean) =>
      [0, 1].map((binding) => ({ binding, key: [1], values: [v], exists }));
    await transact(session, 1, rows('old', false));
    await using other = await server().connect(sink.database);
    await other.query(`SET deadlock_timeout = '1min'; BEGIN; UPDATE b SET v = 'other' WHERE id = 1`);
    await storeAll(session, rows('new', true));
    const committing = commitAt(session, 2);
    committing.catch(() => undefined);
    await until('the other session', async () => {
      const waiting = await sink.query(`SELECT 1 FROM pg_locks WHERE NOT granted`);
      return waiting.length > 0;
    });
    await other.query(`UPDATE a SET v = 'other' WHERE id = 1`);
    await assert.rejects(committing, { code: 'PG_CONFLICT', retry: 'now' });
    await other.query('COMMIT');
    await using next = await sink.open();
    assert.deepEqual(next.checkpoint, checkpointAt(1));
    await transact(next, 2, rows('new', true));
    assert.deepEqual(await sink.query('SELECT v FROM a UNION ALL SELECT v FROM b'), [
      { v: 'new' },
      { v: 'new' },
    ]);
  });

  test('everything works under odd settings of the database', async () => {
    await using sink = await Sink.create(server());
    for (const setting of [
      `default_transaction_isolation = 'serializable'`,
      `"TimeZone" = 'Asia/Kolkata'`,
      `"DateStyle" = 'German, DMY'`,
      `"IntervalStyle" = 'sql_standard'`,
      'standard_conforming_strings = off',
      'search_path = pg_catalog',
      'statement_timeout = 1',
    ]) {
      await server().query(`ALTER DATABASE ${sink.database} SET ${setting}`);
    }
    const table: TableSample = {
      table: 't',
      fields: {
        id: { types: ['string'] },
        at: { types: ['string'], format: 'date-time' },
        "q'u\\": { types: ['string'] },
      },
    };
    await using session = await sink.start(table);
    const row = { key: ['a\\b'], values: ['2024-03-01T00:00:00Z', `x'\\`], doc: '{"a":"\\\\"}' };
    await transact(session, 1, [row]);
    const { committed } = await (async () => {
      await storeAll(session, [{ ...row, exists: true, doc: '{"a":2}' }]);
      return session.commit(checkpointAt(2));
    })();
    assert.deepEqual(await loadAll(session, [row.key], { acknowledged: committed }), ['{"a":2}']);
    // It is for the connector to bear, not for the look at what it wrote.
    await server().query(`ALTER DATABASE ${sink.database} RESET statement_timeout`);
    const found = await sink.query('SELECT extract(epoch FROM at) AS at FROM public.t');
    assert.equal(Number(found[0]?.['at']), Date.parse('2024-03-01T00:00:00Z') / 1000);
  });

  test('a user without rights, and one whose transactions are read-only, are told which', async () => {
    await using sink = await Sink.create(server());
    const role = `weak_${sink.database}`;
    await server().query(`CREATE ROLE ${role} LOGIN PASSWORD 'weak'`);
    const credentials = { auth_type: 'UserPassword', password: 'weak' };
    const weak = sink.with({ user: role, credentials });
    const spec = sink.spec(things);
    await sink.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    const told = (...patterns: readonly RegExp[]) =>
      assert.rejects(weak.validate(spec), (error: Error) =>
        patterns.every((each) => each.test(error.message)),
      );
    await told(/may not make tables in the schema "public"/);
    await assert.rejects(weak.apply(spec), { code: 'PG_WRITE_DENIED', message: /schema public/ });
    await sink.apply(spec);
    weak.last = spec;
    await told(/UPDATE in "public"."flow_checkpoints_v1"/, /UPDATE in "public"."t"/);
    await assert.rejects(weak.open(), { code: 'PG_WRITE_DENIED', message: /flow_checkpoints_v1/ });
    await sink.query(
      `GRANT SELECT, INSERT, UPDATE ON flow_checkpoints_v1 TO ${role}; GRANT SELECT ON t TO ${role}`,
    );
    {
      await using session = await weak.open();
      await assert.rejects(transact(session, 1, [{ key: [1], values: ['a'] }]), {
        code: 'PG_WRITE_DENIED',
        message: /table t/,
      });
    }
    await sink.query(`ALTER TABLE t OWNER TO ${role}`);
    await weak.validate(spec);
    await server().query(`REVOKE TEMPORARY ON DATABASE ${sink.database} FROM PUBLIC`);
    await told(/may not make temporary tables/);
    await server().query(`GRANT TEMPORARY ON DATABASE ${sink.database} TO ${role}`);
    await server().query(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
    await told(/read-only/);
    await assert.rejects(weak.open(), { code: 'PG_READ_ONLY' });
    await server().query(`ALTER ROLE ${role} RESET default_transaction_read_only`);
    await using session = await weak.open();
    await transact(session, 1, [{ key: [1], values: ['a'] }]);
    await sink.query(`REASSIGN OWNED BY ${role} TO postgres; DROP OWNED BY ${role}`);
  });

  test('a user who only adds rows needs no right but INSERT in their table', async () => {
    await using sink = await Sink.create(server(), { hardDelete: true });
    const role = `adder_${sink.database}`;
    await server().query(`CREATE ROLE ${role} LOGIN PASSWORD 'adder'`);
    const spec = sink.spec({ ...things, deltaUpdates: true });
    await sink.apply(spec);
    await sink.query(
      `GRANT INSERT ON t TO ${role}; GRANT SELECT, INSERT, UPDATE ON flow_checkpoints_v1 TO ${role}`,
    );
    const credentials = { auth_type: 'UserPassword', password: 'adder' };
    const adder = sink.with({ user: role, credentials, hardDelete: true });
    await adder.validate(spec);
    assert.equal(await adder.apply(spec), '');
    {
      await using session = await adder.open();
      for (const offset of [1, 2]) {
        await transact(session, offset, [
          { key: [1], values: ['a'] },
          { key: [1], values: ['b'], exists: true, delete: true },
        ]);
      }
    }
    await using next = await adder.open();
    assert.deepEqual(next.checkpoint, checkpointAt(2));
    assert.equal((await sink.query('SELECT FROM t')).length, 4);
    await assert.rejects(adder.validate(sink.spec(things)), /SELECT, INSERT, UPDATE, DELETE in "public"."t"/);
    await sink.query(`DROP OWNED BY ${role}`);
  });

  test('a table that is dropped is told, while a session runs and when the next one opens', async () => {
    await using sink = await Sink.create(server());
    {
      await using session = await sink.start(things);
      await transact(session, 1, [{ key: [1], values: ['a'] }]);
      await sink.query('ALTER TABLE t DROP COLUMN v');
      await assert.rejects(transact(session, 2, [{ key: [2], values: ['a'] }]), {
        code: 'PG_TABLE_CHANGED',
      });
    }
    {
      await sink.apply(sink.lastSpec);
      await using session = await sink.open();
      await transact(session, 2, [{ key: [2], values: ['a'] }]);
      await sink.query('DROP TABLE t');
      await assert.rejects(transact(session, 3, [{ key: [3], values: ['a'] }]), {
        code: 'PG_TABLE_CHANGED',
      });
    }
    await assert.rejects(sink.open(), { code: 'PG_TABLE_MISSING', message: /"public"."t"/ });
    // Neither the next start nor a doctor makes it again, without its rows.
    await assert.rejects(sink.apply(sink.lastSpec), { code: 'MATERIALIZE_TABLE_MISSING', retry: 'never' });
    await assert.rejects(sink.validate(sink.lastSpec), { code: 'MATERIALIZE_TABLE_MISSING' });
    assert.match(await sink.apply(sink.spec({ ...things, backfill: 1 })), /^CREATE TABLE/);
    await sink.query('DROP TABLE t');
    await sink.query('DROP TABLE flow_checkpoints_v1');
    await assert.rejects(sink.open(sink.spec()), {
      code: 'PG_TABLE_MISSING',
      message: /flow_checkpoints_v1/,
    });
  });

  test('triggers and constraints of the user run, and what they refuse is told', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start(things);
    await sink.query(`
      CREATE TABLE seen (id bigint, how text);
      CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF NEW.id = 66 THEN RAISE EXCEPTION 'not 66'; END IF;
          INSERT INTO seen VALUES (NEW.id, TG_OP);
          RETURN NEW;
        END $$;
      CREATE TRIGGER see BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION see();
      ALTER TABLE t ADD CHECK (v <> 'refused')`);
    await transact(session, 1, [{ key: [1], values: ['a'] }]);
    await transact(session, 2, [{ key: [2], values: ['a'] }]);
    assert.deepEqual(await sink.query('SELECT id, how FROM seen ORDER BY id'), [
      { id: '1', how: 'INSERT' },
      { id: '2', how: 'INSERT' },
    ]);
    for (const store of [
      { key: [66], values: ['a'] },
      { key: [3], values: ['refused'] },
    ]) {
      await using next = await sink.open();
      await assert.rejects(transact(next, 3, [store]), { code: 'PG_CONSTRAINT' });
    }
    assert.equal((await sink.query('SELECT * FROM t')).length, 2);
  });

  test('a serialization failure gives the transaction up, and the next session does it again', async () => {
    await using sink = await Sink.create(server());
    {
      await using session = await sink.start(things);
      // The server itself has none for a transaction that reads what is committed. What a trigger does may fail so.
      await sink.query(`
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN RAISE EXCEPTION 'could not serialize access' USING ERRCODE = 'serialization_failure'; END $$;
        CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION fail()`);
      await assert.rejects(transact(session, 1, [{ key: [1], values: ['a'] }]), {
        code: 'PG_CONFLICT',
        retry: 'now',
      });
    }
    await sink.query('DROP TRIGGER fail ON t');
    await using next = await sink.open();
    assert.equal(next.checkpoint, EXPLICIT_ZERO_CHECKPOINT);
    assert.deepEqual(await sink.query('SELECT * FROM t'), []);
    await transact(next, 1, [{ key: [1], values: ['a'] }]);
  });

  test('views, rules and generated columns over a table work, and one that stands in the way of a change is told', async () => {
    await using sink = await Sink.create(server());
    await sink.apply(sink.spec(things));
    await sink.query(`
      ALTER TABLE t ADD COLUMN loud text GENERATED ALWAYS AS (upper(v)) STORED;
      CREATE VIEW seen AS SELECT id, loud FROM t`);
    {
      await using session = await sink.open();
      await transact(session, 1, [{ key: [1], values: ['a'] }]);
      await transact(session, 2, [
        { key: [1], values: ['b'], exists: true },
        { key: [2], values: ['c'] },
      ]);
    }
    const seen = () => sink.query('SELECT id, loud FROM seen ORDER BY id');
    const both = [
      { id: '1', loud: 'B' },
      { id: '2', loud: 'C' },
    ];
    assert.deepEqual(await seen(), both);
    const widened = sink.spec({
      ...things,
      fields: { ...things.fields, v: { types: ['object', 'string'] } },
    });
    await assert.rejects(sink.apply(widened), { code: 'PG_OBJECT_IN_THE_WAY', message: /"?loud"?/ });
    const rekeyed = sink.spec({
      ...things,
      backfill: 1,
      fields: { ...things.fields, id: { types: ['string'] } },
    });
    await assert.rejects(sink.apply(rekeyed), { code: 'PG_OBJECT_IN_THE_WAY', message: /view seen/ });
    assert.deepEqual(await seen(), both);
    await sink.query('DROP VIEW seen; ALTER TABLE t DROP COLUMN loud');
    assert.match(await sink.apply(widened), /ALTER COLUMN "v"/);
  });

  test('[G2] a server that restarts within a transaction ends the session, and the next one does it again', async () => {
    for (const mode of ['fast', 'immediate'] as const) {
      await using sink = await Sink.create(server(), { hardDelete: true });
      {
        await using session = await sink.start(ledgerTable, eventsTable);
        await takeTransaction(session, 0);
        await storeAll(session, [
          { key: [7], values: [7], doc: '{"id":7,"count":7}' },
          { key: [0], values: [70], doc: '{"id":0,"count":70}', exists: true },
        ]);
        await server().stop(mode);
        await server().start();
        await assert.rejects(commitAt(session, 2), {
          code: /^PG_(?:CONNECTION_LOST|SERVER_UNAVAILABLE)$/,
          retry: /^backoff$/,
        });
      }
      await using next = await sink.open();
      assert.deepEqual(next.checkpoint, checkpointAt(1));
      assert.deepEqual(await countedIn(sink), foldOf(1));
      await takeTransaction(next, 1);
      assert.deepEqual(await countedIn(sink), foldOf(2));
    }
  });

  test('a server that restarts between two transactions is connected to again', async () => {
    await using sink = await Sink.create(server(), { hardDelete: true });
    await using session = await sink.start(ledgerTable, eventsTable);
    for (let offset = 0; offset < 3; offset += 1) {
      await takeTransaction(session, offset);
      await server().stop();
      await server().start();
    }
    await takeTransaction(session, 3);
    assert.deepEqual(await countedIn(sink), foldOf(4));
  });
});
