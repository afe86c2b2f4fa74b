// A column of every type, or nearly: how its random values are drawn, and how the server itself says what JSON they are.

import { type PostgresVersion, type RandomValue, randomPostgres as values } from '@weir/testing';
import {
  asBase64,
  asDate,
  asElementsOf,
  asJson,
  asNumber,
  asRangeOf,
  asText,
  asTime,
  asTimestamp,
  asTimestamptz,
  asTimetz,
  dateBound,
  type JsonSql,
  timestampBound,
  timestamptzBound,
  withoutSpace,
} from './documented-json.ts';

export interface TypedColumn {
  readonly type: string;
  readonly value: RandomValue;
  readonly json: JsonSql;
  /** The first version of the server that has the type, or these values of it. */
  readonly since?: PostgresVersion;
  /** What separates its values in an array. */
  readonly delimiter?: string;
  readonly extension?: string;
}

/** Before the tables. */
export const typeDefinitions = `
  CREATE TYPE mood AS ENUM ('sad', 'so so', 'it''s "fine", \\ or {not}', 'NULL', '😀');
  CREATE TYPE pair AS (n int, t text);
  CREATE TYPE nest AS (p pair, m mood[], r int4range, at timestamptz);
  CREATE TYPE floatrange AS RANGE (subtype = float8);
  CREATE DOMAIN small AS int;
  CREATE DOMAIN smaller AS small CHECK (VALUE IS NULL OR VALUE <> 77);
  CREATE DOMAIN small_list AS smaller[];
  CREATE DOMAIN calm AS mood;
  CREATE DOMAIN boxed AS pair;
  CREATE DOMAIN document AS jsonb;
  CREATE DOMAIN instant AS timestamptz;
  CREATE DOMAIN price AS numeric(12, 2);
`;

const mood: RandomValue = (random) => random.pick(['sad', 'so so', `it's "fine", \\ or {not}`, 'NULL', '😀']);
const pair = values.rowOf(values.int4, values.text);

const scalars: readonly TypedColumn[] = [
  { type: 'bool', value: values.bool, json: asJson },
  { type: 'int2', value: values.int2, json: asJson },
  { type: 'int4', value: values.int4, json: asJson },
  { type: 'int8', value: values.int8, json: asJson },
  { type: 'oid', value: values.oid, json: asNumber },
  { type: 'xid', value: values.oid, json: asNumber },
  { type: 'cid', value: values.oid, json: asNumber },
  { type: 'float4', value: values.float4, json: asJson },
  { type: 'float8', value: values.float8, json: asJson },
  { type: 'numeric', value: values.numeric, json: asText },
  { type: 'money', value: values.money, json: asText },
  { type: 'text', value: values.text, json: asText },
  { type: 'varchar(30)', value: values.text, json: asText },
  { type: 'varchar', value: values.text, json: asText },
  // A cast from char(n) to text loses the blanks.
  { type: 'char(12)', value: values.limitedText(12), json: (v) => asText(`rpad(${v}, 12)`) },
  { type: '"char"', value: values.singleByte, json: asText },
  { type: 'name', value: values.name, json: asText },
  { type: 'bytea', value: values.bytea, json: asBase64 },
  { type: 'json', value: values.json, json: withoutSpace },
  { type: 'jsonb', value: values.jsonb, json: withoutSpace },
  { type: 'jsonpath', value: values.jsonpath, json: asText },
  { type: 'xml', value: values.xml, json: asText },
  { type: 'uuid', value: values.uuid, json: asJson },
  { type: 'date', value: values.date, json: asDate },
  { type: 'timestamp', value: values.timestamp, json: asTimestamp },
  { type: 'timestamptz', value: values.timestamptz, json: asTimestamptz },
  { type: 'time', value: values.time, json: asTime },
  { type: 'timetz', value: values.timetz, json: asTimetz },
  { type: 'interval', value: values.interval, json: asText },
  { type: 'point', value: values.point, json: asText },
  { type: 'line', value: values.line, json: asText },
  { type: 'lseg', value: values.lseg, json: asText },
  { type: 'box', value: values.box, json: asText, delimiter: ';' },
  { type: 'path', value: values.path, json: asText },
  { type: 'polygon', value: values.polygon, json: asText },
  { type: 'circle', value: values.circle, json: asText },
  // The cast to text always has the length of the prefix.
  { type: 'inet', value: values.inet, json: asText },
  { type: 'cidr', value: values.cidr, json: asText },
  { type: 'macaddr', value: values.macaddr, json: asText },
  { type: 'macaddr8', value: values.macaddr8, json: asText },
  { type: 'bit(9)', value: values.bits(9, 9), json: asText },
  { type: 'varbit', value: values.bits(0, 90), json: asText },
  { type: 'tsvector', value: values.tsvector, json: asText },
  { type: 'tsquery', value: values.tsquery, json: asText },
  { type: 'pg_lsn', value: values.pgLsn, json: asText },
  { type: 'xid8', value: values.xid8, json: asText },
  { type: 'mood', value: mood, json: asText },
  { type: 'pair', value: pair, json: asText },
  {
    type: 'nest',
    value: values.rowOf(pair, values.arrayOf(mood), values.integerRange(-9n, 9n), values.timestamptz),
    json: asText,
  },
  { type: 'int4range', value: values.integerRange(-(2n ** 31n), 2n ** 31n - 1n), json: asText },
  { type: 'int8range', value: values.integerRange(-(2n ** 63n), 2n ** 63n - 1n), json: asText },
  { type: 'numrange', value: values.numericRange, json: asText },
  { type: 'floatrange', value: values.floatRange, json: asText },
  { type: 'daterange', value: values.dateRange, json: asRangeOf(dateBound) },
  { type: 'tsrange', value: values.timestampRange, json: asRangeOf(timestampBound) },
  { type: 'tstzrange', value: values.timestamptzRange, json: asRangeOf(timestamptzBound) },
  { type: 'smaller', value: values.integer(-100n, 70n), json: asJson },
  { type: 'calm', value: mood, json: asText },
  { type: 'boxed', value: pair, json: asText },
  { type: 'document', value: values.jsonb, json: withoutSpace },
  { type: 'instant', value: values.timestamptz, json: asTimestamptz },
  { type: 'price', value: values.limitedNumeric(12, 2), json: asText },
  { type: 'citext', value: values.text, json: asText, extension: 'citext' },
  { type: 'hstore', value: values.hstore, json: asText, extension: 'hstore' },
  {
    type: 'ltree',
    value: (random) => random.list(1, 4, () => random.pick(['Top', 'a_1', 'Z'])).join('.'),
    json: asText,
    extension: 'ltree',
  },
  {
    type: 'geometry',
    value: (random) => `SRID=4326;POINT(${random.between(-180, 180)} ${random.between(-90, 90) / 7})`,
    json: asText,
    delimiter: ':',
    extension: 'postgis',
  },
  { type: 'regtype', value: (random) => random.pick(['int4', 'text[]', 'pair', 'mood']), json: asText },
  {
    type: 'regclass',
    value: (random) => random.pick(['pg_class', 'pg_type', 'pg_catalog.pg_roles']),
    json: asText,
  },
];

