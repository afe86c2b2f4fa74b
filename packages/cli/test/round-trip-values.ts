// Every type of PostgreSQL with values at its edges, and what becomes of those that do not arrive as they were. The test
// beside it fails when a value changes without a reason here, and when there is a reason and nothing changes.

/** Where a value passes, from the collection on. */
export type Place = 'document' | 'postgres' | 'mysql' | 'mariadb' | 'sqlite';

export const places: readonly Place[] = ['document', 'postgres', 'mysql', 'mariadb', 'sqlite'];

/** By the names that the page gives them. */
export const reasons = {
  years:
    'JSON Schema has years of four digits: infinity is the end of the year 9999, years before 1 and after 9999 are the year 0.',
  'year 0': 'The column begins with the year 1.',
  offset: 'The column has no offset: it is the time of day in UTC.',
  '24:00': 'RFC 3339 has no 24:00:00: it is 00:00:00.',
  dimensions: 'Dimensions are flattened; the flag `multidimensional_arrays` keeps them.',
  zero: 'A field has no negative zero.',
  double: 'The column is a double: some 15 digits. The document has all of them.',
  'no number': 'A double of this server is always a number: the column is null. The document has it.',
  spelling:
    'A column of JSON has the value: of the properties of one name the last, and numbers without zeros at their end.',
  json: "MySQL's type JSON has numbers as doubles, and sorts names.",
  'json null': 'A null of JSON is a null of SQL.',
} as const;

export type Reason = keyof typeof reasons;

export type Losses = Partial<Readonly<Record<Place, Reason>>>;

export type Value = readonly [sql: string, losses?: Losses];

const years: Losses = { document: 'years' };
const beforeYearOne: Losses = { document: 'years', postgres: 'year 0', mysql: 'year 0', mariadb: 'year 0' };
const inDoubles: Losses = { mysql: 'double', mariadb: 'double' };
const noDouble: Losses = { mysql: 'no number', mariadb: 'no number' };
const noSign: Losses = { postgres: 'zero', mysql: 'zero', mariadb: 'zero', sqlite: 'zero' };
const spelling: Losses = { postgres: 'spelling', mysql: 'spelling', mariadb: 'spelling', sqlite: 'spelling' };
const inColumns = (reason: Reason): Losses => ({ postgres: reason, mysql: reason, mariadb: reason });

/** Types of the server that no column of a user has: it lets nobody write a value of them. */
export const unwritable: readonly string[] = [
  'gtsvector',
  'pg_brin_bloom_summary',
  'pg_brin_minmax_multi_summary',
  'pg_dependencies',
  'pg_mcv_list',
  'pg_ndistinct',
  'pg_node_tree',
];

/** Made before the tables. */
export const typesSql = `
  CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE EXTENSION cube;
  CREATE TYPE mood AS ENUM ('sad', 'so so', 'happy'); CREATE TYPE pair AS (n int, t text);
  CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE DOMAIN payload AS jsonb;
  CREATE TYPE floatrange AS RANGE (subtype = float8)`;

