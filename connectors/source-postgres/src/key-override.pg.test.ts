// Backfills along columns of the resource's own choice (`primary_key`), or of a collection's key that no index keeps unique.

import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig, validate } from '../test/capture-harness.ts';

const NOT_UNIQUE = /SQL_KEY_NOT_UNIQUE: the rows of \S+ cannot be read along /;

/** Tables by what keeps their `k` from telling rows apart: none of the rows is to be passed over. */
const faulty: Readonly<Record<string, string>> = {
  repeated: 'CREATE TABLE t (id int PRIMARY KEY, k int NOT NULL); CREATE INDEX ON t (k)',
  nullable: 'CREATE TABLE t (id int PRIMARY KEY, k int UNIQUE)',
  partial: 'CREATE TABLE t (id int PRIMARY KEY, k int NOT NULL); CREATE UNIQUE INDEX ON t (k) WHERE k > 10',
  computed: 'CREATE TABLE t (id int PRIMARY KEY, k int NOT NULL); CREATE UNIQUE INDEX ON t (k, (id % 7))',
  wider: 'CREATE TABLE t (id int PRIMARY KEY, k int NOT NULL, UNIQUE (k, id))',
  parts: `CREATE TABLE t (id int, k int NOT NULL, PRIMARY KEY (id, k)) PARTITION BY RANGE (id);
          CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (50); CREATE TABLE t2 PARTITION OF t DEFAULT;
          CREATE UNIQUE INDEX ON t1 (k); CREATE UNIQUE INDEX ON t2 (k)`,
  caseless: `CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
             CREATE TABLE t (id int PRIMARY KEY, k text COLLATE caseless NOT NULL); CREATE UNIQUE INDEX ON t (k COLLATE "C")`,
};

