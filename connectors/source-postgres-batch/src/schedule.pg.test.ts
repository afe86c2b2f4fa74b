import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { BatchHarness, bind, endpointConfig, query } from '../test/batch-harness.ts';

for (const version of postgresVersions) {
  describe(
    `the schedule of a batch capture of PostgreSQL ${version}`,
    { skip: missingPostgres(version) },
    () => {
      let server: PostgresServer;
      before(async () => (server = await startPostgres({ version })));
      after(async () => server[Symbol.asyncDispose]());

      const column = (documents: readonly Record<string, unknown>[], name: string) =>
        documents.map((document) => document[name]);

      test('a capture that is stopped takes its query at the server along', async () => {
        const capture = new BatchHarness(endpointConfig(server), [
          query('endless', 'SELECT 1 AS a, pg_sleep(900)'),
        ]);
        const sleeping = async (): Promise<number> => {
          const rows = await server.query(
            `SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%pg_sleep(900)%'`,
          );
          return rows.length;
        };
        const running = capture.run();
        while ((await sleeping()) === 0) await delay(50);
        capture.kill('SIGTERM');
        await running;
        // The server may need a moment to notice; it would sleep for a quarter of an hour otherwise.
        const deadline = performance.now() + 60_000;
        while ((await sleeping()) > 0) {
          assert.ok(performance.now() < deadline, 'the server goes on with the query');
          await delay(50);
        }
      });

      test('a schedule goes on over a restart: what was polled a moment ago is not due', async () => {
        await server.query('CREATE TABLE hourly (id int PRIMARY KEY); INSERT INTO hourly VALUES (1)');
        const config = endpointConfig(server);
        const often = await bind(config, 'hourly', { name: 'often', cursor: [] });
        const capture = new BatchHarness(config, [
          await bind(config, 'hourly', { poll: '1h', cursor: [] }),
          often,
        ]);
        const sources = (): string[] => capture.documents.map(({ _meta }) => _meta.source['resource'] ?? '');
        for (const restarts of [1, 2]) {
          await capture.run({}, (documents) => {
            const times = sources().filter((name) => name === 'often').length;
            if (documents > 0 && times >= 5 * restarts && sources().includes('hourly')) capture.kill();
          });
        }
        assert.equal(sources().filter((name) => name === 'hourly').length, 1);
      });

      test('a binding that is taken away is not polled, and goes on where it was when it comes back', async () => {
        await server.query(`CREATE TABLE here (id int PRIMARY KEY); CREATE TABLE away (id int PRIMARY KEY);
                          INSERT INTO here VALUES (1); INSERT INTO away VALUES (1)`);
        const config = endpointConfig(server);
        const both = [await bind(config, 'here'), await bind(config, 'away')];
        const capture = new BatchHarness(config, both);
        assert.equal((await capture.poll()).length, 2);
        await server.query('INSERT INTO here VALUES (2); INSERT INTO away VALUES (2)');
        capture.bindings = both.slice(0, 1);
        assert.deepEqual(
          (await capture.poll()).map(({ _meta }) => _meta.source['table']),
          ['here'],
        );
        capture.bindings = both;
        assert.deepEqual(
          (await capture.poll()).map(({ id, _meta }) => [id, _meta.source['table']]),
          [[2, 'away']],
        );
      });

      test('without bindings it ends', async () => {
        const capture = new BatchHarness(endpointConfig(server), []);
        assert.equal(await capture.run(), undefined);
      });

      test('a table is polled on its schedule, again and again', async () => {
        await server.query('CREATE TABLE scheduled (id int PRIMARY KEY); INSERT INTO scheduled VALUES (1)');
        const config = endpointConfig(server);
        const capture = new BatchHarness(config, [
          await bind(config, 'scheduled', { poll: '200ms', cursor: [] }),
        ]);
        await capture.run({}, (documents) => {
          if (documents >= 4) capture.kill();
        });
        const times = capture.documents.map(({ _meta }) => Date.parse(_meta.polled));
        assert.ok(times.length >= 4);
        for (const [index, time] of times.slice(1).entries()) {
          assert.ok(time - (times[index] ?? 0) >= 200, `${time - (times[index] ?? 0)} ms`);
        }
      });

      test('a query that the server ends for its time is tried again', async () => {
        await server.query(`CREATE TABLE slow (id int PRIMARY KEY); INSERT INTO slow VALUES (1);
                          CREATE TABLE delay (seconds float); INSERT INTO delay VALUES (60);
                          CREATE ROLE hasty LOGIN SUPERUSER PASSWORD 'postgres';
                          ALTER ROLE hasty SET statement_timeout = '2s'`);
        const config = { ...endpointConfig(server), user: 'hasty' };
        const capture = new BatchHarness(config, [
          query('slow', 'SELECT id FROM slow, (SELECT pg_sleep(seconds) FROM delay) s'),
        ]);
        const polling = capture.poll();
        // Waits for the first try, then lets the next one be quick.
        for (let running = '0'; running === '0';) {
          const [row] = await server.query(
            "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
          );
          running = row?.['n'] ?? '0';
        }
        await server.query('UPDATE delay SET seconds = 0');
        assert.deepEqual(column(await polling, 'id'), [1]);
        assert.ok(capture.logs.some(({ level, message }) => level === 'warn' && /tried again/.test(message)));
      });

      test('wrong passwords, missing databases and unknown servers each have their sentence', async () => {
        const config = endpointConfig(server);
        const cases: [object, RegExp][] = [
          [{ database: 'nowhere' }, /PG_DATABASE_NOT_FOUND: .*"nowhere"/],
          [{ password: 'wrong' }, /PG_AUTH_FAILED: .*"postgres"/],
          [{ address: '127.0.0.1:1' }, /PG_UNREACHABLE: .*127\.0\.0\.1:1/],
          [{ advanced: { poll: '0s', sslmode: 'require' } }, /PG_TLS_FAILED/],
        ];
        for (const [changes, message] of cases) {
          const capture = new BatchHarness({ ...config, ...changes }, [query('q', 'SELECT 1 AS a')]);
          await assert.rejects(capture.poll(), message);
        }
      });
    },
  );
}
