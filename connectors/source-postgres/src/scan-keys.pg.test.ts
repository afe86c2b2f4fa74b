// A backfill of one row a chunk over a key of each type: every row comes once, in the order of the server, and a chunk
// finds its place again from the packed key. Then one that goes on with a state that another capture of Flow wrote.

import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

/** By name of a table: key type, SQL values in no order, and the keys as the documents have them, in order. */
const keys: Readonly<
  Record<string, readonly [type: string, values: readonly string[], expected: readonly unknown[]]>
> = {
  bool: ['boolean', ['true', 'false'], [false, true]],
  integer: ['integer', ['0', '-1', '2147483647', '-2147483648', '7'], [-2147483648, -1, 0, 7, 2147483647]],
  smallint: ['smallint', ['32767', '-32768', '0'], [-32768, 0, 32767]],
  bigint: ['bigint', ['9007199254740992', '-5', '0'], [-5, 0, 9007199254740992]],
  serial: ['serial', ['2', '1'], [1, 2]],
  smallserial: ['smallserial', ['2', '1'], [1, 2]],
  bigserial: ['bigserial', ['2', '1'], [1, 2]],
  real: ['real', ['1', '-0.9', '-1', '0', '1e10'], ['-1', '-0.9', '0', '1', '10000000000']],
  double: ['double precision', ['1.5', "'NaN'", '-1', "'-Infinity'"], ['-Infinity', '-1', '1.5', 'NaN']],
  decimal: [
    'decimal',
    ['0', '-1.0', '99999999999999999999.5', '0.1'],
    ['-1.0', '0', '0.1', '99999999999999999999.5'],
  ],
  numeric: ['numeric(4,3)', ['0.9', '-0.9', '0', '1.001'], ['-0.900', '0.000', '0.900', '1.001']],
  varchar: ['varchar(9)', ["'b'", "''", "'a b'", "'B'"], []],
  char: ['char(3)', ["'b'", "'a'"], ['a  ', 'b  ']],
  text: ['text', ["'ü'", "'z'", "'a''\\'"], []],
  uuid: [
    'uuid',
    ["'ffffffff-0000-4000-8000-000000000000'", "'00000000-0000-4000-8000-000000000001'"],
    ['00000000-0000-4000-8000-000000000001', 'ffffffff-0000-4000-8000-000000000000'],
  ],
  mac6: [
    'macaddr',
    ["'08:00:2b:01:02:04'", "'08:00:2b:01:02:03'"],
    ['08:00:2b:01:02:03', '08:00:2b:01:02:04'],
  ],
  mac8: [
    'macaddr8',
    ["'08:00:2b:01:02:03:04:06'", "'08:00:2b:01:02:03:04:05'"],
    ['08:00:2b:01:02:03:04:05', '08:00:2b:01:02:03:04:06'],
  ],
  oid: ['oid', ['4294967295', '1'], [1, 4294967295]],
  stamp: [
    'timestamp',
    ["'2024-01-01 00:00:00.2'", "'2024-01-01 00:00:00.123456'", "'2023-01-01'", "'infinity'"],
    ['2023-01-01T00:00:00Z', '2024-01-01T00:00:00.123456Z', '2024-01-01T00:00:00.2Z', '9999-12-31T23:59:59Z'],
  ],
  zoned: [
    'timestamptz',
    ["'2024-11-03 05:30:00Z'", "'2024-11-03 06:15:00Z'"],
    ['2024-11-03T01:30:00-04:00', '2024-11-03T01:15:00-05:00'],
  ],
  day: [
    'date',
    ["'2024-02-29'", "'5874897-12-31'", "'0044-03-15 BC'"],
    ['0000-01-01', '2024-02-29', '0000-01-01'],
  ],
  bytes: ['bytea', [String.raw`'\x00ff'`, String.raw`'\x00'`], ['AA==', 'AP8=']],
  network: ['inet', ["'10.0.0.2'", "'10.0.0.0/8'", "'9.1.1.1'"], ['9.1.1.1/32', '10.0.0.0/8', '10.0.0.2/32']],
  span: ['interval', ["'1 day'", "'2 hours'"], ['02:00:00', '1 day']],
  bits: ['bit(4)', ["B'1000'", "B'0111'"], ['0111', '1000']],
  mood: ['mood', ["'happy'", "'sad'", "'ok'"], ['sad', 'ok', 'happy']],
  limits: ['int4range', ["'[5,9)'", "'[1,3)'"], ['[1,3)', '[5,9)']],
};

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

