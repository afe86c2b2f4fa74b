import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CaptureHarness,
  connector,
  discoverBindings,
  endpointConfig,
  type Json,
} from '../test/capture-harness.ts';

/** A table of the server as the capture should have it: to_jsonb of each row, for types where that is the same. */
async function serverRows(
  server: PostgresServer,
  table: string,
  key: string,
): Promise<{ [name: string]: Json }[]> {
  const rows = await server.query(`SELECT to_jsonb(t)::text AS row FROM ${table} t`);
  return rows
    .map((row) => JSON.parse(row['row'] ?? '') as { [name: string]: Json })
    .toSorted((a, b) => (JSON.stringify([a[key]]) < JSON.stringify([b[key]]) ? -1 : 1));
}

for (const version of postgresVersions) {
  describe(`a capture of PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    test('has every row after the backfill and follows inserts, updates and deletes', async () => {
      await using server = await startPostgres({ version });
      await server.query(`
        CREATE TABLE orders (id bigint PRIMARY KEY, who text, amount numeric(40, 10), note text);
        INSERT INTO orders SELECT i, 'user ' || i, i * 1.5, NULL FROM generate_series(1, 1000) i;
        INSERT INTO orders VALUES (9223372036854775807, E'tab\\t "quote" back\\\\slash 😀', 1234567890123456789012345678.0123456789, '');`);
      const config = endpointConfig(server, { advanced: { backfill_chunk_size: 300 } });
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      const texts = capture.documents('orders').map(({ text }) => text);
      assert.equal(texts.length, 1001);
      assert.match(
        texts.at(-1) ?? '',
        /"amount":"1234567890123456789012345678.0123456789","id":9223372036854775807,/,
      );
      await server.query(`UPDATE orders SET note = 'x' WHERE id <= 10; DELETE FROM orders WHERE id = 5;
                          INSERT INTO orders VALUES (-1, NULL, 0.5, 'new')`);
      await capture.until('the last insert', () => capture.rows('orders').some((row) => row['id'] === -1));
      const expected = await serverRows(server, 'orders', 'id');
      assert.deepEqual(
        capture.rows('orders').map((row) => [row['id'], row['who'], row['note']]),
        expected.map((row) => [row['id'], row['who'], row['note']]),
      );
      assert.ok(capture.documents('orders').some(({ document }) => document._meta.op === 'd'));
    });

    test('[G1] goes on after being killed, without a row lost or doubled', async () => {
      await using server = await startPostgres({ version });
      await server.query(`CREATE TABLE t (id int PRIMARY KEY, v int);
                          INSERT INTO t SELECT i, 0 FROM generate_series(1, 2000) i`);
      const config = endpointConfig(server, { advanced: { backfill_chunk_size: 150 } });
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      for (let round = 1; round <= 5; round += 1) {
        capture.start();
        const before = capture.checkpoints;
        await capture.until('some checkpoints', () => capture.checkpoints >= before + 4);
        await server.query(`UPDATE t SET v = ${round} WHERE id % 7 = ${round}; INSERT INTO t VALUES (${round + 10_000}, 0);
                            DELETE FROM t WHERE id = ${round * 3}`);
        await capture.kill();
      }
      capture.start();
      await server.query('INSERT INTO t VALUES (20000, 1)');
      await capture.until('the last row', () => capture.rows('t').some((row) => row['id'] === 20_000));
      await capture.untilActive();
      assert.deepEqual(capture.rows('t'), await serverRows(server, 't', 'id'));
      const replicated = capture
        .documents('t')
        .filter(({ document }) => document._meta.source.snapshot !== true);
      const positions = replicated.map(({ document }) => document._meta.source.loc.slice(1).join());
      assert.equal(new Set(positions).size, positions.length);
    });

    test('converges while rows, keys and values change during the backfill, in every mode', async () => {
      await using server = await startPostgres({ version });
      const modes: Record<string, string> = { precise: 'Precise', normal: 'Normal', automatic: '' };
      for (const table of Object.keys(modes)) {
        await server.query(`CREATE TABLE ${table} (id int PRIMARY KEY, v int);
                            INSERT INTO ${table} SELECT i, 0 FROM generate_series(1, 1500) i`);
      }
      const config = endpointConfig(server, { advanced: { backfill_chunk_size: 50 } });
      const changes = Object.fromEntries(Object.entries(modes).map(([table, mode]) => [table, { mode }]));
      await using capture = new CaptureHarness(config, await discoverBindings(config, changes));
      capture.start();
      let [seed, nextId] = [1, 2000];
      const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
      while (!isAllActive(capture.state, 3)) {
        const table = Object.keys(modes)[random(3)] ?? '';
        const id = 1 + random(1600);
        const statements = [
          `UPDATE ${table} SET v = v + 1 WHERE id = ${id}`,
          `DELETE FROM ${table} WHERE id = ${id}`,
          `INSERT INTO ${table} VALUES (${id}, -1) ON CONFLICT (id) DO UPDATE SET v = -1`,
          `UPDATE ${table} SET id = ${(nextId += 1)} WHERE id = ${id}`,
        ];
        await server.query(statements[random(4)] ?? '');
      }
      for (const table of Object.keys(modes)) await server.query(`INSERT INTO ${table} VALUES (99999, 1)`);
      const tables = Object.keys(modes);
      await capture.until('the last rows', () =>
        tables.every((table) => capture.rows(table).some((row) => row['id'] === 99_999)),
      );
      for (const table of tables) {
        assert.deepEqual(capture.rows(table), await serverRows(server, table, 'id'), table);
      }
    });

    test('reads tables without a primary key page by page, and tells rows of one COPY apart', async () => {
      await using server = await startPostgres({ version });
      await server.query(`CREATE TABLE log (line text); ALTER TABLE log REPLICA IDENTITY FULL;
                          INSERT INTO log SELECT 'line ' || i FROM generate_series(1, 5000) i`);
      const config = endpointConfig(server, { advanced: { backfill_chunk_size: 1000 } });
      const bindings = await discoverBindings(config);
      assert.equal(bindings[0]?.resource['mode'], 'Without Primary Key');
      await using capture = new CaptureHarness(config, bindings);
      capture.start();
      await capture.untilActive();
      assert.equal(capture.rows('log').length, 5000);
      const connection = await server.connect();
      const copy = await connection.copyIn('COPY log FROM STDIN');
      await copy.write(Buffer.from(Array.from({ length: 500 }, (_, i) => `copied ${i}\n`).join('')));
      await copy.finish();
      await connection.close();
      await capture.until('the copied rows', () => capture.rows('log').length >= 5500);
      assert.equal(capture.rows('log').length, 5500);
    });

    test('discovery leaves out a table with a column _meta, and says so', async () => {
      await using server = await startPostgres({ version });
      await server.query(`CREATE TABLE plain (id int PRIMARY KEY);
                          CREATE TABLE clashing (id int PRIMARY KEY, _meta text)`);
      await using driver = connector();
      const config = JSON.stringify(endpointConfig(server));
      driver.send({ kind: 'discover', connectorType: 'IMAGE', config, name: 'acme/pg' });
      const { bindings } = await driver.expect('discovered');
      assert.deepEqual(
        bindings.map(({ resourcePath }) => resourcePath),
        [['public', 'plain']],
      );
      assert.ok(driver.logs.some(({ message }) => /public\.clashing is left out/.test(message)));
    });

    test('an update of a key is a delete of the old row and a create of the new one', async () => {
      await using server = await startPostgres({ version });
      await server.query(`CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')`);
      const config = endpointConfig(server);
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      await server.query('UPDATE t SET id = 2');
      await capture.until('the new row', () => capture.rows('t').some((row) => row['id'] === 2));
      const changes = capture.documents('t').slice(1);
      assert.deepEqual(
        changes.map(({ document }) => [document._meta.op, document['id'], document['v']]),
        [
          ['d', 1, undefined],
          ['c', 2, 'a'],
        ],
      );
      assert.deepEqual(capture.rows('t'), [{ id: 2, v: 'a' }]);
    });

    test('leaves out large values a change did not touch, and fills them in under REPLICA IDENTITY FULL', async () => {
      await using server = await startPostgres({ version });
      await server.query(`
        CREATE TABLE partial (id int PRIMARY KEY, big text, v int);
        CREATE TABLE complete (id int PRIMARY KEY, big text, v int);
        ALTER TABLE partial ALTER big SET STORAGE EXTERNAL; ALTER TABLE complete ALTER big SET STORAGE EXTERNAL;
        ALTER TABLE complete REPLICA IDENTITY FULL;
        INSERT INTO partial VALUES (1, repeat('x', 5000), 0); INSERT INTO complete VALUES (1, repeat('x', 5000), 0)`);
      const config = endpointConfig(server);
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      await server.query('UPDATE partial SET v = 1; UPDATE complete SET v = 1');
      await capture.until('both updates', () => capture.committed.length >= 4);
      const [partial, complete] = ['partial', 'complete'].map(
        (table) => capture.documents(table).at(-1)?.document,
      );
      assert.equal(partial?.['big'], undefined);
      assert.equal(partial?._meta.before, undefined);
      assert.equal(complete?.['big'], 'x'.repeat(5000));
      assert.equal(complete?._meta.before?.['v'], 0);
      assert.deepEqual(capture.rows('partial'), await serverRows(server, 'partial', 'id'));
    });

    test('[G7] carries five megabytes of text and names with quotes, blanks and umlauts', async () => {
      await using server = await startPostgres({ version });
      await server.query(`CREATE TABLE "we""ird Täble" ("i d" int PRIMARY KEY, "~/""ü" text, j json);
                          INSERT INTO "we""ird Täble" VALUES (1, repeat('ü€😀', 600000), '{"a":"\\u0000"}')`);
      const config = endpointConfig(server);
      const bindings = await discoverBindings(config);
      assert.deepEqual(bindings[0]?.key, ['/i d']);
      await using capture = new CaptureHarness(config, bindings);
      capture.start();
      await capture.untilActive();
      await server.query(`INSERT INTO "we""ird Täble" SELECT 2, "~/""ü", j FROM "we""ird Täble"`);
      await capture.until('the second row', () => capture.committed.length === 2);
      const [first, second] = capture.committed;
      assert.equal(first?.document['~/"ü'], 'ü€😀'.repeat(600_000));
      assert.equal(withoutMeta(second?.text).replace('"i d":2', '"i d":1'), withoutMeta(first?.text));
      assert.match(first?.text ?? '', /"j":\{"a":"\\u0000"\}/);
    });

    test('does not read a chunk while a streamed transaction is still invisible to queries', async () => {
      await using server = await startPostgres({ version });
      await server.query(
        `CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, 0 FROM generate_series(1, 2000) i`,
      );
      const config = endpointConfig(server, { advanced: { backfill_chunk_size: 4 } });
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.until('the backfill to begin', () => capture.committed.length > 0);
      // Commits now wait for a standby that never comes: they are in the log, and streamed, but not visible.
      await server.query("ALTER SYSTEM SET synchronous_standby_names = 'absent'");
      await server.query('SELECT pg_reload_conf()');
      await using writer = await server.connect();
      await writer.query("SET synchronous_commit = 'on'");
      const update = writer.query('UPDATE t SET v = 1 WHERE id = 2000');
      await capture.until('it to wait', () =>
        capture.logs.some(({ message }) => message.includes('become visible')),
      );
      const [seen] = await server.query('SELECT v FROM t WHERE id = 2000');
      assert.equal(seen?.['v'], '0');
      // A restart goes on after the update in the stream, and must still know that it is not visible.
      await capture.kill();
      capture.start();
      await capture.until('it to wait again', () =>
        capture.logs.some(({ message }) => message.includes('become visible')),
      );
      assert.ok(capture.committed.length < 2000);
      await server.query('ALTER SYSTEM RESET synchronous_standby_names');
      await server.query('SELECT pg_reload_conf()');
      await update;
      await capture.untilActive();
      assert.deepEqual(
        capture.rows('t').find((row) => row['id'] === 2000),
        { id: 2000, v: 1 },
      );
    });

    test('[G1] has what transactions wrote before their table was published, and committed later', async () => {
      await using server = await startPostgres({ version });
      await server.query(`CREATE TABLE other (id int PRIMARY KEY);
                          CREATE TABLE t (id int PRIMARY KEY, v int) PARTITION BY RANGE (id);
                          CREATE TABLE leaf PARTITION OF t FOR VALUES FROM (0) TO (1000);
                          INSERT INTO t VALUES (1, 0), (2, 0)`);
      await server.query('ALTER SYSTEM SET max_prepared_transactions = 2');
      await server.stop();
      await server.start();
      const config = endpointConfig(server);
      const bindings = await discoverBindings(config);
      await using capture = new CaptureHarness(
        config,
        bindings.filter(({ resource }) => resource['stream'] === 'other'),
      );
      capture.start();
      await capture.untilActive();
      await capture.kill('SIGTERM');
      await using early = await server.connect();
      await early.query('BEGIN; UPDATE t SET v = 1 WHERE id = 1; INSERT INTO leaf VALUES (3, 1)');
      await server.query("BEGIN; INSERT INTO t VALUES (4, 1); PREPARE TRANSACTION 'early'");
      capture.bindings = bindings.filter(({ resource }) => resource['stream'] !== 'leaf');
      capture.start();
      const waits = () => capture.logs.some(({ message }) => message.includes('before it was published'));
      await capture.until('the capture to wait for it', waits);
      await server.query('INSERT INTO other VALUES (1)');
      await capture.until('the change of another table', () => capture.rows('other').length === 1);
      await capture.kill();
      capture.start();
      await capture.until('the capture to wait again', waits);
      await early.query('COMMIT');
      await server.query('INSERT INTO other VALUES (2)');
      await capture.until('another change', () => capture.rows('other').length === 2);
      assert.deepEqual(capture.rows('t'), []);
      await server.query("COMMIT PREPARED 'early'");
      await capture.untilActive();
      assert.deepEqual(capture.rows('t'), await serverRows(server, 't', 'id'));
      assert.equal(capture.rows('t').length, 4);
    });

    test('ends cleanly when asked to, and with an error worth a retry when the server dies', async () => {
      await using server = await startPostgres({ version });
      await server.query(
        `CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, 0 FROM generate_series(1, 500) i`,
      );
      const config = endpointConfig(server, { advanced: { backfill_chunk_size: 100 } });
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      assert.equal(await capture.kill('SIGTERM'), 0);
      capture.start();
      const before = capture.checkpoints;
      await server.query('UPDATE t SET v = 1 WHERE id = 1');
      await capture.until('the update', () => capture.checkpoints > before);
      await server.query('UPDATE t SET v = 2 WHERE id <= 250');
      await server.kill9();
      assert.match(await capture.failure(), /^PG_(CONNECTION_LOST|SERVER_UNAVAILABLE|UNREACHABLE)/);
      await server.start();
      await server.query('INSERT INTO t VALUES (1000, 3)');
      capture.start();
      await capture.until('the last row', () => capture.rows('t').some((row) => row['id'] === 1000));
      assert.deepEqual(capture.rows('t'), await serverRows(server, 't', 'id'));
    });

    test('captures a partitioned table as its root, or as its leaves', async () => {
      await using server = await startPostgres({ version });
      await server.query(`
        CREATE TABLE p (region text, id int, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
        CREATE TABLE p_eu PARTITION OF p FOR VALUES IN ('eu'); CREATE TABLE p_us PARTITION OF p FOR VALUES IN ('us');
        INSERT INTO p VALUES ('eu', 1), ('us', 1)`);
      for (const [asPartitions, tables] of [
        [false, ['p']],
        [true, ['p_eu', 'p_us']],
      ] as const) {
        const name = asPartitions ? 'leaves' : 'root';
        const config = endpointConfig(server, {
          advanced: { capture_as_partitions: asPartitions, slotName: name, publicationName: name },
        });
        await using capture = new CaptureHarness(config, await discoverBindings(config));
        capture.start();
        await capture.untilActive();
        await server.query(`INSERT INTO p SELECT 'us', max(id) + 1 FROM p`);
        const [expected] = await server.query('SELECT count(*) AS n FROM p');
        await capture.until('the new row', () => capture.committed.length === Number(expected?.['n']));
        assert.deepEqual([...new Set(capture.committed.map(({ table }) => table))].toSorted(), [...tables]);
        await capture.kill('SIGTERM');
      }
    });

    test('honours filters, skipped backfills, key overrides, source tags and projected transaction ids', async () => {
      await using server = await startPostgres({ version });
      for (const table of ['filtered', 'skipped', 'changes', 'overridden']) {
        await server.query(`CREATE TABLE ${table} (id int PRIMARY KEY, name text NOT NULL UNIQUE);
                            INSERT INTO ${table} SELECT i, 'n' || (9 - i) FROM generate_series(1, 8) i`);
      }
      const config = endpointConfig(server, {
        advanced: { skip_backfills: 'public.SKIPPED', source_tag: 'eu' },
      });
      const bindings = await discoverBindings(config, {
        filtered: { advanced: { additional_backfill_filter: 'id = 1 OR id = 3' } },
        changes: { mode: 'Only Changes' },
        overridden: { primary_key: ['name'] },
      });
      await using capture = new CaptureHarness(
        config,
        bindings.map((each) => ({ ...each, withTransactionId: each.resource['stream'] === 'changes' })),
      );
      capture.start();
      await capture.untilActive();
      const ids = (table: string) => capture.documents(table).map(({ document }) => document['id']);
      assert.deepEqual([ids('filtered'), ids('skipped'), ids('changes')], [[1, 3], [], []]);
      assert.deepEqual(ids('overridden'), [8, 7, 6, 5, 4, 3, 2, 1]);
      await server.query(`INSERT INTO changes VALUES (9, 'x'); INSERT INTO skipped VALUES (9, 'x')`);
      await capture.until('both inserts', () => ids('changes').length + ids('skipped').length === 2);
      const [change] = capture.documents('changes');
      assert.equal(change?.document._meta.source.tag, 'eu');
      assert.equal(typeof change?.document._meta.source.txid, 'number');
      assert.equal(capture.documents('skipped')[0]?.document._meta.source.txid, undefined);
    });

    test('sees columns that are added, with types it has never met, while it runs', async () => {
      await using server = await startPostgres({ version });
      await server.query('CREATE TABLE t (id int PRIMARY KEY)');
      const config = endpointConfig(server);
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      await server.query(`CREATE TYPE mood AS ENUM ('sad', 'happy'); ALTER TABLE t ADD moods mood[], ADD born date;
                          INSERT INTO t VALUES (1, '{sad,NULL,happy}', '2024-02-29')`);
      await capture.until('the row', () => capture.rows('t').length === 1);
      assert.deepEqual(capture.rows('t'), [{ born: '2024-02-29', id: 1, moods: ['sad', null, 'happy'] }]);
      await capture.until('a new sourced schema', () =>
        capture.schemas.some(({ schema }) => JSON.stringify(schema).includes('moods')),
      );
    });
  });
}

function withoutMeta(text = ''): string {
  return text.replace(/"_meta":\{.*?\}\}/, '');
}

function isAllActive(state: Record<string, unknown>, tables: number): boolean {
  const modes = Object.values((state['bindingStateV1'] ?? {}) as Record<string, { mode: string }>);
  return modes.length === tables && modes.every(({ mode }) => mode === 'Active');
}
