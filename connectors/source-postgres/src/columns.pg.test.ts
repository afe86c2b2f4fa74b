// Columns and values that ask for more than their type does: names, sizes, what the server computes, what a publication leaves out.

import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';
import { captureOf } from '../test/schema-capture.ts';

function text(value: unknown): string {
  assert.ok(typeof value === 'string');
  return value;
}

for (const version of postgresVersions) {
  describe(`columns of a capture on PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => (server = await startPostgres({ version })));
    after(async () => server[Symbol.asyncDispose]());

    test('values above 8 MiB are cut or replaced, the same from backfill and stream', async () => {
      const insert = (t: string) =>
        `INSERT INTO ${t} SELECT 1, repeat('x', 8388609), decode(repeat('ff', 8388610), 'hex'),
           ('"' || repeat('j', 8388607) || '"')::json, ('"' || repeat('j', 8388607) || '"')::jsonb;
         INSERT INTO ${t} SELECT 2, repeat('x', 8388608), decode(repeat('ff', 8388608), 'hex'),
           ('"' || repeat('j', 8388606) || '"')::json, ('"' || repeat('j', 8388606) || '"')::jsonb;`;
      const table = (t: string) =>
        `CREATE TABLE ${t} (id int PRIMARY KEY, t text, b bytea, j json, jb jsonb);`;
      await using capture = await captureOf(
        server,
        'oversized',
        `${table('read')} ${table('streamed')} ${insert('read')}`,
      );
      await capture.untilActive();
      await server.query(insert('streamed'));
      await capture.until('the streamed rows', () => capture.documents('streamed').length === 2);
      for (const t of ['read', 'streamed']) {
        const [over, exact] = capture.rows(t);
        assert.deepEqual(
          [over?.['j'], over?.['jb']],
          [
            { flow_truncated: true, original_size: 8_388_609 },
            { flow_truncated: true, original_size: 8_388_609 },
          ],
        );
        assert.equal(text(exact?.['j']).length, 8_388_606);
        for (const row of [over, exact]) {
          assert.equal(text(row?.['t']).length, 8_388_608);
          assert.equal(Buffer.from(text(row?.['b']), 'base64').length, 8_388_608);
        }
      }
    });

    test('generated columns are in no schema, no row, no update and no delete', async () => {
      await using capture = await captureOf(
        server,
        'generated',
        `CREATE TABLE t (id int PRIMARY KEY, v int, twice int GENERATED ALWAYS AS (v * 2) STORED);
         INSERT INTO t VALUES (1, 1)`,
      );
      await capture.untilActive();
      await server.query(
        'INSERT INTO t VALUES (2, 2); UPDATE t SET v = 3 WHERE id = 2; DELETE FROM t WHERE id = 1',
      );
      await capture.until('the delete', () => capture.committed.length === 4);
      assert.doesNotMatch(capture.bindings[0]?.documentSchema ?? '', /twice/);
      assert.doesNotMatch(capture.committed.map(({ text }) => text).join('\n'), /twice/);
      assert.deepEqual(capture.rows('t'), [{ id: 2, v: 3 }]);
    });

    test('lone surrogates in JSON become U+FFFD in values and keys, pairs and escaped backslashes stay', async () => {
      const json = String.raw`{"a":"\ud83d","\udC00k":"x\ud83d\ude00y","b":"\\ud83d","c":["\uDE00\uD83D"]}`;
      await using capture = await captureOf(
        server,
        'surrogates',
        `CREATE TABLE t (id int PRIMARY KEY, j json); INSERT INTO t VALUES (1, $j$${json}$j$)`,
      );
      await capture.untilActive();
      await server.query(`INSERT INTO t VALUES (2, $j$${json}$j$)`);
      await capture.until('the insert', () => capture.committed.length === 2);
      const expected = { a: '�', '�k': 'x😀y', b: String.raw`\ud83d`, c: ['��'] };
      assert.deepEqual(
        capture.rows('t').map((row) => row['j']),
        [expected, expected],
      );
    });

    test('a key whose name has a slash, a tilde and quotes, and a column named table, are read and followed', async () => {
      const key = 'a/b~"c\'';
      await using capture = await captureOf(
        server,
        'tricky',
        `CREATE TABLE "table" ("a/b~""c'" int PRIMARY KEY, "table" text); INSERT INTO "table" VALUES (1, 'read'), (2, 'read')`,
        { advanced: { backfill_chunk_size: 1 } },
      );
      assert.deepEqual(capture.bindings[0]?.key, [`/a~1b~0"c'`]);
      await capture.untilActive();
      await server.query(
        `INSERT INTO "table" VALUES (3, 'new'); UPDATE "table" SET "table" = 'changed' WHERE "a/b~""c'" = 1; DELETE FROM "table" WHERE "a/b~""c'" = 2`,
      );
      await capture.until('the delete', () => capture.committed.length === 5);
      assert.deepEqual(capture.rows('table'), [
        { [key]: 1, table: 'changed' },
        { [key]: 3, table: 'new' },
      ]);
    });

    test(
      'virtual generated columns are in no schema and no row',
      { skip: version < 18 && 'of version 18' },
      async () => {
        await using capture = await captureOf(
          server,
          'virtual',
          `CREATE TABLE t (id int PRIMARY KEY, v int, twice int GENERATED ALWAYS AS (v * 2) VIRTUAL); INSERT INTO t VALUES (1, 1)`,
        );
        await capture.untilActive();
        await server.query(
          'INSERT INTO t VALUES (2, 2); UPDATE t SET v = 3 WHERE id = 2; DELETE FROM t WHERE id = 1',
        );
        await capture.until('the delete', () => capture.committed.length === 4);
        assert.doesNotMatch(capture.bindings[0]?.documentSchema ?? '', /twice/);
        assert.doesNotMatch(capture.committed.map(({ text: json }) => json).join('\n'), /twice/);
        assert.deepEqual(capture.rows('t'), [{ id: 2, v: 3 }]);
      },
    );

    const hasNoFilters = version < 15 && 'since version 15';
    test(
      'what a publication leaves out of rows and columns is not followed, and all else is',
      { skip: hasNoFilters },
      async () => {
        await server.query(`CREATE SCHEMA narrow; SET search_path = narrow;
        CREATE TABLE columns (id int PRIMARY KEY, shown int, hidden int); CREATE TABLE rows (id int PRIMARY KEY, v int);
        INSERT INTO columns VALUES (1, 1, 1); INSERT INTO rows VALUES (1, 1), (100, 1);
        CREATE PUBLICATION narrow FOR TABLE columns (id, shown), rows WHERE (id < 10)`);
        const config = endpointConfig(server, {
          advanced: { slotName: 'narrow', publicationName: 'narrow', discover_schemas: ['narrow'] },
        });
        await using capture = new CaptureHarness(config, await discoverBindings(config));
        capture.start();
        await capture.untilActive();
        assert.deepEqual(capture.rows('columns'), [{ hidden: 1, id: 1, shown: 1 }]);
        assert.equal(capture.rows('rows').length, 2);
        await server.query(`UPDATE narrow.rows SET v = 2; INSERT INTO narrow.rows VALUES (200, 2), (2, 2);
                          UPDATE narrow.columns SET shown = 2, hidden = 2; INSERT INTO narrow.columns VALUES (2, 3, 3)`);
        await capture.until('the changes', () => capture.committed.length === 7);
        assert.deepEqual(
          capture.committed.slice(3).map(({ table, document: { _meta, ...row } }) => [table, _meta.op, row]),
          [
            ['rows', 'u', { id: 1, v: 2 }],
            ['rows', 'c', { id: 2, v: 2 }],
            ['columns', 'u', { id: 1, shown: 2 }],
            ['columns', 'c', { id: 2, shown: 3 }],
          ],
        );
      },
    );

    test('numbers that the server gives by itself are schemas, rows and changes as any others', async () => {
      await using capture = await captureOf(
        server,
        'serials',
        `CREATE TABLE t (id serial PRIMARY KEY, small smallserial, big bigserial, always int GENERATED ALWAYS AS IDENTITY, v text);
         INSERT INTO t (v) VALUES ('read'); SELECT setval('t_big_seq', 9223372036854775805)`,
      );
      await capture.untilActive();
      await server.query("INSERT INTO t (v) VALUES ('streamed')");
      await capture.until('the change', () => capture.documents('t').length === 2);
      assert.deepEqual(
        capture.documents('t').map(({ text: bytes }) => bytes.replace(/"_meta":\{.*?\}\},/, '')),
        [
          '{"always":1,"big":1,"id":1,"small":1,"v":"read"}',
          '{"always":2,"big":9223372036854775806,"id":2,"small":2,"v":"streamed"}',
        ],
      );
      const [binding] = capture.bindings;
      const properties = (
        JSON.parse(binding?.documentSchema ?? '{}') as {
          $defs: Record<string, { properties: Record<string, { type: unknown }> }>;
        }
      ).$defs;
      const columns = Object.values(properties)[0]?.properties ?? {};
      assert.deepEqual(
        ['id', 'small', 'big', 'always'].map((column) => columns[column]?.type),
        ['integer', 'integer', 'integer', 'integer'],
      );
    });
  });
}
