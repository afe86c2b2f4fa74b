// Several connections read one chunk at the same time, in one snapshot. What comes of it is what one would have read.

import {
  missingPostgres,
  type PostgresServer,
  postgresVersions,
  SeededRandom,
  startPostgres,
} from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig, validate } from '../test/capture-harness.ts';
import { TcpProxy } from '../test/tcp-proxy.ts';

const ROUND_TRIP_MS = 20;
const CONNECTIONS = 4;
const ROWS = 30_000;

function configOf(server: PostgresServer, advanced: Record<string, unknown> = {}): Record<string, unknown> {
  return endpointConfig(server, {
    advanced: { backfill_connections: CONNECTIONS, backfill_chunk_size: 2000, ...advanced },
  });
}

/** How many connections had read rows of the table in transactions that were open at the same time, at most. */
async function mostReaders(server: PostgresServer, table: string, until: AbortSignal): Promise<number> {
  await using connection = await server.connect();
  let most = 0;
  while (!until.aborted) {
    const { rows } = await connection.query(
      `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'estuary_flow' AND xact_start IS NOT NULL
          AND query LIKE 'COPY (SELECT%"${table}"%'`,
    );
    most = Math.max(most, Number(rows[0]?.[0]));
  }
  return most;
}

async function changeRows(server: PostgresServer, seed: number, until: AbortSignal): Promise<void> {
  const random = new SeededRandom(seed);
  await using connection = await server.connect();
  const id = () => 1 + Math.floor(random.next() * ROWS);
  while (!until.aborted) {
    await connection.query(`UPDATE t SET v = v + 1 WHERE id = ${id()}`);
    await connection.query(`DELETE FROM t WHERE id = ${id()}`);
    await connection.query(`INSERT INTO t VALUES (${ROWS + id()}, 0, 'new') ON CONFLICT DO NOTHING`);
    await connection.query(`UPDATE t SET id = -id WHERE id = ${id()}`);
  }
}

