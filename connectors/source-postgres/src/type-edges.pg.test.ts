// Types within types, types of extensions and values at the edge, under settings of role and database that change how
// the server prints. Each value is written here as the document has it; backfill and replication must give the same bytes.

import { missingPostgres, postgresVersions, startPostgres } from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

/** `since`: the first version of the server that takes the value so. */
type Value = readonly [sql: string, json: string, since?: number];
type Case = readonly [type: string, ...values: readonly Value[]];

const allCases: readonly Case[] = [
  // Domains over domains, over arrays, over enums and composites; arrays of them.
  ['small', ["'7'", '7']],
  ['smaller', ["'8'", '8']],
  ['smaller[]', ["'{8,NULL}'", '[8,null]']],
  ['small_list', ["'[5:6]={1,2}'", '[1,2]'], ["'{}'", '[]']],
  ['calm', ["'so so'", '"so so"']],
  ['calm[]', [`'{sad,"so so"}'`, '["sad","so so"]']],
  ['boxed', [`'(1,"a b")'`, '"(1,\\"a b\\")"']],
  // Enums and composites in arrays of every shape.
  ['mood[]', [`'{{sad,"so so"},{NULL,happy}}'`, '["sad","so so",null,"happy"]']],
  ['pair', [`ROW(-1, NULL)`, '"(-1,)"'], [`ROW(1, 'q"\\,')`, '"(1,\\"q\\"\\"\\\\\\\\,\\")"']],
  ['pair[]', [`ARRAY[ROW(1, 'a,b')]::pair[]`, '["(1,\\"a,b\\")"]']],
  ['nest', [`ROW(ROW(1, 'x'), '{sad}')`, '"(\\"(1,x)\\",{sad})"']],
  ['int4[]', ["'[-2:0]={1,2,3}'", '[1,2,3]'], ["'[0:0][7:8][-1:-1]={{{1},{NULL}}}'", '[1,null]']],
  ['bool[]', ["'{t,f,NULL}'", '[true,false,null]']],
  ['float8[]', ["'{-0,NaN,-Infinity,1e-300}'", '[-0,"NaN","-Infinity",1e-300]']],
  ['bytea[]', [`ARRAY['\\x00ff'::bytea, '']`, '["AP8=",""]']],
  ['json[]', [`ARRAY['{"a" : "\\u00e9\\\\"}'::json, NULL]`, '[{"a":"\\u00e9\\\\"},null]']],
  ['date[]', ["'{infinity,2024-02-29}'", '["9999-12-31","2024-02-29"]']],
  ['timestamptz[]', ["'{2024-01-01 00:00:00+00}'", '["2024-01-01T05:45:00+05:45"]']],
  ['interval[]', ["'{1 day 02:03:04}'", '["1 day 02:03:04"]']],
  ['int4range[]', [`'{"[1,3)",empty}'`, '["[1,3)","empty"]']],
  ['name[]', ["'{a,b}'", '["a","b"]']],
  // Ranges and multiranges.
  ['int8range', ["'(9007199254740993,]'", '"[9007199254740994,)"']],
  ['daterange', ["'[2024-01-01,infinity)'", '"[2024-01-01T00:00:00Z,9999-12-31T23:59:59Z)"']],
  ['tstzrange', [`'["2024-01-01 00:00:00+00",)'`, '"[2024-01-01T05:45:00+05:45,)"']],
  ['floatrange', ["'[1.5,2)'", '"[1.5,2)"']],
  ['int4multirange', ["'{[1,3),[5,7)}'", '"{[1,3),[5,7)}"'], ["'{}'", '"{}"']],
  ['datemultirange', ["'{[2024-01-01,2024-02-01)}'", '"{[2024-01-01,2024-02-01)}"']],
  ['floatmultirange', ["'{[1.5,2)}'", '"{[1.5,2)}"']],
  // Edges of time.
  [
    'date',
    ["'4713-01-01 BC'", '"0000-01-01"'],
    ["'9999-12-31'", '"9999-12-31"'],
    ["'-infinity'", '"0000-01-01"'],
    ["'0001-01-01'", '"0001-01-01"'],
    ["'5874897-12-31'", '"0000-01-01"'],
  ],
  [
    'timestamp',
    ["'0001-12-31 23:59:59 BC'", '"0000-01-01T00:00:00Z"'],
    ["'infinity'", '"9999-12-31T23:59:59Z"'],
    ["'294276-12-31 23:59:59'", '"0000-01-01T00:00:00Z"'],
  ],
  [
    'timestamptz',
    ["'-infinity'", '"0000-01-01T00:00:00Z"'],
    ["'1900-01-01 00:00:00+00'", '"1900-01-01T05:41:00+05:41"'],
  ],
  ['time(0)', ["'24:00:00'", '"00:00:00Z"']],
  ['timetz', ["'23:59:59.5-15:59'", '"23:59:59.5-15:59"']],
  [
    'interval',
    ["'-1 year -2 mons +3 days -04:05:06.789'", '"-1 years -2 mons +3 days -04:05:06.789"'],
    ["'0'", '"00:00:00"'],
  ],
  // Numbers that are none, and signed zero.
  [
    'numeric',
    ["'NaN'", '"NaN"'],
    ["'Infinity'", '"Infinity"', 14],
    ["'-0.00'", '"0.00"'],
    ["'1e-20'", '"0.00000000000000000001"'],
  ],
  [
    'float4',
    ["'-0'", '-0'],
    ["'3.4028235e38'", '3.4028235e+38'],
    ["'1.17549435e-38'", '1.1754944e-38'],
    ["'-Infinity'", '"-Infinity"'],
  ],
  ['float8', ["'5e-324'", '5e-324'], ["'0.30000000000000004'", '0.30000000000000004'], ["'NaN'", '"NaN"']],
  ['money', ["'1234.5'::numeric", '"$1,234.50"'], ["'-0.01'::numeric", '"-$0.01"']],
  // Bits, bytes and letters.
  ['bit(3)', ["B'101'", '"101"']],
  ['bit', ["B'1'", '"1"']],
  ['varbit(70)', [`B'${'10'.repeat(33)}'`, `"${'10'.repeat(33)}"`], ["B''", '""']],
  ['"char"', ["'x'", '"x"'], ["''", '""'], [String.raw`'\377'`, String.raw`"\\377"`, 15]],
  ['bytea', [String.raw`'\x5c00'`, '"XAA="']],
  ['varchar(5)[]', [`'{"a b",é😀}'`, '["a b","é😀"]']],
  ['char(3)', ["'é'", '"é  "']],
  // Ids of the server.
  ['xid', ["'4294967295'", '4294967295']],
  ['xid8', ["'18446744073709551615'", '"18446744073709551615"']],
  ['pg_lsn', ["'FFFFFFFF/FFFFFFFF'", '"FFFFFFFF/FFFFFFFF"']],
  ['oid', ["'4294967295'", '4294967295']],
  ['regtype', ["'int4'", '"integer"']],
  ['regclass', ["'pg_catalog.pg_class'", '"pg_class"']],
  ['oidvector', ["'1 2'", '"1 2"']],
  ['int2vector', ["'-1 2'", '"-1 2"']],
  ['tid', ["'(1,2)'", '"(1,2)"']],
  ['txid_snapshot', ["'10:20:10,14'", '"10:20:10,14"']],
  // Extensions and documents.
  ['citext', ["'CaSe'", '"CaSe"']],
  ['citext[]', ["'{A,b}'", '["A","b"]']],
  ['hstore', [`'a=>1, "b c"=>NULL'`, '"\\"a\\"=>\\"1\\", \\"b c\\"=>NULL"']],
  ['hstore[]', [`ARRAY['a=>1'::hstore]`, '["\\"a\\"=>\\"1\\""]']],
  ['ltree', ["'Top.Science'", '"Top.Science"']],
  ['cube', ["'(1,2),(3,4)'", '"(1, 2),(3, 4)"']],
  ['cube[]', [`ARRAY['(1,2)'::cube]`, '["(1, 2)"]']],
  ['tsvector', [`'a:1A ''it''''s'':2'`, `"'a':1A 'it''s':2"`]],
  ['tsquery', ["'a & !b'", `"'a' & !'b'"`]],
  ['xml', [`'<a b="1">é</a>'`, '"<a b=\\"1\\">é</a>"']],
  ['jsonpath', ["'$.a[*] ? (@ > 1)'", '"$.\\"a\\"[*]?(@ > 1)"']],
  // Networks.
  ['inet', ["'::ffff:1.2.3.4'", '"::ffff:1.2.3.4/128"'], ["'10.1.2.3/8'", '"10.1.2.3/8"']],
  ['cidr', ["'2001:db8::/32'", '"2001:db8::/32"']],
  ['inet[]', ["'{1.2.3.4}'", '["1.2.3.4/32"]']],
  ['macaddr', ["'08-00-2B-01-02-03'", '"08:00:2b:01:02:03"']],
];

