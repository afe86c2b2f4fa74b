// What is asked of a server that has thousands of tables, and may be far away.

import { createLogger } from '@weir/connector';
import type { QueryParameter, QueryResult } from '@weir/pgwire';
import { SqlSession } from '@weir/postgres';
import { decodeConfig } from '@weir/schema';
import { missingPostgres, postgresVersions, startPostgres, until, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { endpointConfig } from '../test/capture-harness.ts';
import { sourceSettings } from './config.ts';
import { endpointSchema } from './endpoint-schema.ts';
import { checkPrerequisites } from './prerequisites.ts';
import { readPublication } from './publication.ts';

class CountingSession extends SqlSession {
  readonly asked: string[] = [];

  override query(doing: string, sql: string, parameters?: readonly QueryParameter[]): Promise<QueryResult> {
    this.asked.push(doing);
    return super.query(doing, sql, parameters);
  }
}

const log = createLogger({ level: 'error', format: 'text', writeLine: () => {}, now: () => new Date() });

for (const version of postgresVersions) {
  describe(`tables to publish on PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => (server = await startPostgres({ version })));
    after(async () => server[Symbol.asyncDispose]());

    /** New tables in a schema of their own; half of them are partitions, of a root that is published. */
    async function schemaOf(name: string, count: number) {
      const numbers = Array.from({ length: count }, (_, number) => number);
      await server.query(
        `CREATE SCHEMA ${name}; SET search_path = ${name};
         CREATE TABLE root (id int PRIMARY KEY) PARTITION BY LIST (id);
         ${numbers.map((number) => (number % 2 === 0 ? `CREATE TABLE t${number} (id int PRIMARY KEY);` : `CREATE TABLE t${number} PARTITION OF root FOR VALUES IN (${number});`)).join('\n')}
         CREATE PUBLICATION ${name} FOR TABLE root WITH (publish_via_partition_root = true)`,
      );
      const advanced = { publicationName: name, slotName: name };
      const text = JSON.stringify(endpointConfig(server, { advanced }));
      const settings = sourceSettings(decodeConfig(endpointSchema, text, { what: 'the config' }));
      const bindings = numbers.map((number) => ({
        resource: { namespace: name, stream: `t${number}` },
        collectionKey: ['/id'],
      }));
      return { settings, bindings };
    }

    async function check(name: string, count: number, repair: boolean) {
      const { settings, bindings } = await schemaOf(name, count);
      await using sql = new CountingSession(() => server.connect());
      const failure = await checkPrerequisites({
        sql,
        settings,
        asPartitions: false,
        bindings,
        repair,
        log,
      }).catch((error: unknown) => String(error));
      const published = await server.query(
        `SELECT tablename FROM pg_publication_tables WHERE pubname = '${name}' AND tablename <> 'root' ORDER BY 1`,
      );
      return {
        asked: sql.asked,
        failure: String(failure),
        published: published.map((row) => row['tablename']),
      };
    }

    for (const repair of [false, true]) {
      test(`${repair ? 'a start' : 'a validation'} asks as much of the server for 200 tables as for 4`, async () => {
        const name = repair ? 'start' : 'validation';
        const few = await check(`few_${name}`, 4, repair);
        const many = await check(`many_${name}`, 200, repair);
        assert.ok(many.asked.length > 5);
        assert.deepEqual(many.asked, few.asked);
        assert.deepEqual(few.published, repair ? ['t0', 't2'] : []);
        assert.equal(many.published.length, repair ? 100 : 0);
        // Those whose changes go out under the root are refused, one by one.
        assert.match(few.failure, /few_\w+\.t1 do not go out under its name[\s\S]*few_\w+\.t3 do not go out/);
        assert.doesNotMatch(few.failure, /few_\w+\.t[02] /);
      });
    }

    test('a table that cannot be added keeps no other out, and is told by name', async () => {
      await server.query('CREATE ROLE owner_of_some LOGIN REPLICATION');
      const { settings, bindings } = await schemaOf('a_few', 6);
      await server.query(
        `ALTER PUBLICATION a_few OWNER TO owner_of_some; GRANT ALL ON SCHEMA a_few TO owner_of_some;
         GRANT SELECT ON ALL TABLES IN SCHEMA a_few TO owner_of_some;
         ALTER TABLE a_few.t0 OWNER TO owner_of_some; ALTER TABLE a_few.t4 OWNER TO owner_of_some`,
      );
      const alone = bindings.filter(({ resource }) => /[024]$/.test(resource.stream));
      await using sql = new SqlSession(async () => {
        const connection = await server.connect();
        await connection.query('SET ROLE owner_of_some');
        return connection;
      });
      const options = { sql, settings, asPartitions: false, bindings: alone, log };
      for (const repair of [false, true]) {
        await assert.rejects(checkPrerequisites({ ...options, repair }), (error: Error) => {
          assert.match(String(error), /the table a_few\.t2 is not in the publication "a_few"/);
          assert.doesNotMatch(String(error), /a_few\.t[04] /);
          return true;
        });
      }
      const published = await server.query(
        "SELECT tablename FROM pg_publication_tables WHERE pubname = 'a_few' AND tablename <> 'root' ORDER BY 1",
      );
      assert.deepEqual(published, [{ tablename: 't0' }, { tablename: 't4' }]);
    });

    test('a table that is dropped while the publication is listed does not keep the others from being listed', async () => {
      await server.query(
        `CREATE SCHEMA going; CREATE TABLE going.t0 (id int PRIMARY KEY); CREATE TABLE going.t1 (id int PRIMARY KEY);
         CREATE PUBLICATION going FOR ${version < 15 ? 'TABLE going.t0, going.t1' : 'TABLES IN SCHEMA going'}`,
      );
      await using dropping = await server.connect();
      await dropping.query('BEGIN; DROP TABLE going.t1');
      await using sql = new SqlSession(() => server.connect());
      let isListed = false;
      const listing = readPublication(sql, 'going').finally(() => (isListed = true));
      await until('the list, or the wait for the table', async () => {
        return isListed || (await server.query('SELECT FROM pg_locks WHERE NOT granted')).length > 0;
      });
      await dropping.query('COMMIT');
      // Versions before 16 open no table, and list those of before.
      const expected = version < 16 ? ['"going"."t0"', '"going"."t1"'] : ['"going"."t0"'];
      assert.deepEqual([...(await listing).tables].toSorted(), expected);
    });
  });
}
