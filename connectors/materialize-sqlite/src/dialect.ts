// SQLite as a dialect. Tables are STRICT, so that a column holds what its type says, and `ANY` keeps a value exactly
// as it is bound: the types of ordinary tables would turn a decimal of forty digits into the nearest double.

import { TupleDouble, type TupleElement } from '@weir/protocol';
import { type FlatType, flatType } from '@weir/materialize';
import {
  base64Bytes,
  type ColumnType,
  type Dialect,
  exceedsInt64,
  type Migration,
} from '@weir/materialize-sql';

export type SqliteValue = null | number | bigint | string | Uint8Array;
/** From the element of a packed tuple to what is bound. */
export type SqliteConvert = (element: TupleElement) => SqliteValue;

/** Elements of a tuple that are objects or arrays come as the bytes of their JSON. */
function toText(element: TupleElement): SqliteValue {
  if (element === null || typeof element === 'string') return element;
  if (Buffer.isBuffer(element)) return element.toString('utf8');
  if (element instanceof TupleDouble) return String(element.value);
  return Array.isArray(element) ? JSON.stringify(element) : `${element as number | bigint | boolean}`;
}

function toJson(element: TupleElement): SqliteValue {
  return typeof element === 'string' ? JSON.stringify(element) : toText(element);
}

function toInteger(element: TupleElement): SqliteValue {
  if (typeof element === 'boolean') return element ? 1 : 0;
  if (typeof element === 'number') return element;
  const value = toNumeric(element);
  if (typeof value !== 'string') return value;
  throw new TypeError(`${value.slice(0, 50)} is no integer of 64 bits`);
}

function toReal(element: TupleElement): SqliteValue {
  if (element instanceof TupleDouble) return element.value;
  return typeof element === 'bigint' ? Number(element) : toNumeric(element);
}

function toBlob(element: TupleElement): SqliteValue {
  return typeof element === 'string' ? base64Bytes(element) : toText(element);
}

const int64Minimum = -(2n ** 63n);
const int64Maximum = 2n ** 63n - 1n;
const integerText = /^-?\d{1,19}$/;
const plainDecimal = /^-?\d+\.\d+$/;

/**
 * A number as SQLite's own number where that is exact, and as text where it is not: `12.50` becomes 12.5 and sorts
 * and adds up as a number; more than 15 significant digits stay the text that they came as.
 */
function toNumeric(element: TupleElement): SqliteValue {
  if (element instanceof TupleDouble) return element.value;
  if (typeof element === 'number') return Number.isSafeInteger(element) ? BigInt(element) : element;
  if (typeof element === 'bigint') {
    return element >= int64Minimum && element <= int64Maximum ? element : String(element);
  }
  if (typeof element !== 'string') return toText(element);
  if (integerText.test(element)) return toNumeric(BigInt(element));
  const significant = element.replace(/^-?[0.]*/, '').replace('.', '').length;
  return plainDecimal.test(element) && significant <= 15 ? Number(element) : element;
}

const integer: ColumnType<SqliteConvert> = { ddl: 'INTEGER', alsoAccepts: ['INT'], convert: toInteger };
const real: ColumnType<SqliteConvert> = { ddl: 'REAL', convert: toReal };
const text: ColumnType<SqliteConvert> = { ddl: 'TEXT', convert: toText };
const json: ColumnType<SqliteConvert> = { ddl: 'TEXT', convert: toJson };
const blob: ColumnType<SqliteConvert> = { ddl: 'BLOB', convert: toBlob };
const numeric: ColumnType<SqliteConvert> = { ddl: 'ANY', convert: toNumeric };

const types: Readonly<Record<Exclude<FlatType, 'never'>, ColumnType<SqliteConvert>>> = {
  boolean: integer,
  integer,
  number: real,
  string: text,
  binary: blob,
  string_integer: numeric,
  string_number: numeric,
  object: json,
  array: json,
  multiple: json,
};

const cast = (column: string, ddl: string): string => `CAST(${column} AS ${ddl})`;

/** From which types a column can become which, losing nothing. */
const migrations: readonly Migration[] = [
  { from: ['integer', 'int'], to: ['REAL'], cast },
  { from: ['integer', 'int', 'real', 'text'], to: ['ANY'], cast: (column) => column },
  { from: ['integer', 'int', 'real', 'any'], to: ['TEXT'], cast },
];

export const sqlite: Dialect<SqliteConvert> = {
  name: 'SQLite',
  quoteIdentifier: (name) => `"${name.replaceAll('"', '""')}"`,
  quoteLiteral: (literal) => `'${literal.replaceAll("'", "''")}'`,
  serverName: (name) => name,
  locate: (resourcePath) => resourcePath,
  columnType(projection, { isKey, config: { castToString, ddl } }) {
    const flat = flatType(projection, { isKey, castToString });
    if (flat === 'never') return undefined;
    if (ddl !== undefined) return { ...numeric, ddl, isCustom: true };
    if (castToString) return text;
    return flat === 'integer' && exceedsInt64(projection) ? numeric : types[flat];
  },
  migrations,
  caseInsensitiveFields: true,
  caseInsensitiveTables: true,
  maxFieldLength: 0,
  canTruncate: true,
};
