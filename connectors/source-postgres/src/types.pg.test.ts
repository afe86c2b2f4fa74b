// Every built-in type, with its edges: read by a backfill, replicated, and the two compared byte for byte. What the
// values look like is in the snapshot.

import { matchSnapshot, missingPostgres, postgresVersions, startPostgres } from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureHarness, discover, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

/** Types that both servers have, and SQL values of them. */
const allValues: Readonly<Record<string, readonly string[]>> = {
  bool: ['true', 'false'],
  int2: ['-32768', '32767'],
  int4: ['-2147483648', '2147483647'],
  int8: ['-9223372036854775808', '9223372036854775807'],
  oid: ['4294967295'],
  float4: ['123.456', "'NaN'", "'-Infinity'", "'-0'", '1e-30'],
  float8: ['0.1', '1e300', "'NaN'", "'Infinity'", "'-0'", '123456789.123456789'],
  numeric: ['0', "'NaN'", '-1.50', '1234567890123456789012345678901234567890.0123456789'],
  'numeric(6,3)': ['0.000', '1.5'],
  money: ["'-92233720368547758.08'", '12.34'],
  text: [`E'tab\\t new\\n line \\\\ "quoted" \\u0001 😀'`, "''"],
  'varchar(10)': ["'short'"],
  'char(5)': ["'ab'"],
  '"char"': ["'x'"],
  name: ["'a name'"],
  bytea: [String.raw`'\x00ff10'`, "''"],
  json: [String.raw`'{"b" : [1, 2.50, "\u0000"], "a": {"b": 1, "b": 2}}'`, "'null'"],
  jsonb: [`'{"b": 1, "a": 1.10}'`, "'[]'"],
  jsonpath: ["'$.name[*]'"],
  xml: ["'<a>1</a>'"],
  uuid: ["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"],
  date: ["'2024-02-29'", "'infinity'", "'-infinity'", "'0044-03-15 BC'", "'12024-01-01'"],
  timestamp: [
    "'2024-01-15 06:30:00.123456'",
    "'2024-01-15 06:30:45'",
    "'infinity'",
    "'0044-03-15 00:00:00 BC'",
  ],
  timestamptz: ["'2024-01-15 06:30:00+02'", "'2024-07-15 06:30:00.5Z'", "'-infinity'"],
  time: ["'14:30:00'", "'23:59:59.999999'"],
  timetz: ["'14:30:00+05:30'", "'00:00:00Z'"],
  interval: ["'14 months 3 days'", "'-5 hours 30 minutes'", "'0'"],
  point: ["'(1,2.5)'"],
  line: ["'{1,2,3}'"],
  lseg: ["'[(1,2),(3,4)]'"],
  box: ["'(1,2),(3,4)'"],
  path: ["'[(1,2),(3,4)]'", "'((1,2),(3,4))'"],
  polygon: ["'((0,0),(0,1),(1,0))'"],
  circle: ["'<(1,2),3>'"],
  inet: ["'192.168.1.1'", "'10.0.0.1/8'", "'2001:4f8:3:ba::1'"],
  cidr: ["'10.0.0.0/8'"],
  macaddr: ["'08:00:2B:01:02:03'"],
  macaddr8: ["'08:00:2b:01:02:03:04:05'"],
  'bit(4)': ["B'0101'"],
  varbit: ["B'010'"],
  tsvector: ["'fat cat'"],
  tsquery: ["'fat & cat'"],
  int4range: ["'[1,10)'", "'empty'", "'(,5]'"],
  numrange: ["'(1.5,2.50]'"],
  tsrange: ["'[2024-01-01 00:00:00,2024-12-31 12:00:00)'"],
  tstzrange: ["'[2024-01-01 00:00:00+00,)'"],
  daterange: ["'[2024-01-01,2024-12-31)'"],
  int4multirange: ["'{[1,3),[5,8)}'"],
  pg_lsn: ["'16/B374D848'"],
  xid8: ["'18446744073709551615'"],
  'int4[]': ["'{1,NULL,3}'", "'{}'", "'{{1,2},{3,4}}'"],
  'text[]': [`ARRAY['a"b', 'c\\d', NULL, 'NULL', '', '{x}']`],
  'jsonb[]': [`ARRAY['{"a": 1}'::jsonb]`],
  'timestamp[]': ["ARRAY['2024-01-15 06:30:00'::timestamp]"],
  'numeric[]': ["'{1.50,NaN}'"],
  'box[]': ["ARRAY['(1,2),(3,4)'::box]"],
  mood: ["'so so'"],
  'mood[]': ["'{sad,NULL}'"],
  pair: [`ROW(1234, 'it''s "x"')`],
  positive: ['7'],
  nested: ['8'],
  document: [`'{"a":  1}'`],
};