const settings = {
  DateStyle: 'SQL, DMY',
  IntervalStyle: 'iso_8601',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  TimeZone: 'Asia/Kathmandu',
  lc_monetary: 'C',
  standard_conforming_strings: 'off',
  client_encoding: 'LATIN1',
  search_path: 'nowhere, pg_catalog',
};

for (const version of postgresVersions) {
  // Multiranges came with 14.
  const cases = allCases
    .filter(([type]) => version >= 14 || !type.endsWith('multirange'))
    .map(([type, ...values]): Case => [type, ...values.filter(([, , since = 0]) => version >= since)]);
  describe(`edges of types of PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    for (const [owner, target] of Object.entries({ role: 'ROLE odd', database: 'DATABASE postgres' })) {
      test(`[G7] values come out the same from backfill and stream under odd settings of the ${owner}`, async () => {
        await using server = await startPostgres({ version });
        await server.query(`
          CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE EXTENSION cube;
          CREATE ROLE odd SUPERUSER LOGIN PASSWORD 'odd';
          CREATE TYPE mood AS ENUM ('sad', 'so so', 'happy'); CREATE TYPE pair AS (n int, t text);
          CREATE TYPE nest AS (p pair, m mood[]); CREATE TYPE floatrange AS RANGE (subtype = float8);
          CREATE DOMAIN small AS int CHECK (VALUE < 100); CREATE DOMAIN smaller AS small;
          CREATE DOMAIN small_list AS smaller[]; CREATE DOMAIN calm AS mood; CREATE DOMAIN boxed AS pair`);
        const name = (index: number) => `c${String(index).padStart(2, '0')}`;
        const columns = cases.map(([type], i) => `${name(i)} ${type}`).join(', ');
        await server.query(
          `CREATE TABLE read (id int PRIMARY KEY, ${columns}); CREATE TABLE streamed (LIKE read INCLUDING ALL)`,
        );
        const most = Math.max(...cases.map((each) => each.length - 1));
        const inserts = (table: string) =>
          Array.from({ length: most }, (_, row) => {
            const values = cases.map(([type, ...values]) => {
              const value = values[row];
              return value === undefined ? 'NULL' : `(${value[0]})::${type}`;
            });
            return `INSERT INTO ${table} VALUES (${row}, ${values.join(', ')})`;
          });
        for (const insert of inserts('read')) await server.query(insert);
        for (const [setting, value] of Object.entries(settings)) {
          const list = setting === 'search_path' ? value : `'${value}'`;
          await server.query(`ALTER ${target} SET ${setting} = ${list}`);
        }
        const config = endpointConfig(server, {
          user: 'odd',
          credentials: { auth_type: 'UserPassword', password: 'odd' },
        });
        await using capture = new CaptureHarness(config, await discoverBindings(config));
        capture.start();
        await capture.untilActive();
        for (const insert of inserts('streamed')) await server.query(insert);
        await capture.until('the streamed rows', () => capture.documents('streamed').length === most);
        const bodies = (table: string) =>
          capture.documents(table).map(({ text }) => text.replace(/"_meta":\{.*?\}\},/, ''));
        const expected = Array.from({ length: most }, (_, row) => {
          const properties = cases.map(([, ...values], i) => `"${name(i)}":${values[row]?.[1] ?? 'null'}`);
          return `{${properties.join(',')},"id":${row}}`;
        });
        const split = (body: string | undefined) => body?.split(/,(?="(?:c\d\d|id)":)/);
        for (const [row, body] of expected.entries()) {
          assert.deepEqual(split(bodies('read')[row]), split(body));
          assert.equal(bodies('streamed')[row], bodies('read')[row]);
        }
      });
    }
  });
}
