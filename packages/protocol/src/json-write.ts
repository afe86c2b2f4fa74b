// Messages to the protocol's JSON, by their tables: proto3 JSON with embedded JSON inlined as it is.

import type { Field, FieldType, MessageDescriptor } from './descriptor.ts';
import { errors } from './errors.ts';
import { EXPLICIT_ZERO_JSON, isExplicitZero } from './explicit-zero.ts';
import { isAbsent } from './message-value.ts';
import { enumNumber } from './proto-write.ts';

/** A raw line feed can only stand between the tokens of JSON text, where a blank does as well. */
export function withoutLineFeeds(text: string): string {
  return text.includes('\n') ? text.replaceAll('\n', ' ') : text;
}

function doubleText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return Number.isNaN(value) ? '"NaN"' : value > 0 ? '"Infinity"' : '"-Infinity"';
}

function unencodable(field: Field, value: unknown): Error {
  return errors.PROTOCOL_UNENCODABLE({ message: `The field ${field.property} cannot be a ${typeof value}.` });
}

function elementText(field: Field, type: FieldType, value: unknown): string {
  switch (type.kind) {
    case 'string':
    case 'timestamp':
      if (typeof value !== 'string') throw unencodable(field, value);
      return JSON.stringify(value);
    case 'json':
      if (typeof value !== 'string') throw unencodable(field, value);
      return value === '' ? 'null' : withoutLineFeeds(value);
    case 'bytes':
      if (!(value instanceof Uint8Array)) throw unencodable(field, value);
      return `"${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}"`;
    case 'bool':
      return value === true ? 'true' : 'false';
    case 'uint32':
    case 'fixed32':
      if (typeof value !== 'number' || value >>> 0 !== value) throw unencodable(field, value);
      return String(value);
    case 'double':
      if (typeof value !== 'number') throw unencodable(field, value);
      return doubleText(value);
    case 'int64':
    case 'fixed64':
      if (typeof value !== 'bigint') throw unencodable(field, value);
      return `"${value}"`;
    case 'enum':
      if (typeof value !== 'string') throw unencodable(field, value);
      enumNumber(type.enum, value);
      return JSON.stringify(value);
    case 'checkpoint':
    case 'message':
      if (type.kind === 'checkpoint' && isExplicitZero(value)) return EXPLICIT_ZERO_JSON;
      if (typeof value !== 'object' || value === null) throw unencodable(field, value);
      return messageToJson(type.message, value);
    default:
      return type satisfies never;
  }
}

function fieldText(field: Field, value: unknown): string {
  if (field.cardinality === 'list') {
    if (!Array.isArray(value)) throw unencodable(field, value);
    return `[${value.map((element) => elementText(field, field.type, element)).join(',')}]`;
  }
  if (field.cardinality === 'map') {
    if (typeof value !== 'object' || value === null) throw unencodable(field, value);
    const entries = Object.entries(value).map(
      ([key, element]) => `${JSON.stringify(key)}:${elementText(field, field.type, element)}`,
    );
    return `{${entries.join(',')}}`;
  }
  return elementText(field, field.type, value);
}

/** One object without raw line feeds; fields at their defaults are left out. Throws PROTOCOL_UNENCODABLE. */
export function messageToJson(descriptor: MessageDescriptor, value: object): string {
  const properties: Readonly<Record<string, unknown>> = { ...value };
  const members: string[] = [];
  for (const field of descriptor.fields) {
    if (field.readOnlyIn === 'json') continue;
    const property = field.flatten === true ? value : properties[field.property];
    if (!isAbsent(field, property)) members.push(`"${field.jsonName}":${fieldText(field, property)}`);
  }
  return `{${members.join(',')}}`;
}