for (const version of postgresVersions) {
  describe(`columns of the resource on PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => (server = await startPostgres({ version })));
    after(async () => server[Symbol.asyncDispose]());

    async function captureOf(
      schema: string,
      sql: string,
      resource: Record<string, unknown>,
      key?: readonly string[],
    ): Promise<CaptureHarness> {
      await server.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${sql}`);
      const advanced = {
        slotName: schema,
        publicationName: schema,
        discover_schemas: [schema],
        backfill_chunk_size: 3,
      };
      const config = endpointConfig(server, { advanced });
      const bindings = await discoverBindings(config, { t: resource });
      return new CaptureHarness(
        config,
        bindings.map((binding) => ({ ...binding, key: key ?? binding.key })),
      );
    }

    test('[G1] columns that do not tell rows apart are refused, before anything is captured and at a start', async () => {
      for (const [name, sql] of Object.entries(faulty)) {
        await using capture = await captureOf(name, sql, { mode: 'Normal', primary_key: ['k'] });
        assert.match(await validate(capture.config, capture.bindings), NOT_UNIQUE, name);
        capture.start();
        assert.match(await capture.failure(), NOT_UNIQUE, name);
      }
      if (version < 18) return;
      const unsettled = `CREATE TABLE t (id int PRIMARY KEY, k int UNIQUE); ALTER TABLE t ADD NOT NULL k NOT VALID`;
      await using capture = await captureOf('unsettled', unsettled, { primary_key: ['k'] });
      assert.match(await validate(capture.config, capture.bindings), /"k" may be NULL/);
    });

    test("[G1] so are those of a collection's key of one's own, unless the table is read page by page", async () => {
      const sql = `CREATE TABLE t (id int NOT NULL, k int); ALTER TABLE t REPLICA IDENTITY FULL;
                   INSERT INTO t SELECT i, CASE WHEN i % 2 = 0 THEN i END FROM generate_series(1, 20) i`;
      await using keyed = await captureOf('own_key', sql, { mode: '' }, ['/id']);
      assert.match(await validate(keyed.config, keyed.bindings), NOT_UNIQUE);
      const [binding] = keyed.bindings;
      assert.ok(binding !== undefined);
      const resource = { ...binding.resource, mode: 'Without Primary Key' };
      assert.equal(await validate(keyed.config, [{ ...binding, resource }]), '');
      keyed.bindings = [{ ...binding, resource }];
      keyed.start();
      await keyed.untilActive();
      assert.equal(keyed.rows('t').length, 20);
    });

    test('columns with a unique index among them are read along, whatever kind of index it is', async () => {
      const tables = {
        deferred: 'CREATE TABLE t (id int PRIMARY KEY, k int NOT NULL UNIQUE DEFERRABLE, n int NOT NULL)',
        included:
          'CREATE TABLE t (id int PRIMARY KEY, k int NOT NULL, n int NOT NULL); CREATE UNIQUE INDEX ON t (k) INCLUDE (n)',
        divided: `CREATE TABLE t (id int, k int, n int NOT NULL, PRIMARY KEY (k, id)) PARTITION BY RANGE (k);
                  CREATE UNIQUE INDEX ON t (k); CREATE TABLE t1 PARTITION OF t DEFAULT`,
      };
      for (const [name, sql] of Object.entries(tables)) {
        const rows = 'INSERT INTO t SELECT i, -i, i % 3 FROM generate_series(1, 20) i';
        await using capture = await captureOf(name, `${sql}; ${rows}`, { primary_key: ['n', 'k'] });
        assert.equal(await validate(capture.config, capture.bindings), '', name);
        capture.start();
        await capture.untilActive();
        assert.equal(capture.rows('t').length, 20, name);
      }
    });

    test('[G1] a unique index that goes in the middle of a backfill ends it, rather than rows be passed over', async () => {
      const sql = `CREATE TABLE t (id int PRIMARY KEY, k int NOT NULL); CREATE UNIQUE INDEX here ON t (k);
                   INSERT INTO t SELECT i, i FROM generate_series(1, 60) i`;
      await using capture = await captureOf('going', sql, { primary_key: ['k'] });
      capture.start();
      await capture.until('some rows', () => capture.committed.length >= 9);
      await capture.kill();
      await server.query('DROP INDEX going.here');
      capture.start();
      assert.match(await capture.failure(), NOT_UNIQUE);
    });

    for (const mode of ['', 'Normal', 'Precise']) {
      test(`[G1] a large value is there when an update moved its row to where the scan had been, in mode ${mode === '' ? 'automatic' : mode}`, async () => {
        const schema = `large_${mode.toLowerCase()}`;
        const sql = `CREATE TABLE t (id int PRIMARY KEY, name text UNIQUE NOT NULL, v int, big text);
                     ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
                     INSERT INTO t SELECT i, 'n' || lpad(i::text, 3, '0'), 0, repeat('x', 5000) FROM generate_series(1, 60) i`;
        await using capture = await captureOf(schema, sql, { mode, primary_key: ['name'] });
        capture.start();
        await capture.until('a third of the rows', () => capture.committed.length >= 20);
        await capture.kill();
        await server.query(`UPDATE ${schema}.t SET name = 'a' || id, v = 1 WHERE id IN (5, 59, 60)`);
        await server.query(`UPDATE ${schema}.t SET v = 2 WHERE id IN (6, 58)`);
        capture.start();
        await capture.untilActive();
        const rows = await server.query(
          `SELECT id, name, v, length(big) AS big FROM ${schema}.t ORDER BY id`,
        );
        assert.deepEqual(
          capture
            .rows('t')
            .toSorted((a, b) => Number(a['id']) - Number(b['id']))
            .map(({ id, name, v, big }) => [id, name, v, typeof big === 'string' ? big.length : big]),
          rows.map(({ id, name, v, big }) => [Number(id), name, Number(v), Number(big)]),
        );
        // Once the table has been read, nothing is asked of it any more.
        await server.query(`UPDATE ${schema}.t SET v = 3 WHERE id = 1`);
        await capture.until('the last update', () => capture.rows('t').some(({ v }) => v === 3));
        const last = capture.documents('t').at(-1)?.document;
        assert.deepEqual([last?.['v'], last?.['big']], [3, undefined]);
      });
    }
  });
}
