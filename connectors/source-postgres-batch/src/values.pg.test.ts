// Every type on a real server: what discovery says and what a document holds, as snapshots that a person has read.

import {
  matchSnapshot,
  missingPostgres,
  type PostgresServer,
  postgresVersions,
  startPostgres,
} from '@weir/testing';
import { type JsonObject, parseJson, stringifyJson } from '@weir/schema';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BatchHarness, bind, endpointConfig } from '../test/batch-harness.ts';

const columns: readonly (readonly [type: string, ...literals: string[]])[] = [
  ['smallint', "'-32768'", "'32767'"],
  ['integer', "'-2147483648'"],
  ['bigint', "'9223372036854775807'", "'-9223372036854775808'"],
  ['oid', "'4294967295'"],
  ['boolean', 'true', 'false'],
  ['real', "'123.456'", "'0.1'", "'-0'", "'NaN'", "'Infinity'", "'3.4e38'", "'1e-45'"],
  ['double precision', "'123.456'", "'1e20'", "'1e21'", "'1e-7'", "'-Infinity'", "'0.1'"],
  ['numeric', "'123456.7890'", "'NaN'", "'0.00'"],
  ['numeric(200,100)', "'1.5'"],
  ['money', "'123.45'"],
  ['bytea', String.raw`'\x000102ff'`],
  ['bit(4)', "'1011'"],
  ['varchar(20)', `'it''s "quoted"'`],
  ['char(5)', "'ab'"],
  ['text', "E'line\\nbreak \\u00e9 \\u20ac'"],
  ['date', "'2024-02-29'", "'infinity'", "'-infinity'", "'0044-03-15 BC'", "'12024-01-01'"],
  ['timestamp', "'2024-02-29 12:34:56.789'", "'infinity'", "'10000-01-01'"],
  [
    'timestamptz',
    "'2024-02-29 12:34:56.789-05:30'",
    "'1880-01-01 00:00:00-04:56:02'",
    "'infinity'",
    "'9999-12-31 23:59:59-12'",
  ],
  ['time', "'12:34:56.789'", "'24:00:00'"],
  ['timetz', "'14:44:29-05'"],
  ['interval', "'1 year 2 months 3 days 04:05:06'"],
  ['point', "'(1,2)'"],
  ['polygon', "'((0,0),(0,1),(1,0))'"],
  ['inet', "'192.168.1.1'", "'10.0.0.0/8'"],
  ['cidr', "'10.0.0.0/8'"],
  ['macaddr', "'08:00:2b:01:02:03'"],
  ['json', `'{"b": 1.0, "a":  [1, 2]}'`],
  ['jsonb', `'{"b": 1.0, "a":  [1, 2]}'`, "'null'"],
  ['uuid', "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"],
  ['xml', "'<a>1</a>'"],
  ['integer[]', "'{1,NULL,3}'", "'{{1,2},{3,4}}'"],
  ['text[]', `'{"a b",c}'`],
  ['mood', "'happy'"],
  ['pair', `'(1,"x y")'`],
  ['positive', "'5'"],
  ['int4range', "'[1,5)'"],
  ['tsvector', "'a fat cat'"],
];

for (const version of postgresVersions) {
  describe(`values of PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => {
      server = await startPostgres({
        version,
        settings: {
          DateStyle: 'German',
          IntervalStyle: 'iso_8601',
          bytea_output: 'escape',
          timezone: 'Asia/Kolkata',
          lc_monetary: 'C',
        },
      });
      await server.query(`CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TYPE pair AS (a int, b text);
                          CREATE DOMAIN positive AS int CHECK (VALUE > 0)`);
    });
    after(async () => server[Symbol.asyncDispose]());

    test('schemas and documents of every type are those of the snapshot, whatever the settings of the server', async () => {
      await server.query("SET DateStyle = 'ISO'");
      const named = columns.map(([type], index) => `c${String(index).padStart(2, '0')} ${type}`);
      await server.query(`CREATE TABLE types (id int PRIMARY KEY, ${named.join(', ')})`);
      const most = Math.max(...columns.map(([, ...literals]) => literals.length));
      for (let row = 0; row <= most; row += 1) {
        const values = columns.map(([, ...literals]) => literals[row] ?? 'NULL');
        await server.query(`INSERT INTO types VALUES (${row}, ${values.join(', ')})`);
      }
      const config = endpointConfig(server);
      const binding = await bind(config, 'types', { cursor: ['id'] });
      const { properties } = JSON.parse(binding.documentSchema) as { properties: Record<string, object> };
      const capture = new BatchHarness(config, [binding]);
      await capture.poll();
      // As they were written: JSON.parse would round long integers.
      const documents = capture.texts.map((text) => parseJson(text) as JsonObject);
      const lines = columns.map(([type, ...literals], index) => {
        const name = `c${String(index).padStart(2, '0')}`;
        const values = documents
          .slice(0, literals.length + 1)
          .map((document) => stringifyJson(document[name] ?? null));
        return `${type}\n  ${JSON.stringify(properties[name])}\n  ${values.join('  ')}`;
      });
      matchSnapshot(import.meta.url, 'types', `${lines.join('\n')}\n`);
    });

    test('long texts and bytes are cut at 1 MiB, long JSON becomes a placeholder', async () => {
      await server.query(`CREATE TABLE long (id int PRIMARY KEY, t text, b bytea, j json);
        INSERT INTO long VALUES (1, repeat('é', 600000), decode(repeat('00', 1100000), 'hex'),
          to_json(repeat('x', 1100000))), (2, repeat('x', 1048576), '', '1')`);
      const config = endpointConfig(server);
      const [first, second] = await new BatchHarness(config, [await bind(config, 'long')]).poll();
      assert.equal(Buffer.byteLength(String(first?.['t'])), 1_048_576);
      assert.equal(Buffer.from(String(first?.['b']), 'base64').length, 1_048_576);
      assert.deepEqual(first?.['j'], { flow_truncated: true, original_size: 1_100_002 });
      assert.equal(String(second?.['t']).length, 1_048_576);
    });
  });
}
