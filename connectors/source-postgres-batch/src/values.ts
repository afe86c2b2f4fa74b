// How values look in documents of this connector. Where it says nothing else they are those of change data capture; what
// differs does so because collections in use have these forms: dates are the timestamps of their midnight, instants are in
// UTC, arrays and addresses and times are what the server prints, float4 has the digits of the double it becomes.

import { compactJson, type JsonBuffer } from '@weir/json-bytes';
import {
  columnSchema,
  type ColumnType,
  compileValueWriter,
  isTextType,
  type PgType,
  underDomains,
  type ValueWriter,
} from '@weir/postgres';
import type { CursorValue } from '@weir/sqlbatch';

/** Longer texts and byte strings are cut here; longer JSON values are replaced by a placeholder. */
export const MAX_VALUE_BYTES = 1 << 20;

const numberNames = new Set(['int2', 'int4', 'int8', 'oid', 'xid', 'cid']);
const commonNames = new Set([...numberNames, 'bool', 'timestamp']);

export function compileBatchWriter(type: PgType, isKey: boolean): ValueWriter {
  const bare = underDomains(type);
  if (bare.kind !== 'base') return writeString;
  if (isTextType(bare)) return writeCutText;
  switch (bare.name) {
    case 'float4':
    case 'float8': {
      const common = compileValueWriter(bare, { isKey });
      return isKey ? common : createFloatWriter(bare.name === 'float4', common);
    }
    case 'bytea': {
      const common = compileValueWriter(bare);
      // `\x`, then two digits a byte.
      return (out, bytes, start, end) =>
        common(out, bytes, start, Math.min(end, start + 2 + 2 * MAX_VALUE_BYTES));
    }
    case 'json':
    case 'jsonb':
      return writeJson;
    case 'date':
      return writeDate;
    case 'timestamptz':
      return writeInstant;
    default:
      return commonNames.has(bare.name) ? compileValueWriter(bare) : writeString;
  }
}

function writeString(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  out.string(bytes, start, end);
}

function writeCutText(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  let cut = Math.min(end, start + MAX_VALUE_BYTES);
  // 10xxxxxx continues a character.
  while (cut < end && cut > start && ((bytes[cut] ?? 0) & 0xc0) === 0x80) cut -= 1;
  out.string(bytes, start, cut);
}

function writeJson(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  if (end - start > MAX_VALUE_BYTES) out.ascii(`{"flow_truncated":true,"original_size":${end - start}}`);
  else compactJson(out, bytes, start, end);
}

/** As JavaScript prints doubles: an exponent only from 1e21 on and below 1e-6. */
function createFloatWriter(isSingle: boolean, common: ValueWriter): ValueWriter {
  return (out, bytes, start, end) => {
    const text = bytes.toString('latin1', start, end);
    const value = isSingle ? Math.fround(Number(text)) : Number(text);
    const isPlain = !Number.isFinite(value) || Object.is(value, -0) || (!isSingle && !text.includes('e'));
    if (isPlain) common(out, bytes, start, end);
    else out.ascii(String(value));
  };
}

const DASH = 0x2d;
const LETTER_C = 0x43;
const LETTER_I = 0x69;

/** `infinity` is the last second of 9999; years before 1 and after 9999 and `-infinity` are the year 0000. */
function writeSentinel(out: JsonBuffer, bytes: Buffer, start: number): void {
  out.ascii(bytes[start] === LETTER_I ? '"9999-12-31T23:59:59Z"' : '"0000-01-01T00:00:00Z"');
}

function isPlainDate(bytes: Buffer, start: number, end: number): boolean {
  return end - start >= 10 && bytes[start + 4] === DASH && bytes[end - 1] !== LETTER_C;
}

function writeDate(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  if (end - start !== 10 || !isPlainDate(bytes, start, end)) return writeSentinel(out, bytes, start);
  out.byte(0x22);
  out.raw(bytes, start, end);
  out.ascii('T00:00:00Z"');
}

/** In UTC, whatever the zone of the server. */
function writeInstant(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  if (!isPlainDate(bytes, start, end)) return writeSentinel(out, bytes, start);
  const text = bytes.toString('latin1', start, end);
  const match = /^(.{10}) (\d\d:\d\d:\d\d)(\.\d+)?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/.exec(text);
  if (match === null) return writeSentinel(out, bytes, start);
  const [, day, time, fraction = '', sign, hours, minutes, seconds] = match;
  const offset = Number(hours) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
  const local = Date.parse(`${day}T${time}Z`);
  const utc = new Date(local - (sign === '-' ? -offset : offset) * 1000);
  const year = utc.getUTCFullYear();
  if (year < 0 || year > 9999) return writeSentinel(out, bytes, start);
  out.ascii(`"${utc.toISOString().slice(0, 19)}${fraction}Z"`);
}

/** What a cursor value is stored as. */
export function cursorValueOf(type: PgType, text: string): CursorValue {
  const { kind, name } = underDomains(type);
  if (kind !== 'base') return text;
  if (name === 'bool') return text === 't';
  if (numberNames.has(name)) {
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : BigInt(text);
  }
  if (name !== 'float4' && name !== 'float8') return text;
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

const withoutFormat = new Set(['time', 'timetz']);
const anything = new Set(['oid', 'citext']);

/** The schema of a column's values, with its description. */
export function batchColumnSchema(column: ColumnType): JsonSchema {
  const bare = underDomains(column.type);
  const schema = columnSchema(column);
  const isUntyped = schema['type'] === undefined || bare.kind === 'array' || anything.has(bare.name);
  if (bare.name === 'json' || bare.name === 'jsonb') return { description: schema['description'] };
  if (isUntyped) {
    const name = bare.kind === 'array' ? `_${bare.inner?.name ?? ''}` : bare.name;
    return {
      description: `using catch-all schema (unknown type ${JSON.stringify(name)}) ${String(schema['description'])}`,
    };
  }
  if (bare.kind !== 'base') return schema;
  if (bare.name === 'date') return { ...schema, format: 'date-time' };
  if (!withoutFormat.has(bare.name)) return schema;
  const { format: _, ...rest } = schema;
  return rest;
}
