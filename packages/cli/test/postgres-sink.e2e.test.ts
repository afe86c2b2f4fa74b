// PostgreSQL → PostgreSQL through `weir run`, with kill -9 of every process on the way and of both servers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { missingPostgres, type PostgresServer, startPostgres } from '@weir/testing';
import { isAlive, materializationTask, Pipeline, until } from './pipeline.ts';

const columns: Readonly<Record<string, string>> = {
  accounts: 'id, balance, note, at, tags',
  moves: 'id, account, amount',
};

const sourceSql = `
  CREATE TABLE accounts (id bigint PRIMARY KEY, balance numeric(30, 6) NOT NULL, note text, at timestamptz, tags json);
  CREATE TABLE moves (id bigint PRIMARY KEY, account bigint, amount numeric(30, 6));
  INSERT INTO accounts SELECT n, n / 7.0, repeat('é', (n % 50)::int), now(), '{"n":1}' FROM generate_series(1, 2000) n`;

async function rowsOf(server: PostgresServer, table: string, order: string): Promise<string> {
  const [{ rows } = {}] = await server.query(
    `SELECT coalesce(string_agg(r::text, E'\\n' ORDER BY id), '') AS rows FROM (SELECT ${order} FROM ${table}) r`,
  );
  return rows ?? '';
}

test(
  '[G1] [G2] a PostgreSQL is what the other one is, after kills of every process on the way',
  { skip: missingPostgres(18), timeout: 600_000 },
  async () => {
    await using source = await startPostgres({ version: 18 });
    await using sink = await startPostgres({ version: 18 });
    await source.query(sourceSql);
    await using pipeline = Pipeline.create({
      server: source,
      tables: { accounts: 'public/accounts', moves: 'public/moves' },
      source: { advanced: { backfill_chunk_size: 300 } },
    });
    pipeline.write('flow.yaml', {
      import: ['source.yaml'],
      materializations: {
        [materializationTask]: {
          endpoint: {
            connector: {
              image: 'ghcr.io/estuary/materialize-postgres:v4',
              config: {
                address: sink.address,
                user: sink.user,
                database: sink.database,
                hardDelete: true,
                credentials: { auth_type: 'UserPassword', password: sink.password },
              },
            },
          },
          bindings: pipeline.tables.map((table) => ({
            resource: { table },
            source: pipeline.collectionOf(table),
          })),
        },
      },
    });
    const failures: unknown[] = [];
    pipeline.start();
    const explain = (): string => `${failures.join('\n')}\n${pipeline.log.slice(-5000)}`;
    const arrived = async (): Promise<number> => {
      const found = await sink.query(`SELECT count(*) FROM moves`).catch(() => []);
      return Number(found[0]?.['count'] ?? 0);
    };

    let move = 0;
    const over = new AbortController();
    const working = (async () => {
      while (!over.signal.aborted) {
        move += 1;
        await source
          .query(
            `BEGIN;
             INSERT INTO moves VALUES (${move}, ${(move % 2000) + 1}, ${move}.25);
             UPDATE accounts SET balance = balance + ${move}.25, note = '${move}' WHERE id = ${(move % 2000) + 1};
             DELETE FROM accounts WHERE id = ${move % 7 === 0 ? move : 0};
             INSERT INTO accounts VALUES (${5000 + move}, 0, NULL, NULL, NULL);
             COMMIT`,
          )
          .catch(async (error: unknown) => {
            failures.push(error);
            await source.query('ROLLBACK').catch(() => undefined);
          });
        await delay(5);
      }
    })();

    const victims = [
      'materialize-postgres',
      'sink',
      'runtime',
      'materialize-postgres',
      'source-postgres',
      'sink',
    ];
    for (const victim of victims) {
      const before = await arrived();
      await until('that rows arrive', async () => (await arrived()) > before + 5, { explain });
      if (victim === 'runtime') {
        await pipeline.run.kill();
        pipeline.start();
      } else if (victim === 'sink') {
        await sink.kill9();
        await sink.start();
      } else {
        const name = victim === 'source-postgres' ? 'source-postgres' : 'materialize-postgres';
        for (const pid of await pipeline.run.connectors(name)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
      }
    }
    over.abort();
    await working;
    assert.deepEqual(failures, []);
    for (const [table, list] of Object.entries(columns)) {
      const expected = await rowsOf(source, table, list);
      await until(`that ${table} is equal`, async () => (await rowsOf(sink, table, list)) === expected, {
        explain,
      });
    }
    assert.equal(await pipeline.run.stop(), 0, explain());
    const [{ sum } = {}] = await sink.query('SELECT count(*) - max(id) AS sum FROM moves');
    assert.equal(Number(sum), 0);
  },
);