function arrayColumn({ type, value, json, delimiter, ...rest }: TypedColumn): TypedColumn {
  return { ...rest, type: `${type}[]`, value: values.arrayOf(value, delimiter), json: asElementsOf(json) };
}

const others: readonly TypedColumn[] = [
  { type: 'numeric(38,9)', value: values.limitedNumeric(38, 9), json: asText },
  { type: 'numeric(5,5)', value: values.limitedNumeric(5, 5), json: asText },
  { type: 'numeric(5,-3)', value: values.limitedNumeric(5, -3), json: asText, since: 15 },
  { type: 'numeric', value: values.numericWithInfinity, json: asText, since: 14 },
  { type: 'interval', value: values.intervalWithInfinity, json: asText, since: 17 },
  { type: 'timestamp(0)', value: values.timestamp, json: asTimestamp },
  { type: 'timestamptz(3)', value: values.timestamptz, json: asTimestamptz },
  { type: 'time(2)', value: values.time, json: asTime },
  { type: 'small_list', value: values.arrayOf(values.integer(-100n, 70n)), json: asElementsOf(asJson) },
  {
    type: 'int4multirange',
    value: values.multirangeOf(values.integerRange(-99n, 99n)),
    json: asText,
    since: 14,
  },
  { type: 'nummultirange', value: values.multirangeOf(values.numericRange), json: asText, since: 14 },
  { type: 'datemultirange', value: values.multirangeOf(values.dateRange), json: asText, since: 14 },
  { type: 'tstzmultirange', value: values.multirangeOf(values.timestamptzRange), json: asText, since: 14 },
  { type: 'floatmultirange', value: values.multirangeOf(values.floatRange), json: asText, since: 14 },
  {
    type: 'int8multirange[]',
    value: values.arrayOf(values.multirangeOf(values.integerRange(-(2n ** 63n), 2n ** 63n - 1n))),
    json: asElementsOf(asText),
    since: 14,
  },
];

/** Of these arrays some part would be lost on the way to the server, or back. */
const withoutArray = new Set(['"char"']);

export function typedColumns(version: PostgresVersion): readonly TypedColumn[] {
  const arrays = scalars.filter(({ type }) => !withoutArray.has(type)).map(arrayColumn);
  return [...scalars, ...others, ...arrays].filter(({ since = 0 }) => since <= version);
}