export const values: Readonly<Record<string, readonly Value[]>> = {
  boolean: [['true'], ['false']],
  smallint: [['-32768'], ['32767']],
  integer: [['-2147483648'], ['2147483647']],
  bigint: [['-9223372036854775808'], ['9007199254740993'], ['9223372036854775807']],
  oid: [['4294967295']],
  real: [['123.456'], ["'-0'", noSign], ['3.4028235e38'], ["'NaN'", noDouble], ["'Infinity'", noDouble]],
  'double precision': [
    ['0.1'],
    ['5e-324'],
    ['1e300'],
    ["'-0'", noSign],
    ["'NaN'", noDouble],
    ["'-Infinity'", noDouble],
  ],
  numeric: [
    ['0'],
    ['-1.50'],
    ['1e30 + 1', inDoubles],
    ['1234567890123456789012345678901234567890.0123456789', inDoubles],
    ["'NaN'", noDouble],
    ["'Infinity'", noDouble],
  ],
  'numeric(30,6)': [['123456789012345678901234.000001', inDoubles]],
  money: [["'-92233720368547758.08'"], ["'12.34'"]],
  text: [[String.raw`E'tab\t line\n "quoted" \\ \x01 😀 '`], ["''"], [String.raw`'\N'`]],
  'varchar(10)': [["'short'"]],
  'char(5)': [["'ab'"]],
  '"char"': [["'x'"]],
  name: [["'a name'"]],
  citext: [["'CaSe'"]],
  bytea: [[String.raw`'\x00ff0a5c'`], ["''"]],
  json: [
    [String.raw`'{"b" : [1, 2.50, "\u0000"], "a": {"b": 1, "b": 2}}'`, spelling],
    [`'{"n": 10000000000000000000000001}'`, { mysql: 'json' }],
    ["'null'", { document: 'json null' }],
  ],
  jsonb: [[`'{"b": 1, "a": 1.10}'`, spelling], ["'[]'"], [`'"text"'`]],
  payload: [[`'{"a": 1}'`]],
  jsonpath: [["'$.name[*]'"]],
  xml: [['\'<a b="1">é</a>\'']],
  uuid: [["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"]],
  date: [
    ["'2024-02-29'"],
    ["'0001-01-01'"],
    ["'9999-12-31'"],
    ["'infinity'", years],
    ["'-infinity'", beforeYearOne],
    ["'0044-03-15 BC'", beforeYearOne],
    ["'12024-01-01'", beforeYearOne],
  ],
  timestamp: [
    ["'2024-01-15 06:30:00.123456'"],
    ["'infinity'", years],
    ["'0044-03-15 12:00:00 BC'", beforeYearOne],
  ],
  timestamptz: [
    ["'2024-01-15 06:30:00.123456+02'"],
    ["'9999-12-31 23:59:59.999999+00'"],
    ["'infinity'", years],
    ["'-infinity'", beforeYearOne],
  ],
  time: [["'14:30:00'"], ["'23:59:59.999999'"], ["'24:00:00'", { document: '24:00' }]],
  timetz: [["'14:30:00.5+05:30'", inColumns('offset')], ["'00:00:00Z'"]],
  interval: [["'1 year 2 months 3 days 04:05:06.789'"], ["'-5 hours 30 minutes'"], ["'0'"]],
  point: [["'(1,2.5)'"]],
  line: [["'{1,2,3}'"]],
  lseg: [["'[(1,2),(3,4)]'"]],
  box: [["'(1,2),(3,4)'"]],
  path: [["'((1,2),(3,4))'"]],
  polygon: [["'((0,0),(0,1),(1,0))'"]],
  circle: [["'<(1,2),3>'"]],
  inet: [["'192.168.1.1'"], ["'10.0.0.1/8'"], ["'2001:4f8:3:ba::1'"]],
  cidr: [["'10.0.0.0/8'"]],
  macaddr: [["'08:00:2b:01:02:03'"]],
  macaddr8: [["'08:00:2b:01:02:03:04:05'"]],
  'bit(4)': [["B'0101'"]],
  'bit varying': [["B'010'"], ["B''"]],
  tsvector: [["'a:1A fat:2'"]],
  tsquery: [["'fat & !cat'"]],
  int4range: [["'[1,10)'"], ["'empty'"], ["'(,5]'"]],
  int8range: [["'(9007199254740993,]'"]],
  numrange: [["'(1.5,2.50]'"]],
  tsrange: [["'[2024-01-01 00:00:00,2024-12-31 12:00:00.5)'"]],
  tstzrange: [["'[2024-01-01 00:00:00+00,)'"]],
  daterange: [["'[2024-01-01,2024-12-31)'"], ["'[2024-01-01,infinity)'", years]],
  floatrange: [["'[1.5,2)'"]],
  int4multirange: [["'{[1,3),[5,8)}'"]],
  int8multirange: [["'{[9007199254740993,9223372036854775807)}'"]],
  nummultirange: [["'{[1.5,2.50]}'"], ["'{}'"]],
  tsmultirange: [["'{[2024-01-01 00:00:00,2024-12-31 12:00:00.5)}'"]],
  tstzmultirange: [["'{[2024-01-01 00:00:00+00,)}'"]],
  datemultirange: [["'{[2024-01-01,2024-12-31)}'"]],
  pg_lsn: [["'16/B374D848'"]],
  pg_snapshot: [["'10:20:10,14,15'"]],
  txid_snapshot: [["'10:20:10,14,15'"]],
  tid: [["'(4294967295,65535)'"]],
  xid: [["'4294967295'"]],
  xid8: [["'18446744073709551615'"]],
  cid: [["'4294967295'"]],
  int2vector: [["'1 -2 3'"]],
  oidvector: [["'1 4294967295'"]],
  refcursor: [["'a cursor'"]],
  regtype: [["'int4'"], ["'double precision[]'"]],
  regclass: [["'pg_class'"], ["'types'"]],
  regproc: [["'now'"]],
  regprocedure: [["'lower(text)'"]],
  regoper: [["'||/'"]],
  regoperator: [["'+(integer,integer)'"]],
  regcollation: [[`'"C"'`]],
  regconfig: [["'simple'"]],
  regdictionary: [["'simple'"]],
  regnamespace: [["'public'"]],
  regrole: [["'pg_monitor'"]],
  aclitem: [["'=r/postgres'"]],
  hstore: [[`'a=>1, "b c"=>NULL'`]],
  ltree: [["'Top.Science'"]],
  cube: [["'(1,2),(3,4)'"]],
  'integer[]': [["'{1,NULL,3}'"], ["'{}'"], ["'{{1,2},{3,4}}'", { document: 'dimensions' }]],
  'bigint[]': [["'{9223372036854775807}'"]],
  'double precision[]': [["'{0.1,NaN,Infinity}'"]],
  'numeric[]': [["'{1.50,NaN}'"]],
  'text[]': [[String.raw`ARRAY['a"b', 'c\d', NULL, 'NULL', '', '{x}']`]],
  'bytea[]': [[String.raw`ARRAY['\x00ff'::bytea, '']`]],
  'jsonb[]': [[`ARRAY['{"a": 1.0}'::jsonb]`, spelling]],
  'timestamptz[]': [["ARRAY['2024-01-15 06:30:00+00'::timestamptz]"]],
  'uuid[]': [["ARRAY['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid]"]],
  mood: [["'so so'"]],
  'mood[]': [["'{sad,NULL}'"]],
  pair: [[`ROW(1234, 'it''s "x"')`], ['ROW(-1, NULL)']],
  'pair[]': [[`ARRAY[ROW(1, 'a,b')]::pair[]`]],
  positive: [['7']],
};
