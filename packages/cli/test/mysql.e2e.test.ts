// From PostgreSQL through `weir run` to MySQL and MariaDB, with a kill of everything in the middle.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  missingMysql,
  missingPostgres,
  mysqlFlavours,
  type MysqlTestServer,
  startMysql,
  startPostgres,
} from '@weir/testing';
import { materializationTask, Pipeline, until } from './pipeline.ts';

const images = { mysql: 'materialize-mysql:v2', mariadb: 'materialize-mariadb:v2' } as const;

const columns = {
  source: `id, label, amount::numeric(40, 4)::text AS amount, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS at, encode(bytes, 'hex') AS bytes`,
  copy: `id, label, CAST(amount AS CHAR) AS amount, CAST(at AS CHAR) AS at, LOWER(HEX(bytes)) AS bytes`,
};

function materializations(pipeline: Pipeline, server: MysqlTestServer): object {
  const { address, user, password, database, flavour } = server;
  const config = { address, user, password, database, timezone: 'UTC', hardDelete: true };
  const bindings = pipeline.tables.map((table) => ({
    resource: { table },
    source: pipeline.collectionOf(table),
    fields: { recommended: true, require: { amount: { DDL: 'DECIMAL(40,4)' } } },
  }));
  return {
    [materializationTask]: {
      endpoint: { connector: { image: `ghcr.io/estuary/${images[flavour]}`, config } },
      bindings,
    },
  };
}

for (const flavour of mysqlFlavours) {
  test(
    `[G1] [G2] PostgreSQL and ${flavour} are equal after a backfill, changes, and a kill of the run`,
    { skip: missingPostgres(18) || missingMysql(flavour) },
    async () => {
      await using source = await startPostgres({ version: 18 });
      await source.query(`
        CREATE TABLE things (id bigint PRIMARY KEY, label text, amount numeric, at timestamptz, bytes bytea);
        INSERT INTO things SELECT n, 'thing ' || n || E'\\t\\\\ 😀', n::numeric / 8 + 1e30, '2024-02-29 23:59:59.123456+00'::timestamptz + n * interval '1 s',
          decode(lpad(to_hex(n), 8, '0'), 'hex') FROM generate_series(1, 20000) AS n`);
      await using server = await startMysql({ flavour });
      await using pipeline = Pipeline.create({ server: source, tables: { things: 'public/things' } });
      pipeline.write('flow.yaml', {
        import: ['source.yaml'],
        materializations: materializations(pipeline, server),
      });
      const copied = async (): Promise<unknown[]> => {
        try {
          return await server.query(`SELECT ${columns.copy} FROM things ORDER BY id`);
        } catch {
          return [];
        }
      };
      const untilEqual = async (): Promise<void> => {
        const rows = await source.query(`SELECT ${columns.source} FROM things ORDER BY id`);
        const expected = rows.map((row) => ({ ...row, id: Number(row['id']) }));
        let found: unknown[] = [];
        const look = async (): Promise<boolean> => {
          found = await copied();
          return found.length === expected.length && JSON.stringify(found) === JSON.stringify(expected);
        };
        const explain = (): string =>
          `${found.length} of ${expected.length} rows; ${JSON.stringify(found[0])} ${JSON.stringify(expected[0])}\n${pipeline.log.slice(-3000)}`;
        await until('that the tables are equal', look, { everyMs: 250, explain });
      };

      pipeline.start();
      await until('that rows arrive', async () => (await copied()).length > 0, {
        explain: () => pipeline.log.slice(-3000),
      });
      await source.query(`UPDATE things SET label = 'changed ' || id, amount = id WHERE id % 3 = 0`);
      await pipeline.run.kill();
      await source.query(
        `DELETE FROM things WHERE id % 5 = 0; INSERT INTO things VALUES (0, NULL, -1.25, NULL, '')`,
      );
      pipeline.start();
      await untilEqual();
      assert.equal(await pipeline.run.stop(), 0, pipeline.log);
    },
  );
}
