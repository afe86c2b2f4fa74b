import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BatchHarness, bind, connector, discover, endpointConfig } from '../test/batch-harness.ts';

for (const version of postgresVersions) {
  describe(
    `discovery for a batch capture of PostgreSQL ${version}`,
    { skip: missingPostgres(version) },
    () => {
      let server: PostgresServer;
      before(async () => (server = await startPostgres({ version })));
      after(async () => server[Symbol.asyncDispose]());

      const column = (documents: readonly Record<string, unknown>[], name: string) =>
        documents.map((document) => document[name]);

      test('views are discovered only if asked for, and read whole until they get a cursor', async () => {
        await server.query(`CREATE TABLE viewed (id int PRIMARY KEY); INSERT INTO viewed VALUES (1), (2);
                          CREATE VIEW a_view AS SELECT id, id * 2 AS double FROM viewed`);
        const plain = (await discover(endpointConfig(server))).map(({ resourcePath }) => resourcePath.join());
        assert.equal(plain.includes('a_view'), false);
        const config = endpointConfig(server, { discover_views: true });
        const binding = await bind(config, 'a_view');
        assert.equal('cursor' in binding.resource, false);
        const capture = new BatchHarness(config, [
          { ...binding, resource: { ...binding.resource, cursor: ['id'] } },
        ]);
        assert.deepEqual(column(await capture.poll(), 'double'), [2, 4]);
        await server.query('INSERT INTO viewed VALUES (3)');
        assert.deepEqual(column(await capture.poll(), 'double'), [6]);
      });

      test('schemas choose what is discovered, and keys are primary keys in their order', async () => {
        await server.query(`CREATE SCHEMA "Sales";
        CREATE TABLE "Sales".keys (d date, a int, c uuid, b text, e bool, v int, PRIMARY KEY (c, a, e, b, d))`);
        const found = await discover(endpointConfig(server, { discover_schemas: ['Sales'] }));
        assert.deepEqual(
          found.map(({ recommendedName, key, resource }) => [recommendedName, key, resource]),
          [
            [
              'sales/keys',
              ['/c', '/a', '/e', '/b', '/d'],
              { name: 'sales_keys', schema: 'Sales', table: 'keys', cursor: ['txid'] },
            ],
          ],
        );
        assert.deepEqual(await discover(endpointConfig(server, { discover_schemas: ['none'] })), []);
      });

      test('foreign tables and materialized views are not discovered, which is told, and one that is bound is refused', async () => {
        await server.query(`CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.here (id int PRIMARY KEY);
          CREATE MATERIALIZED VIEW elsewhere.matter AS SELECT 1 AS id;
          CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER abroad FOREIGN DATA WRAPPER nothing;
          CREATE FOREIGN TABLE elsewhere.foreign_one (id int) SERVER abroad`);
        const config = endpointConfig(server, { discover_schemas: ['elsewhere'], discover_views: true });
        await using driver = connector();
        driver.send({
          kind: 'discover',
          connectorType: 'IMAGE',
          config: JSON.stringify(config),
          name: 'acme/pg',
        });
        const { bindings } = await driver.expect('discovered');
        assert.deepEqual(
          bindings.map(({ resourcePath }) => resourcePath.join()),
          ['elsewhere_here'],
        );
        driver.kill('SIGTERM');
        await driver.exited;
        const told = driver.logs.filter(({ message }) => message.includes('is not discovered'));
        assert.deepEqual(told.map(({ level, fields }) => `${level} ${String(fields['table'])}`).toSorted(), [
          'warn foreign_one',
          'warn matter',
        ]);
        const binding = await bind(config, 'elsewhere_here', { table: 'foreign_one' });
        const capture = new BatchHarness(config, [binding]);
        await assert.rejects(
          capture.poll(),
          /PG_NO_TRANSACTION_IDS: .*"foreign_one" is a view or a foreign table/,
        );
      });

      test('schemas of tables are told at the start, unless the flag says no', async () => {
        await server.query('CREATE TABLE told (id int PRIMARY KEY, v text)');
        for (const [flags, count] of [
          ['', 1],
          ['emit_sourced_schemas', 1],
          ['no_emit_sourced_schemas', 0],
        ] as const) {
          const config = endpointConfig(server, { feature_flags: flags });
          const capture = new BatchHarness(config, [await bind(config, 'told')]);
          await capture.poll();
          assert.equal(capture.schemas.length, count, flags);
        }
      });
    },
  );
}
