// Keys whose types live in a schema that the user's search_path leaves out, as managed servers put extensions. What orders
// their rows is the type's; what compares them by its bare name may be another type's, or nobody's.

import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

/** By name of a table: the type of a key, and texts in its order, which is not that of their bytes. */
const keys: Readonly<Record<string, readonly [type: string, texts: readonly string[]]>> = {
  folded: ['ext.citext', ['a', 'B', 'c', 'D', 'e', 'F']],
  nicknames: ['ext.nickname', ['a', 'B', 'c', 'D', 'e', 'F']],
  paths: ['ext.ltree', ['a', 'a.b', 'a.b.c', 'a_b', 'b', 'ba']],
  tags: ['ext.hstore', ['"a"=>"1"', '"b"=>"1"', '"a"=>"22"', '"a"=>"1", "b"=>"2"']],
};

for (const version of postgresVersions) {
  describe(
    `keys of extensions outside of the search_path of PostgreSQL ${version}`,
    {
      skip: missingPostgres(version),
    },
    () => {
      let server: PostgresServer;
      before(async () => {
        server = await startPostgres({ version });
        await server.query(`CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; CREATE EXTENSION ltree SCHEMA ext;
                          CREATE EXTENSION hstore SCHEMA ext; CREATE DOMAIN ext.nickname AS ext.citext`);
      });
      after(async () => server[Symbol.asyncDispose]());

      async function tablesOf(schema: string): Promise<void> {
        await server.query(`CREATE SCHEMA ${schema}`);
        for (const [name, [type, texts]] of Object.entries(keys)) {
          const rows = texts.flatMap((text, k) => [1, 2].map((n) => `('${text}', ${n}, ${k})`)).join(', ');
          await server.query(
            `CREATE TABLE ${schema}.${name} (k ${type}, n int, v int, big text, PRIMARY KEY (k, n));
           ALTER TABLE ${schema}.${name} ALTER big SET STORAGE EXTERNAL;
           INSERT INTO ${schema}.${name} (k, n, v) VALUES ${rows}; UPDATE ${schema}.${name} SET big = repeat('x', 5000)`,
          );
        }
      }

      const config = (schema: string, connections: number) =>
        endpointConfig(server, {
          advanced: {
            slotName: schema,
            publicationName: schema,
            discover_schemas: [schema],
            backfill_chunk_size: 1,
            backfill_connections: connections,
          },
        });

      async function assertComplete(capture: CaptureHarness, schema: string): Promise<void> {
        for (const name of Object.keys(keys)) {
          const rows = await server.query(`SELECT k, n, v, big FROM ${schema}.${name} ORDER BY k::text, n`);
          const text = (row: Record<string, unknown>) => [row['k'], row['n'], row['v'], row['big']].join();
          assert.deepEqual(capture.rows(name).map(text).toSorted(), rows.map(text).toSorted(), name);
        }
      }

      for (const connections of [1, 2]) {
        test(`[G1] every row is read, one a chunk, by ${connections} at a time`, async () => {
          const schema = `reading${connections}`;
          await tablesOf(schema);
          await using capture = new CaptureHarness(
            config(schema, connections),
            await discoverBindings(config(schema, connections)),
          );
          capture.start();
          await capture.untilActive();
          await assertComplete(capture, schema);
          const read = capture.committed.filter(({ document }) => document._meta.source.snapshot === true);
          const expected = Object.values(keys).reduce((sum, [, texts]) => sum + 2 * texts.length, 0);
          assert.equal(read.length, expected);
        });
      }

      test('a row whose key changes has the large values that the update left alone', async () => {
        await tablesOf('moving');
        await using capture = new CaptureHarness(
          config('moving', 1),
          await discoverBindings(config('moving', 1)),
        );
        capture.start();
        await capture.untilActive();
        for (const name of Object.keys(keys))
          await server.query(`UPDATE moving.${name} SET n = 3 WHERE n = 2`);
        await capture.until('the last row', () => capture.rows('tags').some(({ n }) => n === 3));
        const [, texts] = keys['tags'] ?? [];
        await capture.until(
          'all rows',
          () => capture.rows('tags').filter(({ n }) => n === 3).length === texts?.length,
        );
        await assertComplete(capture, 'moving');
      });
    },
  );
}