for (const version of postgresVersions) {
  describe(`keys of backfills on PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(
      async () => (server = await startPostgres({ version, settings: { timezone: 'America/New_York' } })),
    );
    after(async () => server[Symbol.asyncDispose]());

    for (const connections of [1, 3]) {
      test(`one row a chunk, every row comes once and in the order of the server, for keys of every type, with ${connections} reading`, async () => {
        const schema = connections === 1 ? 'one' : 'several';
        await server.query(
          `CREATE SCHEMA ${schema}; SET search_path = ${schema}; CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')`,
        );
        for (const [name, [type, values]] of Object.entries(keys)) {
          const rows = values.map((value, i) => `(${value}, ${i})`).join(', ');
          await server.query(
            `CREATE TABLE k_${name} (k ${type} PRIMARY KEY, n int); INSERT INTO k_${name} VALUES ${rows}`,
          );
        }
        await server.query(
          `CREATE TABLE k_pair (i int, m mood, PRIMARY KEY (m, i)); INSERT INTO k_pair VALUES (1, 'ok'), (2, 'sad'), (0, 'ok'), (1, 'sad')`,
        );
        const config = endpointConfig(server, {
          advanced: {
            backfill_chunk_size: 1,
            backfill_connections: connections,
            slotName: schema,
            publicationName: schema,
            discover_schemas: [schema],
          },
        });
        await using capture = new CaptureHarness(config, await discoverBindings(config));
        capture.start();
        // In the middle, so that places are read from the state too.
        await capture.until('some rows', () => capture.committed.length > 20);
        await capture.kill();
        capture.start();
        await capture.untilActive();
        for (const [name, [, values, expected]] of Object.entries(keys)) {
          const seen = capture.documents(`k_${name}`).map(({ document }) => document['n']);
          const rows = await server.query(`SELECT n FROM ${schema}.k_${name} ORDER BY k`);
          assert.deepEqual(
            seen,
            rows.map(({ n }) => Number(n)),
            name,
          );
          assert.equal(seen.length, values.length);
          if (expected.length === 0) continue;
          assert.deepEqual(
            capture.documents(`k_${name}`).map(({ document }) => document['k']),
            expected,
            name,
          );
        }
        assert.deepEqual(
          capture.documents('k_pair').map(({ document }) => [document['m'], document['i']]),
          [
            ['sad', 1],
            ['sad', 2],
            ['ok', 0],
            ['ok', 1],
          ],
        );
      });
    }

    test('a composite key of texts and numbers resumes after each row, with empty texts, blanks and negatives', async () => {
      await server.query(`CREATE SCHEMA two; SET search_path = two; CREATE TABLE t (a varchar(20), b int, PRIMARY KEY (a, b));
        INSERT INTO t SELECT a, b FROM unnest(ARRAY['', ' ', 'a', 'A b']) a, unnest(ARRAY[-2, -1, 0, 5]) b`);
      const config = endpointConfig(server, {
        advanced: {
          backfill_chunk_size: 1,
          slotName: 'two',
          publicationName: 'two',
          discover_schemas: ['two'],
        },
      });
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      const rows = await server.query('SELECT a, b FROM two.t ORDER BY a, b');
      assert.deepEqual(
        capture.documents('t').map(({ document }) => [document['a'], document['b']]),
        rows.map(({ a, b }) => [a, Number(b)]),
      );
    });

    test('a key that is written anew with another scale in the middle of a precise backfill is not lost', async () => {
      await server.query(`CREATE SCHEMA four; SET search_path = four; CREATE TABLE t (a numeric, b int, PRIMARY KEY (a, b));
        INSERT INTO t SELECT round(a / 100.0, 2), b FROM generate_series(-10, 10) a, generate_series(1, 3) b`);
      const config = endpointConfig(server, {
        advanced: {
          backfill_chunk_size: 1,
          slotName: 'four',
          publicationName: 'four',
          discover_schemas: ['four'],
        },
      });
      const bindings = await discoverBindings(config, { t: { mode: 'Precise' } });
      await using capture = new CaptureHarness(config, bindings);
      capture.start();
      await capture.until('a third of the rows', () => capture.committed.length >= 20);
      await capture.kill();
      await server.query('UPDATE four.t SET a = a + 0.0000000');
      capture.start();
      await capture.untilActive();
      const rows = await server.query('SELECT a, b FROM four.t ORDER BY a, b');
      const seen = capture
        .rows('t')
        .toSorted((x, y) => Number(x['a']) - Number(y['a']) || Number(x['b']) - Number(y['b']));
      assert.deepEqual(
        seen.map(({ a, b }) => [a, Number(b)]),
        rows.map(({ a, b }) => [a, Number(b)]),
      );
    });

    test('a backfill goes on from a state that another capture of Flow wrote', async () => {
      await server.query(`CREATE SCHEMA three; SET search_path = three; CREATE TABLE t (a text, b int, v text, PRIMARY KEY (a, b));
        INSERT INTO t SELECT a, b, 'old' FROM unnest(ARRAY['A', 'B', 'C']) a, generate_series(1, 8) b`);
      const config = endpointConfig(server, {
        advanced: {
          backfill_chunk_size: 3,
          slotName: 'three',
          publicationName: 'three',
          discover_schemas: ['three'],
        },
      });
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      await capture.kill('SIGTERM');
      const before = capture.committed.length;
      // ("B", 4) has been read. What comes after it is read again; what changes anywhere is streamed.
      capture.state = {
        cursor: capture.state['cursor'],
        bindingStateV1: {
          'three%2Ft': {
            mode: 'UnfilteredBackfill',
            key_columns: ['a', 'b'],
            scanned: 'AkIAFQQ=',
            backfilled: 12,
          },
        },
      };
      await server.query(
        `UPDATE t SET v = 'new' WHERE b = 1; DELETE FROM t WHERE b = 2; INSERT INTO t VALUES ('A', 9, 'new'), ('C', 9, 'new')`,
      );
      capture.start();
      await capture.untilActive();
      const seen = capture.committed.slice(before).map(({ document: { a, b, v, _meta } }) => {
        const { op, source } = _meta;
        return `${source.snapshot === true ? 'read' : op} ${text(a)} ${text(b)} ${text(v)}`.trim();
      });
      assert.deepEqual(seen.slice(0, 8).toSorted(), [
        'c A 9 new',
        'c C 9 new',
        'd A 2',
        'd B 2',
        'd C 2',
        'u A 1 new',
        'u B 1 new',
        'u C 1 new',
      ]);
      const read = [
        'B 5 old',
        'B 6 old',
        'B 7 old',
        'B 8 old',
        'C 1 new',
        'C 3 old',
        'C 4 old',
        'C 5 old',
        'C 6 old',
        'C 7 old',
        'C 8 old',
        'C 9 new',
      ];
      assert.deepEqual(
        seen.slice(8),
        read.map((row) => `read ${row}`),
      );
      const state = (capture.state['bindingStateV1'] as Record<string, { backfilled: number }>)['three%2Ft'];
      assert.equal(state?.backfilled, 24);
    });
  });
}
