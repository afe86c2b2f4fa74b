// The protocol's JSON to messages, by their tables. Embedded JSON is cut out, not parsed, so its numbers survive.

import { readBase64 } from './base64.ts';
import type { EnumDescriptor, Field, FieldType, MessageDescriptor } from './descriptor.ts';
import { errors } from './errors.ts';
import { standsForExplicitZero } from './explicit-zero.ts';
import { isJsonName, isJsonNull, JsonArrayCursor, JsonObjectCursor } from './json-slice.ts';
import { EXPLICIT_ZERO_CHECKPOINT } from './materialize.ts';
import { assign, assignEntry, defaultMessage } from './message-value.ts';
import type { MessageValue, ReadOptions } from './message-value.ts';
import { enumName } from './proto-read.ts';

const BACKSLASH = 0x5c;

/** The member name between `start` and `end`, with its escapes resolved. */
export function jsonKey(bytes: Buffer, start: number, end: number): string {
  let isAscii = true;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === BACKSLASH) return parseText(bytes, start - 1, end + 1);
    if (byte >= 0x80) isAscii = false;
  }
  return bytes.toString(isAscii ? 'latin1' : 'utf8', start, end);
}

function wrong(expected: string, bytes: Buffer, start: number, end: number): Error {
  const shown = bytes.toString('utf8', start, Math.min(end, start + 60));
  return errors.PROTOCOL_MALFORMED({ message: `Expected ${expected}, found ${shown}.` });
}

function parseText(bytes: Buffer, start: number, end: number): string {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8', start, end));
  } catch {
    throw wrong('a string', bytes, start, end);
  }
  if (typeof value !== 'string') throw wrong('a string', bytes, start, end);
  return value;
}

/** A number, or a string that holds one. */
function numeral(bytes: Buffer, start: number, end: number): string {
  return bytes[start] === 0x22 ? parseText(bytes, start, end) : bytes.toString('latin1', start, end);
}

export function readJsonUint32(bytes: Buffer, start: number, end: number): number {
  const text = numeral(bytes, start, end);
  const value = text === '' ? Number.NaN : Number(text);
  if (value >>> 0 !== value) throw wrong('an unsigned 32-bit integer', bytes, start, end);
  return value;
}

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

export function readJsonBool(bytes: Buffer, start: number, end: number): boolean {
  const isTrue = isJsonName(bytes, start, end, TRUE);
  if (!isTrue && !isJsonName(bytes, start, end, FALSE)) throw wrong('a boolean', bytes, start, end);
  return isTrue;
}

/** Base64 has nothing to escape but '/', which some writers do. */
export function readJsonBytes(bytes: Buffer, start: number, end: number): Buffer {
  if (bytes[start] !== 0x22) throw wrong('base64', bytes, start, end);
  for (let at = start + 1; at < end - 1; at++) {
    if (bytes[at] !== BACKSLASH) continue;
    const text = Buffer.from(parseText(bytes, start, end));
    return readBase64(text, 0, text.length);
  }
  return readBase64(bytes, start + 1, end - 1);
}

function readInt64(bytes: Buffer, start: number, end: number): bigint {
  const text = numeral(bytes, start, end);
  if (!/^-?\d+$/.test(text)) throw wrong('a 64-bit integer', bytes, start, end);
  return BigInt(text);
}

function readDouble(bytes: Buffer, start: number, end: number): number {
  const text = numeral(bytes, start, end);
  const value = Number(text);
  if (text === '' || (Number.isNaN(value) && text !== 'NaN')) throw wrong('a number', bytes, start, end);
  return value;
}

function readEnum(descriptor: EnumDescriptor, bytes: Buffer, start: number, end: number): string {
  if (bytes[start] !== 0x22) return enumName(descriptor, readJsonUint32(bytes, start, end));
  const name = parseText(bytes, start, end);
  const known = descriptor.aliases?.[name] ?? name;
  if (descriptor.numbers[known] === undefined) throw wrong(`a ${descriptor.name}`, bytes, start, end);
  return known;
}

