// What the table-driven codecs share: plain objects by property name, and the defaults of absent fields.

import type { Field, MessageDescriptor } from './descriptor.ts';

export type MessageValue = Record<string, unknown>;

export interface ReadOptions {
  readonly unknownFields: 'skip' | 'reject';
}

const EMPTY_BYTES = Buffer.alloc(0);

function defaultOf(field: Field): unknown {
  if (field.cardinality === 'optional') return undefined;
  if (field.cardinality === 'list') return [];
  if (field.cardinality === 'map') return {};
  switch (field.type.kind) {
    case 'string':
    case 'json':
    case 'timestamp':
      return '';
    case 'bool':
      return false;
    case 'uint32':
    case 'fixed32':
    case 'double':
      return 0;
    case 'int64':
    case 'fixed64':
      return 0n;
    case 'bytes':
      return EMPTY_BYTES;
    case 'enum':
      return enumDefault(field.type.enum.numbers);
    case 'message':
    case 'checkpoint':
      return defaultMessage(field.type.message);
    default:
      return field.type satisfies never;
  }
}

/** The name of number 0. */
export function enumDefault(numbers: Readonly<Record<string, number>>): string {
  for (const [name, number] of Object.entries(numbers)) if (number === 0) return name;
  return '';
}

export function defaultMessage(descriptor: MessageDescriptor): MessageValue {
  const value: MessageValue = {};
  for (const field of descriptor.fields) {
    if (field.isWireOnly === true) continue;
    const fallback = defaultOf(field);
    if (fallback === undefined) continue;
    if (field.flatten === true) Object.assign(value, fallback);
    else value[field.property] = fallback;
  }
  return value;
}

/** Puts a decoded element where it belongs: lists grow, flattened messages spread, everything else is set. */
export function assign(value: MessageValue, field: Field, element: unknown): void {
  if (field.flatten === true) {
    Object.assign(value, element);
  } else if (field.cardinality === 'list') {
    const elements = value[field.property];
    if (Array.isArray(elements)) elements.push(element);
    else value[field.property] = [element];
  } else {
    value[field.property] = element;
  }
}

/** Sets a map's entry as an own property, whatever its name. */
export function assignEntry(value: MessageValue, field: Field, key: string, element: unknown): void {
  const entries = value[field.property];
  if (typeof entries !== 'object' || entries === null) return;
  Object.defineProperty(entries, key, {
    value: element,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** Whether a value is what its absence would be read as, so that it is not written. */
export function isAbsent(field: Field, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (field.cardinality === 'list') return Array.isArray(value) && value.length === 0;
  if (field.cardinality === 'map') return typeof value === 'object' && Object.keys(value).length === 0;
  switch (field.type.kind) {
    case 'string':
    case 'json':
    case 'timestamp':
      return value === '';
    case 'bool':
      return value === false;
    case 'uint32':
    case 'fixed32':
      return value === 0;
    case 'double':
      return Object.is(value, 0);
    case 'int64':
    case 'fixed64':
      return value === 0n;
    case 'bytes':
      return value instanceof Uint8Array && value.length === 0;
    case 'enum':
      return value === enumDefault(field.type.enum.numbers);
    case 'message':
    case 'checkpoint':
      return false;
    default:
      return field.type satisfies never;
  }
}