for (const version of postgresVersions) {
  describe(
    `chunks that several connections read, of PostgreSQL ${version}`,
    { skip: missingPostgres(version) },
    () => {
      for (const mode of ['Precise', 'Normal', 'Without Primary Key']) {
        test(`[G1] parts of a chunk are read at the same time, and the collection ends equal to the table: ${mode}`, async (t) => {
          const seed = Date.now() % 2 ** 31;
          t.diagnostic(`seed ${seed}`);
          await using server = await startPostgres({ version });
          await server.query(`CREATE TABLE t (id int PRIMARY KEY, v int, pad text);
                            INSERT INTO t SELECT i, 0, repeat('x', 100) FROM generate_series(1, ${ROWS}) i`);
          await using proxy = await TcpProxy.before(server, ROUND_TRIP_MS);
          const bindings = await discoverBindings(configOf(server), { t: { mode } });
          await using capture = new CaptureHarness({ ...configOf(server), address: proxy.address }, bindings);
          const stop = new AbortController();
          const readers = mostReaders(server, 't', stop.signal);
          const changing = changeRows(server, seed, stop.signal);
          capture.start();
          try {
            await capture.untilActive();
          } finally {
            stop.abort();
            await changing;
          }
          // Before version 14 each range of pages is a look at all of them.
          assert.equal(await readers, mode === 'Without Primary Key' && version < 14 ? 1 : CONNECTIONS);
          await server.query(`INSERT INTO t VALUES (1000000, 0, 'last')`);
          await capture.until('the last change', () =>
            capture.documents('t').some(({ document }) => document['id'] === 1_000_000),
          );
          const rows = await server.query('SELECT id, v, pad FROM t ORDER BY id');
          assert.deepEqual(
            capture.rows('t').toSorted((a, b) => Number(a['id']) - Number(b['id'])),
            rows.map(({ id, v, pad }) => ({ id: Number(id), v: Number(v), pad })),
          );
        });
      }

      test('parts follow each other in the order of the key, whatever a filter or a minimum transaction leaves of them', async () => {
        await using server = await startPostgres({ version });
        await server.query(`CREATE TABLE t (a text COLLATE "C", b int, PRIMARY KEY (a, b));
                          INSERT INTO t SELECT chr(97 + i % 5), i FROM generate_series(1, 3000) i`);
        const [row] = await server.query('SELECT pg_current_xact_id()::text AS xid');
        await server.query(`INSERT INTO t SELECT chr(97 + i % 5), i FROM generate_series(3001, 3100) i`);
        const idsOf = async (advanced: Record<string, unknown>, resource: Record<string, unknown>) => {
          const config = configOf(server, { backfill_chunk_size: 30, ...advanced });
          await using capture = new CaptureHarness(config, await discoverBindings(config, { t: resource }));
          capture.start();
          await capture.untilActive();
          return capture.documents('t').map(({ document }) => JSON.stringify([document['a'], document['b']]));
        };
        const expected = async (where: string) =>
          (
            await server.query(`SELECT format('["%s",%s]', a, b) AS id FROM t WHERE ${where} ORDER BY a, b`)
          ).map(({ id }) => id);
        for (const mode of ['Precise', 'Normal']) {
          // Also where a part is behind all of it: version 17 finds rows there that do not satisfy it.
          const filter = `b > 2900 AND a = 'd'`;
          assert.deepEqual(await idsOf({ slotName: 'all' }, { mode }), await expected('true'));
          if (mode === 'Normal') {
            const filtered = { mode, advanced: { additional_backfill_filter: filter } };
            assert.deepEqual(await idsOf({ slotName: 'filtered' }, filtered), await expected(filter));
          }
          const recent = { slotName: 'recent', min_backfill_xid: row?.['xid'] ?? '' };
          assert.deepEqual(await idsOf(recent, { mode }), await expected('b > 3000'));
        }
      });

      test('rows that are large are read in many small parts, each once', async () => {
        await using server = await startPostgres({ version });
        await server.query(`CREATE TABLE t (id int PRIMARY KEY, v text);
                          INSERT INTO t SELECT i, repeat(md5(i::text), 4000) FROM generate_series(1, 600) i`);
        const config = configOf(server, { backfill_chunk_size: 60 });
        await using capture = new CaptureHarness(config, await discoverBindings(config));
        capture.start();
        await capture.untilActive();
        assert.deepEqual(
          capture.documents('t').map(({ document: { id, v } }) => [id, typeof v === 'string' ? v.length : v]),
          Array.from({ length: 600 }, (_, index) => [index + 1, 128_000]),
        );
      });

      test('a table that somebody waits to alter is read by one connection, and nobody waits for ever', async () => {
        await using server = await startPostgres({ version });
        await server.query(`CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 5000);
                          CREATE PUBLICATION flow_publication FOR TABLE t`);
        // Between the lock of the first connection and those of the others lie two round trips.
        await using proxy = await TcpProxy.before(server, 300);
        const config = { ...configOf(server, { statement_timeout: '0' }), address: proxy.address };
        await using capture = new CaptureHarness(config, await discoverBindings(config));
        capture.start();
        await using watcher = await server.connect();
        await capture.until('the lock of a chunk', async () => {
          const { rows } = await watcher.query(
            `SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.relation = 't'::regclass AND a.application_name = 'estuary_flow' AND a.state = 'idle in transaction'`,
          );
          return rows.length > 0;
        });
        await server.query('ALTER TABLE t ADD COLUMN v int');
        await server.query('INSERT INTO t VALUES (6000, 1)');
        await capture.untilActive();
        await capture.until('the last row', () => capture.rows('t').some(({ v }) => v === 1));
        assert.equal(capture.rows('t').length, 5001);
        const warnings = capture.logs
          .filter(({ level }) => level === 'warn')
          .map(({ fields }) => fields['error']);
        assert.match(warnings.join('\n'), /could not obtain lock on relation "public\.t"/);
      });

      test('a limit of connections below what the capture opens is told beforehand, with the SQL that mends it', async () => {
        await using server = await startPostgres({ version, settings: { max_connections: '10' } });
        await server.query(`CREATE ROLE few LOGIN REPLICATION PASSWORD 'few';
                          CREATE TABLE t (id int PRIMARY KEY); GRANT SELECT ON t TO few;
                          CREATE PUBLICATION flow_publication FOR TABLE t`);
        const bindings = await discoverBindings(configOf(server));
        const config = (advanced: Record<string, unknown>) => ({
          ...configOf(server, advanced),
          user: 'few',
          credentials: { auth_type: 'UserPassword', password: 'few' },
        });
        const five = config({});
        const two = config({ backfill_connections: 1 });
        assert.equal(await validate(five, bindings), '');

        await server.query('ALTER ROLE few CONNECTION LIMIT 2');
        assert.equal(await validate(two, bindings), '');
        assert.match(
          await validate(five, bindings),
          /^PG_CONNECTION_LIMIT: .*opens 5 .*"few" may have 2\nRun: ALTER ROLE "few" CONNECTION LIMIT 5; or lower/,
        );
        await server.query('ALTER ROLE few CONNECTION LIMIT 5');
        assert.equal(await validate(five, bindings), '');

        await server.query('ALTER DATABASE postgres CONNECTION LIMIT 4');
        assert.match(await validate(five, bindings), /^PG_CONNECTION_LIMIT: .*"postgres" takes 4/);
        await server.query('ALTER DATABASE postgres CONNECTION LIMIT -1');

        assert.match(
          await validate(config({ backfill_connections: 8 }), bindings),
          /the server has for all its users 7\s+Raise max_connections/,
        );
      });

      test('connections that cannot be had are done without, and told', async () => {
        await using server = await startPostgres({ version });
        await server.query(`CREATE ROLE few LOGIN REPLICATION PASSWORD 'few' CONNECTION LIMIT 4;
                          CREATE TABLE t (id int PRIMARY KEY); GRANT SELECT ON t TO few;
                          INSERT INTO t SELECT generate_series(1, 1000);
                          CREATE PUBLICATION flow_publication FOR TABLE t`);
        const config = {
          ...configOf(server, { backfill_chunk_size: 50 }),
          user: 'few',
          credentials: { auth_type: 'UserPassword', password: 'few' },
        };
        await using capture = new CaptureHarness(config, await discoverBindings(config));
        capture.start();
        await capture.untilActive();
        assert.equal(capture.rows('t').length, 1000);
        const warnings = capture.logs.filter(({ level }) => level === 'warn').map(({ message }) => message);
        assert.match(warnings.join('\n'), /fewer connections than \/advanced\/backfill_connections/);
      });
    },
  );
}