function readElement(
  type: FieldType,
  bytes: Buffer,
  start: number,
  end: number,
  options: ReadOptions,
): unknown {
  switch (type.kind) {
    case 'string':
    case 'timestamp':
      return parseText(bytes, start, end);
    case 'json':
      return bytes.toString('utf8', start, end);
    case 'bytes':
      return readJsonBytes(bytes, start, end);
    case 'bool':
      return readJsonBool(bytes, start, end);
    case 'uint32':
    case 'fixed32':
      return readJsonUint32(bytes, start, end);
    case 'double':
      return readDouble(bytes, start, end);
    case 'int64':
    case 'fixed64':
      return readInt64(bytes, start, end);
    case 'enum':
      return readEnum(type.enum, bytes, start, end);
    case 'checkpoint': {
      const checkpoint = readJsonMessage(bytes, start, end, type.message, options);
      return standsForExplicitZero(checkpoint) ? EXPLICIT_ZERO_CHECKPOINT : checkpoint;
    }
    case 'message':
      return readJsonMessage(bytes, start, end, type.message, options);
    default:
      return type satisfies never;
  }
}

function readEntries(
  value: MessageValue,
  field: Field,
  bytes: Buffer,
  start: number,
  end: number,
  options: ReadOptions,
): void {
  const cursor = new JsonObjectCursor(bytes, start, end);
  while (cursor.next()) {
    const key = jsonKey(bytes, cursor.keyStart, cursor.keyEnd);
    const element = readElement(field.type, bytes, cursor.valueStart, cursor.valueEnd, options);
    if (field.jsonEntries === undefined) assignEntry(value, field, key, element);
    else assign(value, field, { [field.jsonEntries.key]: key, [field.jsonEntries.value]: element });
  }
}

/** `jsonEntries` fields hold the messages of entries, whose values are the type of one of their fields. */
function entryField(field: Field): Field {
  if (field.jsonEntries === undefined || field.type.kind !== 'message') return field;
  const inner = field.type.message.byJsonName.get(field.jsonEntries.value);
  return inner === undefined ? field : { ...field, type: inner.type };
}

function readField(
  value: MessageValue,
  field: Field,
  bytes: Buffer,
  start: number,
  end: number,
  options: ReadOptions,
): void {
  if (field.cardinality === 'map' || field.jsonEntries !== undefined) {
    return readEntries(value, entryField(field), bytes, start, end, options);
  }
  if (field.cardinality === 'list') {
    const cursor = new JsonArrayCursor(bytes, start, end);
    while (cursor.next()) {
      assign(value, field, readElement(field.type, bytes, cursor.valueStart, cursor.valueEnd, options));
    }
    return;
  }
  assign(value, field, readElement(field.type, bytes, start, end, options));
}

/** Reads the object at `bytes[start, end)`. Throws PROTOCOL_MALFORMED, or PROTOCOL_UNKNOWN_FIELD if asked to. */
export function readJsonMessage(
  bytes: Buffer,
  start: number,
  end: number,
  descriptor: MessageDescriptor,
  options: ReadOptions,
): MessageValue {
  const value = defaultMessage(descriptor);
  const cursor = new JsonObjectCursor(bytes, start, end);
  while (cursor.next()) {
    const name = jsonKey(bytes, cursor.keyStart, cursor.keyEnd);
    const field = descriptor.byJsonName.get(name);
    if (field === undefined) {
      if (options.unknownFields === 'skip') continue;
      throw errors.PROTOCOL_UNKNOWN_FIELD({ message: `${descriptor.name} has the unknown field '${name}'.` });
    }
    if (isJsonNull(bytes, cursor.valueStart) && field.nullIsValue !== true) continue;
    readField(value, field, bytes, cursor.valueStart, cursor.valueEnd, options);
  }
  descriptor.complete?.(value);
  return value;
}
