// From the text of a value, as the server sends it in COPY and in replication alike, to JSON bytes. One writer per
// column, chosen once: the same bytes from both sources by construction. The settings of `sessionSettings` must hold.

import { compactJson, type JsonBuffer } from '@weir/json-bytes';
import { createArrayWriter } from './array.ts';
import { writeBytea } from './bytea.ts';
import { usualFloat, writeFloat, writeFloatKey } from './float.ts';
import { isTextType, oids, underDomains, type PgType } from './pg-type.ts';
import { createRangeWriter } from './range.ts';
import {
  clock,
  clockAsMicros,
  clockWithZone,
  date,
  dateAsTimestamp,
  quoted,
  timestamp,
  timestampWithZone,
  usualDate,
  usualTimestamp,
  usualTimestampWithZone,
} from './temporal.ts';
import { MAX_VALUE_BYTES, writeString, writeText, writeVerbatim } from './text.ts';
import { changedInPlace, type TextCopy } from './text-copy.ts';
import { standardStyle, type ValueStyle } from './value-style.ts';

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

/** Writes the value in `bytes[start, end)`, which is not null, as one JSON value. */
export type ValueWriter = (out: JsonBuffer, bytes: Buffer, start: number, end: number) => void;

/** What both connections of a capture set, so that the text of values is the one that is read here. */
export const sessionSettings = {
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '3',
  client_encoding: 'UTF8',
} as const;

export interface ValueOptions {
  /** A floating-point column of the collection's key is a string without an exponent, since a key is never a float. */
  readonly isKey?: boolean;
  readonly style?: ValueStyle;
}

export function compileValueWriter(type: PgType, options: ValueOptions = {}): ValueWriter {
  const bare = underDomains(type);
  const style = options.style ?? standardStyle;
  if (bare.kind === 'array' && bare.inner !== undefined) {
    const element = compileValueWriter(bare.inner, { style });
    return createArrayWriter(element, underDomains(bare.inner).delimiter, style.arrays);
  }
  switch (bare.oid) {
    case oids.bool:
      return writeBoolean;
    case oids.int2:
    case oids.int4:
    case oids.int8:
    case oids.oid:
    case oids.xid:
    case oids.cid:
      return writeVerbatim;
    case oids.float4:
    case oids.float8:
      return options.isKey === true ? writeFloatKey : writeFloat;
    case oids.bytea:
      return writeBytea;
    case oids.json:
    case oids.jsonb:
      return writeJson;
    case oids.date:
      return style.dateAsDate ? writeDate : quoted(dateAsTimestamp);
    case oids.timestamp:
      return writeTimestamp;
    case oids.timestamptz:
      return writeTimestampWithZone;
    case oids.time:
      return style.timeAsTime ? quoted(clock) : clockAsMicros;
    case oids.timetz:
      return quoted(clockWithZone);
    case oids.inet:
    case oids.cidr:
      return writeAddress;
    case oids.int4range:
    case oids.int8range:
    case oids.numrange:
      return createRangeWriter((out, bytes, start, end) => out.raw(bytes, start, end));
    case oids.daterange:
      return createRangeWriter(dateAsTimestamp);
    case oids.tsrange:
      return createRangeWriter(timestamp);
    case oids.tstzrange:
      return createRangeWriter(timestampWithZone);
    default:
      return isTextType(bare) ? writeText : writeString;
  }
}

const writeDate = quoted(date);
const writeTimestamp = quoted(timestamp);
const writeTimestampWithZone = quoted(timestampWithZone);
const writeBoolean = changedInPlace(changeBoolean, writeVerbatim);

/** `t` or `f`. */
function changeBoolean(document: Uint8Array, start: number): number {
  const letters = document[start] === 0x74 ? TRUE : FALSE;
  for (let index = 0; index < letters.length; index += 1) document[start + index] = letters[index] ?? 0;
  return start + letters.length;
}

const copies = new Map<ValueWriter, TextCopy>(
  [
    { write: writeVerbatim, isQuoted: false, change: undefined, mostBytes: Infinity },
    { write: writeString, isQuoted: true, change: undefined, mostBytes: Infinity },
    { write: writeText, isQuoted: true, change: undefined, mostBytes: MAX_VALUE_BYTES },
    { write: writeBoolean, isQuoted: false, change: changeBoolean, mostBytes: 1 },
    { write: writeFloat, isQuoted: false, change: usualFloat, mostBytes: Infinity },
    { write: writeDate, isQuoted: true, change: usualDate, mostBytes: Infinity },
    { write: writeTimestamp, isQuoted: true, change: usualTimestamp, mostBytes: Infinity },
    { write: writeTimestampWithZone, isQuoted: true, change: usualTimestampWithZone, mostBytes: Infinity },
  ].map(({ write, ...copy }) => [write, copy]),
);

/** Undefined for values that are made anew. */
export function textCopyOf(write: ValueWriter): TextCopy | undefined {
  return copies.get(write);
}

function writeJson(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  if (end - start > MAX_VALUE_BYTES) {
    out.ascii(`{"flow_truncated":true,"original_size":${end - start}}`);
  } else compactJson(out, bytes, start, end);
}

/** An inet without its prefix length is a host. */
function writeAddress(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  let isV6 = false;
  let hasPrefix = false;
  for (let index = start; index < end; index += 1) {
    if (bytes[index] === 0x3a) isV6 = true;
    else if (bytes[index] === 0x2f) hasPrefix = true;
  }
  out.byte(0x22);
  out.raw(bytes, start, end);
  if (!hasPrefix) out.ascii(isV6 ? '/128' : '/32');
  out.byte(0x22);
}
