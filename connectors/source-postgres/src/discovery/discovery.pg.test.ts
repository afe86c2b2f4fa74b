// What discovery finds, and by which key. Each test has schemas of its own.

import { connectTo, SqlSession } from '@weir/postgres';
import { decodeConfig } from '@weir/schema';
import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { discover, endpointConfig } from '../../test/capture-harness.ts';
import { sourceSettings } from '../config.ts';
import { connectionFactory } from '../connection.ts';
import { endpointSchema } from '../endpoint-schema.ts';
import { discoverBindings } from './discover.ts';

for (const version of postgresVersions) {
  describe(`discovery on PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => (server = await startPostgres({ version })));
    after(async () => server[Symbol.asyncDispose]());

    /** Names of the tables that discovery finds under these settings. */
    async function tables(changes: Record<string, unknown>): Promise<string[]> {
      const text = JSON.stringify(endpointConfig(server, changes));
      const config = decodeConfig(endpointSchema, text, { what: 'the config' });
      const settings = sourceSettings(config);
      const connect = connectionFactory(connectTo(config), settings);
      await using sql = new SqlSession(() => connect('sql'));
      const bindings = await discoverBindings(sql, config, settings, { warn: () => undefined });
      return bindings.map(({ recommendedName }) => recommendedName);
    }

    test('filters by schema and pattern, tables without a grant, no views and no system tables', async () => {
      await server.query(`
        CREATE SCHEMA alpha; CREATE SCHEMA beta; CREATE ROLE guest LOGIN REPLICATION PASSWORD 'guest';
        CREATE TABLE alpha.events (id int PRIMARY KEY); CREATE TABLE alpha.my_events (id int PRIMARY KEY);
        CREATE TABLE beta.events (id int PRIMARY KEY); CREATE TABLE beta.users (id int PRIMARY KEY);
        CREATE VIEW alpha.a_view AS SELECT 1 AS x; CREATE MATERIALIZED VIEW alpha.seen AS SELECT 1 AS x`);
      const [all, own] = [
        ['alpha/events', 'alpha/my_events', 'beta/events', 'beta/users'],
        ['alpha', 'beta'],
      ];
      const filtered = (discoveryFilters: Record<string, unknown>, advanced: Record<string, unknown> = {}) =>
        tables({ discoveryFilters, advanced: { publicationName: 'none_yet', ...advanced } });
      const cases: [Record<string, unknown>, string[]][] = [
        [{ include_schemas: own }, all],
        [{ include_schemas: own, exclude_schemas: ['alpha'] }, ['beta/events', 'beta/users']],
        [{ include_schemas: own, exclude_schemas: own }, []],
        [{ include_schemas: own, table_patterns: ['events'] }, ['alpha/events', 'beta/events']],
        [
          { include_schemas: own, table_patterns: ['*events'] },
          ['alpha/events', 'alpha/my_events', 'beta/events'],
        ],
        [{ include_schemas: own, table_patterns: ['users', 'my_*'] }, ['alpha/my_events', 'beta/users']],
        [{ table_patterns: ['alpha.events'] }, ['alpha/events']],
        [{ table_patterns: ['alpha.*'] }, ['alpha/events', 'alpha/my_events']],
        [{ include_schemas: own, table_patterns: ['*.events'] }, ['alpha/events', 'beta/events']],
        [
          { exclude_schemas: ['beta'], include_schemas: own, table_patterns: ['*events'] },
          ['alpha/events', 'alpha/my_events'],
        ],
        [{ table_patterns: ['no_such_table'] }, []],
      ];
      for (const [filters, expected] of cases)
        assert.deepEqual(await filtered(filters), expected, JSON.stringify(filters));
      assert.deepEqual(await filtered({}, { discover_schemas: ['beta'] }), ['beta/events', 'beta/users']);
      assert.deepEqual(await filtered({ include_schemas: ['alpha'] }, { discover_schemas: ['beta'] }), all);
      const unfiltered = await filtered({});
      assert.ok(all.every((name) => unfiltered.includes(name)));
      assert.ok(unfiltered.every((name) => !/^(pg_|information_schema)|a_view|seen/.test(name)));
      const asGuest = await tables({
        user: 'guest',
        credentials: { auth_type: 'UserPassword', password: 'guest' },
        discoveryFilters: { include_schemas: own },
        advanced: { publicationName: 'none_yet' },
      });
      assert.deepEqual(asGuest, all);
    });

    test('a composite key in its order, comments, JSON, and names with blanks and slashes', async () => {
      await server.query(`
        CREATE SCHEMA complex; SET search_path = complex;
        CREATE TABLE "a b/c" (k1 int NOT NULL, "k 2" text NOT NULL, "with/slash" json, doc jsonb NOT NULL, PRIMARY KEY ("k 2", k1));
        COMMENT ON COLUMN "a b/c"."with/slash" IS 'What "it" says.'; COMMENT ON COLUMN "a b/c".k1 IS 'The first.'`);
      const config = endpointConfig(server, {
        advanced: { discover_schemas: ['complex'], publicationName: 'none_yet' },
      });
      const [found] = await discover(config);
      assert.deepEqual(
        [found?.recommendedName, found?.key, found?.isFallbackKey],
        ['complex/a_b_c', ['/k 2', '/k1'], false],
      );
      const { $defs } = JSON.parse(found?.documentSchema ?? '') as { $defs: Record<string, unknown> };
      assert.deepEqual($defs['ComplexA_B_c'], {
        type: 'object',
        required: ['k 2', 'k1'],
        $anchor: 'ComplexA_B_c',
        properties: {
          'k 2': { type: 'string', description: '(source type: non-nullable text)' },
          k1: { type: 'integer', description: 'The first. (source type: non-nullable int4)' },
          'with/slash': {
            contentMediaType: 'application/json',
            description: 'What "it" says. (source type: json)',
          },
          doc: {
            contentMediaType: 'application/vnd.estuary.postgresql.jsonb+json',
            description: '(source type: non-nullable jsonb)',
          },
        },
      });
    });

    test('the primary key wins over an index, and an index stands in only if it is unique and never null', async () => {
      await server.query(`
        CREATE SCHEMA keys; SET search_path = keys;
        CREATE TABLE pk_and_index (k1 int, k2 int NOT NULL, PRIMARY KEY (k1)); CREATE UNIQUE INDEX ON pk_and_index (k2);
        CREATE TABLE index_only (k1 int NOT NULL, k2 int NOT NULL); CREATE UNIQUE INDEX ON index_only (k2, k1);
        CREATE TABLE nullable_index (k1 int, k2 int NOT NULL); CREATE UNIQUE INDEX ON nullable_index (k2, k1);
        CREATE TABLE nonunique_index (k1 int NOT NULL); CREATE INDEX ON nonunique_index (k1);
        CREATE TABLE nothing (k1 int NOT NULL)`);
      const config = endpointConfig(server, {
        advanced: { discover_schemas: ['keys'], publicationName: 'none_yet' },
      });
      const found = await discover(config);
      const keyless = [['/_meta/source/loc/0', '/_meta/source/loc/1', '/_meta/source/loc/2'], true];
      assert.deepEqual(
        Object.fromEntries(
          found.map(({ recommendedName, key, isFallbackKey }) => [recommendedName, [key, isFallbackKey]]),
        ),
        {
          'keys/index_only': [['/k2', '/k1'], true],
          'keys/nonunique_index': keyless,
          'keys/nothing': keyless,
          'keys/nullable_index': keyless,
          'keys/pk_and_index': [['/k1'], false],
        },
      );
    });

    test('two levels of partitions are found as leaves, beside tables that have none', async () => {
      await server.query(`
        CREATE SCHEMA parted; SET search_path = parted;
        CREATE TABLE p (region text, day date) PARTITION BY LIST (region);
        CREATE TABLE p_eu PARTITION OF p FOR VALUES IN ('eu') PARTITION BY RANGE (day);
        CREATE TABLE p_eu_a PARTITION OF p_eu FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE TABLE p_eu_b PARTITION OF p_eu FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
        CREATE TABLE p_us PARTITION OF p FOR VALUES IN ('us'); CREATE TABLE plain (n int PRIMARY KEY)`);
      const found = await tables({
        advanced: {
          capture_as_partitions: true,
          discover_schemas: ['parted'],
          publicationName: 'none_yet',
        },
      });
      assert.deepEqual(found, ['parted/p_eu_a', 'parted/p_eu_b', 'parted/p_us', 'parted/plain']);
    });
  });
}