for (const version of postgresVersions) {
  // Multiranges came with 14; the snapshot has them.
  const hasMultiranges = version >= 14;
  const values = Object.fromEntries(
    Object.entries(allValues).filter(([type]) => hasMultiranges || !type.endsWith('multirange')),
  );
  describe(`values of PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    test('[G7] a backfill and the change stream give the same bytes for every type, whatever the server prints', async () => {
      await using server = await startPostgres({
        version,
        settings: {
          timezone: 'PST8PDT',
          datestyle: 'german',
          intervalstyle: 'sql_standard',
          bytea_output: 'escape',
          extra_float_digits: '-5',
        },
      });
      await server.query(`
        CREATE TYPE mood AS ENUM ('sad', 'so so', 'happy'); CREATE TYPE pair AS (n int, t text);
        CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE DOMAIN nested AS positive;
        CREATE DOMAIN document AS jsonb`);
      const columns = Object.keys(values).map((type, i) => `c${String(i).padStart(2, '0')} ${type}`);
      const longest = Math.max(...Object.values(values).map((each) => each.length));
      const rows = Array.from({ length: longest }, (_, row) =>
        Object.entries(values).map(([type, each]) => {
          const value = each[row];
          return value === undefined ? 'NULL' : `(${value})::${type}`;
        }),
      );
      const inserts = (table: string) =>
        [...rows, Object.keys(values).map(() => 'NULL')].map(
          (row, id) => `INSERT INTO ${table} VALUES (${id + 1}, ${row.join(', ')})`,
        );
      for (const table of ['read', 'streamed']) {
        await server.query(`CREATE TABLE ${table} (id int PRIMARY KEY, ${columns.join(', ')})`);
      }
      await server.query(`SET datestyle = 'iso'`);
      for (const insert of inserts('read')) await server.query(insert);
      const config = endpointConfig(server);
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      for (const insert of inserts('streamed')) await server.query(insert);
      await capture.until(
        'the streamed rows',
        () => capture.documents('streamed').length === rows.length + 1,
      );
      const bodies = (table: string) =>
        capture.documents(table).map(({ text }) => text.replace(/"_meta":\{.*?\}\},/, ''));
      const read = bodies('read');
      assert.equal(read.length, rows.length + 1);
      for (const [row, body] of read.entries()) assert.equal(bodies('streamed')[row], body);
      const report = Object.keys(values).map((type, i) => {
        const name = `c${String(i).padStart(2, '0')}`;
        const printed = read.slice(0, values[type]?.length).map((body) => propertyText(body, name));
        return `${type}: ${printed.join('  |  ')}`;
      });
      if (hasMultiranges) matchSnapshot(import.meta.url, 'values.txt', report.join('\n'));
    });

    test('discovery proposes a schema for every type, keys of every kind, and leaves generated columns out', async () => {
      await using server = await startPostgres({ version });
      await server.query(`
        CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN positive AS int NOT NULL CHECK (VALUE > 0);
        CREATE SCHEMA "Shop";
        CREATE TABLE "Shop"."Order Lines" (
          order_id int8, line int2, product varchar(40) NOT NULL, price numeric(10, 2), ratio float8, mood mood,
          tags text[], data jsonb, at timestamptz DEFAULT now(), quantity positive,
          total numeric GENERATED ALWAYS AS (price * 2) STORED, PRIMARY KEY (line, order_id));
        COMMENT ON COLUMN "Shop"."Order Lines".price IS 'In euros.';
        CREATE TABLE indexed (a int NOT NULL, b text NOT NULL, c int);
        CREATE UNIQUE INDEX z_full ON indexed (b, a) INCLUDE (c);
        CREATE UNIQUE INDEX a_partial ON indexed (a) WHERE a > 0;
        CREATE UNIQUE INDEX b_nullable ON indexed (c);
        CREATE TABLE keyless (v text);
        CREATE TABLE parts (region text, id int, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
        CREATE TABLE parts_eu PARTITION OF parts FOR VALUES IN ('eu');
        CREATE TABLE float_key (id float8 PRIMARY KEY, v float8);
        CREATE VIEW a_view AS SELECT 1 AS x; CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY);
        CREATE TABLE materialized (id int PRIMARY KEY, flow_published_at timestamptz)`);
      const bindings = await discover(endpointConfig(server));
      const printed = bindings.map((binding) => ({
        ...binding,
        resourceConfig: JSON.parse(binding.resourceConfig) as unknown,
        documentSchema: JSON.parse(binding.documentSchema) as unknown,
      }));
      matchSnapshot(import.meta.url, 'discovered.json', JSON.stringify(printed, undefined, 2));
      const leaves = await discover(endpointConfig(server, { advanced: { capture_as_partitions: true } }));
      assert.deepEqual(
        leaves.map(({ recommendedName }) => recommendedName).filter((name) => name.includes('parts')),
        ['public/parts_eu'],
      );
      const filtered = await discover(
        endpointConfig(server, {
          discoveryFilters: { exclude_schemas: ['public'], table_patterns: ['Order*'] },
        }),
      );
      assert.deepEqual(
        filtered.map(({ recommendedName }) => recommendedName),
        ['shop/order_lines'],
      );
    });
  });
}

/** The bytes of one property, up to the next one's name. */
function propertyText(body: string, name: string): string {
  const start = body.indexOf(`"${name}":`) + name.length + 3;
  const rest = body.slice(start);
  const end = rest.search(/,"(c\d\d|id)":/);
  return rest.slice(0, end);
}
