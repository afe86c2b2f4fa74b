import {
  copyPostgres,
  missingPostgres,
  postgresVersions,
  startPostgres,
  type PostgresServer,
} from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CaptureHarness,
  connector,
  discoverBindings,
  endpointConfig,
  type HarnessBinding,
  validate,
} from '../test/capture-harness.ts';
import { untilReleased } from '../test/released-log.ts';

function password(text: string): Record<string, unknown> {
  return { credentials: { auth_type: 'UserPassword', password: text } };
}

for (const version of postgresVersions) {
  describe(`what PostgreSQL ${version} has to offer a capture`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => {
      server = await startPostgres({ version });
      await server.query(`
        CREATE ROLE reader LOGIN PASSWORD 'reader';
        CREATE ROLE replicator LOGIN REPLICATION PASSWORD 'replicator';
        CREATE TABLE readable (id int PRIMARY KEY); GRANT SELECT ON readable TO replicator;
        CREATE TABLE secret (id int PRIMARY KEY, v text);
        CREATE TABLE other_identity (id int PRIMARY KEY, code int NOT NULL UNIQUE);
        ALTER TABLE other_identity REPLICA IDENTITY USING INDEX other_identity_code_key`);
    });
    after(async () => server[Symbol.asyncDispose]());

    test('a wrong password, user, database or address is one clear error', async () => {
      assert.match(
        await validate(endpointConfig(server, password('wrong'))),
        /^PG_AUTH_FAILED: .*"postgres"/,
      );
      assert.match(await validate(endpointConfig(server, { user: 'nobody' })), /^PG_AUTH_FAILED: .*"nobody"/);
      assert.match(
        await validate(endpointConfig(server, { database: 'nowhere' })),
        /^PG_DATABASE_NOT_FOUND: .*"nowhere"/,
      );
      assert.match(
        await validate(endpointConfig(server, { address: '127.0.0.1:1' })),
        /^PG_UNREACHABLE: .*127\.0\.0\.1:1/,
      );
      assert.match(
        await validate(endpointConfig(server, { advanced: { sslmode: 'require' } })),
        /^PG_TLS_FAILED/,
      );
    });

    test('everything that is missing is listed at once, each with its SQL', async () => {
      const bindings = await discoverBindings(endpointConfig(server));
      const gone: HarnessBinding = {
        resource: { namespace: 'public', stream: 'gone' },
        key: ['/id'],
        documentSchema: '{}',
      };
      const error = await validate(endpointConfig(server, { user: 'reader', ...password('reader') }), [
        ...bindings,
        gone,
      ]);
      assert.match(error, /^CONNECTOR_PREREQUISITES/);
      assert.match(error, /ALTER ROLE "reader" WITH REPLICATION;/);
      assert.match(
        error,
        /CREATE PUBLICATION "flow_publication" WITH \(publish_via_partition_root = true\);/,
      );
      assert.match(error, /GRANT SELECT ON "public"\."secret" TO "reader";/);
      assert.match(error, /public\.gone: it does not exist/);
      assert.match(error, /ALTER TABLE "public"\."other_identity" REPLICA IDENTITY FULL;/);
    });

    test('of several bound tables only the one that was dropped is told, with the user and its name', async () => {
      await server.query(`CREATE TABLE here_a (id int PRIMARY KEY); CREATE TABLE here_b (id int PRIMARY KEY);
                          CREATE TABLE dropped (id int PRIMARY KEY)`);
      const config = endpointConfig(server, { advanced: { publicationName: 'of_several' } });
      const bindings = (await discoverBindings(config)).filter(({ resource }) =>
        ['here_a', 'here_b', 'dropped'].includes(String(resource['stream'])),
      );
      assert.equal(bindings.length, 3);
      assert.equal(await validate(config, bindings), '');
      await server.query('DROP TABLE dropped');
      const told =
        /^PG_TABLE_UNREADABLE: the user "postgres" cannot read from the table public\.dropped: it does not exist\nCreate the table, or disable its binding\.$/;
      assert.match(await validate(config, bindings), told);
      await using capture = new CaptureHarness(config, bindings);
      capture.start();
      assert.match((await capture.failure()).replace(/^PG_TABLE_UNREADABLE: (?=PG_)/, ''), told);
      assert.deepEqual(capture.committed, []);
      await server.query('DROP TABLE here_a, here_b; DROP PUBLICATION IF EXISTS of_several');
    });

    test('validation changes nothing in the database', async () => {
      const bindings = await discoverBindings(endpointConfig(server));
      const usable = bindings.filter(({ resource }) => resource['stream'] !== 'other_identity');
      assert.equal(await validate(endpointConfig(server), usable), '');
      assert.deepEqual(await server.query('SELECT pubname FROM pg_publication'), []);
    });

    test('a user who may not add a table to the publication gets the SQL for somebody who may', async () => {
      await server.query('CREATE PUBLICATION narrow');
      const config = endpointConfig(server, {
        user: 'replicator',
        ...password('replicator'),
        advanced: { publicationName: 'narrow', discover_unpublished_tables: true },
      });
      const bindings = (await discoverBindings(config)).filter(
        ({ resource }) => resource['stream'] === 'readable',
      );
      assert.match(
        await validate(config, bindings),
        /^PG_TABLE_UNPUBLISHED: [\s\S]*ALTER PUBLICATION "narrow" ADD TABLE ONLY "public"\."readable";/,
      );
      await server.query('DROP PUBLICATION narrow');
    });

    test('a publication that leaves out deletes is refused', async () => {
      await server.query("CREATE PUBLICATION inserts WITH (publish = 'insert')");
      const config = endpointConfig(server, { advanced: { publicationName: 'inserts' } });
      assert.match(await validate(config), /^PG_PUBLICATION_INCOMPLETE: .*update and delete/);
    });

    test('a keyed mode for a collection keyed by position, and a table bound twice, are refused', async () => {
      const config = endpointConfig(server);
      const first = (await discoverBindings(config)).find(
        ({ resource }) => resource['stream'] === 'readable',
      );
      assert.ok(first);
      const keyless = {
        ...first,
        key: ['/_meta/source/loc/0', '/_meta/source/loc/1', '/_meta/source/loc/2'],
      };
      assert.match(await validate(config, [keyless]), /^SQL_FALLBACK_KEY/);
      assert.match(await validate(config, [first, first]), /^SQL_TABLE_BOUND_TWICE/);
    });

    test('an unknown field and a missing one are named', async () => {
      const { address: _, ...rest } = endpointConfig(server, { adress: 'x' });
      const error = await validate(rest);
      assert.match(error, /\/address \(Server Address\) is required/);
      assert.match(error, /\/adress is not a known property; did you mean "address"\?/);
    });

    test('a slot of another database or plugin is refused', async () => {
      await server.query('CREATE DATABASE elsewhere');
      await server.query("SELECT pg_create_physical_replication_slot('physical')");
      const config = endpointConfig(server, { advanced: { slotName: 'physical' } });
      assert.match(await validate(config), /^PG_SLOT_ELSEWHERE: .*physical/);
      const other = await server.connect('elsewhere');
      await other.query("SELECT pg_create_logical_replication_slot('away', 'pgoutput')");
      await other.close();
      assert.match(
        await validate(endpointConfig(server, { advanced: { slotName: 'away' } })),
        /^PG_SLOT_ELSEWHERE: .*"elsewhere".*"postgres"/,
      );
    });
  });

  describe(`continuity with PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    const slot = "SELECT pg_drop_replication_slot('flow_slot')";

    /** A capture that has read one row, and is stopped. */
    async function captured(
      server: PostgresServer,
      config = endpointConfig(server),
    ): Promise<CaptureHarness> {
      await server.query(
        `DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)`,
      );
      const capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      await capture.kill('SIGTERM');
      return capture;
    }

    async function released(server: PostgresServer): Promise<void> {
      for (;;) {
        const [row] = await server.query('SELECT bool_or(active) AS active FROM pg_replication_slots');
        if (row?.['active'] !== 't') return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }

    test('[G8] a missing, recreated or busy slot stops the capture with its own code and the way out', async () => {
      await using server = await startPostgres({ version });
      await using capture = await captured(server);
      await released(server);
      await server.query(slot);
      capture.start();
      assert.match(await capture.failure(), /^PG_SLOT_MISSING: [\s\S]*backfill counter/);

      await server.query('INSERT INTO t VALUES (2)');
      await server.query("SELECT pg_create_logical_replication_slot('flow_slot', 'pgoutput')");
      capture.start();
      assert.match(await capture.failure(), /^PG_SLOT_RECREATED: .*lost/);

      capture.bindings = capture.bindings.map((each) => ({ ...each, backfill: 1 }));
      capture.start();
      await capture.untilActive();
      assert.deepEqual(capture.rows('t'), [{ id: 1 }, { id: 2 }]);
      const tables = capture.state['bindingStateV1'] as Record<string, Record<string, unknown>>;
      assert.equal(tables['public%2Ft']?.['mode'], 'Ignore');
      assert.equal(tables['public%2Ft.v1']?.['mode'], 'Active');
      assert.equal(tables['public%2Ft.v1']?.['backfilled'], 2);

      await using second = new CaptureHarness(capture.config, capture.bindings);
      second.state = capture.state;
      second.start();
      assert.match(await second.failure(), /^PG_SLOT_ACTIVE: .*server process \d+/);
    });

    test('[G8] a slot whose log is gone, another server and a restored one are told apart', async () => {
      await using server = await startPostgres({
        version,
        settings: { max_slot_wal_keep_size: '1MB', min_wal_size: '32MB', max_wal_size: '32MB' },
      });
      await using capture = await captured(server);
      await released(server);
      const state = structuredClone(capture.state);
      const table = 'public%2Ft';
      const tables = state['bindingStateV1'] as Record<string, Record<string, unknown>>;

      capture.state = { ...state, cursor: 'F/0' };
      capture.start();
      assert.match(await capture.failure(), /^PG_POSITION_AHEAD/);

      capture.state = { ...state, cursor: 'binlog.000001:4' };
      capture.start();
      assert.match(await capture.failure(), /^PG_STATE_CURSOR: .*"binlog\.000001:4" is not one/);

      capture.state = {
        ...state,
        bindingStateV1: { [table]: { ...tables[table], metadata: { system_identifier: '1', timeline: 1 } } },
      };
      capture.start();
      assert.match(await capture.failure(), /^PG_OTHER_CLUSTER: .*system identifier/);

      await server.query('CREATE TABLE filler (v text)');
      for (let i = 0; i < 8; i += 1) {
        await server.query(
          'INSERT INTO filler SELECT repeat(md5(i::text), 100) FROM generate_series(1, 5000) i',
        );
        await server.query('SELECT pg_switch_wal()');
        await server.query('CHECKPOINT');
      }
      capture.state = state;
      capture.start();
      assert.match(await capture.failure(), /^PG_SLOT_LOST: [\s\S]*max_slot_wal_keep_size/);
    });

    test('[G8] a slot that is lost under a capture ends it, and its next start says so', async () => {
      await using server = await startPostgres({
        version,
        settings: { max_slot_wal_keep_size: '1MB', min_wal_size: '32MB', max_wal_size: '32MB' },
      });
      await using capture = await captured(server);
      await released(server);
      capture.acknowledges = false;
      capture.start();
      await capture.until('the stream', async () => {
        const [row] = await server.query('SELECT bool_or(active) AS active FROM pg_replication_slots');
        return row?.['active'] === 't';
      });
      await server.query('CREATE TABLE filler (v text)');
      for (let i = 0; i < 8; i += 1) {
        await server.query(
          'INSERT INTO filler SELECT repeat(md5(i::text), 100) FROM generate_series(1, 5000) i',
        );
        await server.query('SELECT pg_switch_wal()');
        await server.query('CHECKPOINT');
      }
      assert.match(await capture.failure(), /^PG_(CONNECTION_LOST|SERVER_UNAVAILABLE|QUERY_FAILED)/);
      capture.start();
      assert.match(await capture.failure(), /^PG_SLOT_LOST: [\s\S]*pg_drop_replication_slot\('flow_slot'\)/);
    });

    test('[G8] a server that was restored from an older copy, slot and all, stops the capture', async () => {
      await using server = await startPostgres({ version });
      await using capture = await captured(server);
      await released(server);
      await using older = await copyPostgres(server);
      capture.start();
      await capture.until('the stream', async () => {
        await server.query('INSERT INTO t SELECT max(id) + 1 FROM t');
        return capture.documents('t').length > 5;
      });
      await capture.kill('SIGTERM');
      await using restored = new CaptureHarness(endpointConfig(older), capture.bindings);
      restored.state = capture.state;
      restored.start();
      assert.match(await restored.failure(), /^PG_POSITION_AHEAD: .*older copy[\s\S]*backfill counter/);
    });

    test('[G8] a task that is sent to another server, which has its tables and its slot, stops', async () => {
      await using server = await startPostgres({ version });
      await using other = await startPostgres({ version, ownSystem: true });
      await using capture = await captured(server);
      await other.query(`CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2);
                         CREATE PUBLICATION flow_publication FOR TABLE t WITH (publish_via_partition_root = true)`);
      await other.query("SELECT pg_create_logical_replication_slot('flow_slot', 'pgoutput')");
      await using moved = new CaptureHarness(endpointConfig(other), capture.bindings);
      moved.state = structuredClone(capture.state);
      moved.start();
      assert.match(await moved.failure(), /^PG_OTHER_CLUSTER: .*system identifier/);
      assert.deepEqual([moved.committed, moved.state], [[], capture.state]);
    });

    test('an idle capture lets go of log that other tables write', async () => {
      await using server = await startPostgres({ version });
      await using capture = await captured(server);
      capture.start();
      await capture.untilActive();
      await server.query('CREATE TABLE busy (v text)');
      await server.query('INSERT INTO busy SELECT md5(i::text) FROM generate_series(1, 1000) i');
      await untilReleased(capture, server);
      assert.equal(capture.committed.length, 1);
    });

    test('wal_level=replica is one clear error with the command that mends it', async () => {
      await using server = await startPostgres({ version, settings: { wal_level: 'replica' } });
      assert.match(
        await validate(endpointConfig(server)),
        /^PG_WAL_LEVEL: .*replica\nALTER SYSTEM SET wal_level = logical/,
      );
      await server.query('CREATE TABLE t (id int PRIMARY KEY)');
      await using driver = connector();
      const config = JSON.stringify(endpointConfig(server));
      driver.send({ kind: 'discover', connectorType: 'IMAGE', config, name: 'acme/pg' });
      assert.equal((await driver.expect('discovered')).bindings.length, 1);
      driver.end();
      await driver.exited;
      const warnings = driver.logs.filter(({ level }) => level === 'warn').map(({ message }) => message);
      assert.match(warnings.join(), /^PG_WAL_LEVEL: .*replica\nALTER SYSTEM SET wal_level = logical/);
    });
  });
}
