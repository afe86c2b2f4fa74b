// Protobuf to messages, by their tables. For cold messages; the hot ones are read by hand in hot-proto.ts.

import type { EnumDescriptor, Field, FieldType, MessageDescriptor } from './descriptor.ts';
import { errors } from './errors.ts';
import { EXPLICIT_ZERO_BYTES } from './explicit-zero.ts';
import { EXPLICIT_ZERO_CHECKPOINT } from './materialize.ts';
import { assign, assignEntry, defaultMessage, enumDefault } from './message-value.ts';
import type { MessageValue, ReadOptions } from './message-value.ts';
import { ProtoReader } from './proto-reader.ts';
import { formatTimestamp } from './timestamp.ts';

/** The name of an enum's number; the default for numbers that are not known, as protobuf has open enums. */
export function enumName(descriptor: EnumDescriptor, number: number): string {
  for (const [name, candidate] of Object.entries(descriptor.numbers)) {
    if (candidate === number) return descriptor.aliases?.[name] ?? name;
  }
  return enumDefault(descriptor.numbers);
}

function wireTypeOf(type: FieldType): number {
  switch (type.kind) {
    case 'bool':
    case 'uint32':
    case 'int64':
    case 'enum':
      return 0;
    case 'double':
    case 'fixed64':
      return 1;
    case 'fixed32':
      return 5;
    case 'string':
    case 'json':
    case 'timestamp':
    case 'bytes':
    case 'message':
    case 'checkpoint':
      return 2;
    default:
      return type satisfies never;
  }
}

function readTimestamp(reader: ProtoReader): string {
  let seconds = 0n;
  let nanos = 0;
  while (reader.position < reader.end) {
    const tag = reader.varint();
    if (tag === 8) seconds = reader.int64();
    else if (tag === 16) nanos = reader.varint();
    else reader.skipField(tag & 7);
  }
  return formatTimestamp({ seconds, nanos });
}

function nested(reader: ProtoReader): ProtoReader {
  const length = reader.varint();
  const start = reader.skip(length);
  return new ProtoReader(reader.bytes, start, start + length);
}

function readElement(reader: ProtoReader, type: FieldType, options: ReadOptions): unknown {
  switch (type.kind) {
    case 'string':
    case 'json':
      return reader.text();
    case 'timestamp':
      return readTimestamp(nested(reader));
    case 'bytes':
      return reader.view();
    case 'bool':
      return reader.varint() !== 0;
    case 'uint32':
      return reader.varint() >>> 0;
    case 'fixed32':
      return reader.fixed32();
    case 'double':
      return reader.double();
    case 'int64':
      return reader.int64();
    case 'fixed64':
      return reader.fixed64();
    case 'enum':
      return enumName(type.enum, reader.varint() | 0);
    case 'checkpoint': {
      const inner = nested(reader);
      const raw = inner.bytes.subarray(inner.position, inner.end);
      if (raw.equals(EXPLICIT_ZERO_BYTES)) return EXPLICIT_ZERO_CHECKPOINT;
      return readProtoMessage(inner, type.message, options);
    }
    case 'message':
      return readProtoMessage(nested(reader), type.message, options);
    default:
      return type satisfies never;
  }
}

function elementDefault(type: FieldType): unknown {
  return type.kind === 'bytes'
    ? Buffer.alloc(0)
    : type.kind === 'message'
      ? defaultMessage(type.message)
      : '';
}

function readEntry(reader: ProtoReader, value: MessageValue, field: Field, options: ReadOptions): void {
  const entry = nested(reader);
  let key = '';
  let element: unknown;
  while (entry.position < entry.end) {
    const tag = entry.varint();
    if (tag === 10) key = entry.text();
    else if (tag === 16 + wireTypeOf(field.type)) element = readElement(entry, field.type, options);
    else entry.skipField(tag & 7);
  }
  assignEntry(value, field, key, element ?? elementDefault(field.type));
}

/** Reads up to the reader's end. Throws PROTOCOL_MALFORMED, or PROTOCOL_UNKNOWN_FIELD if asked to. */
export function readProtoMessage(
  reader: ProtoReader,
  descriptor: MessageDescriptor,
  options: ReadOptions,
): MessageValue {
  const value = defaultMessage(descriptor);
  while (reader.position < reader.end) {
    const tag = reader.varint();
    const number = Math.floor(tag / 8);
    const wireType = tag & 7;
    const field = descriptor.byNumber.get(number);
    if (field === undefined || (field.cardinality !== 'map' && wireType !== wireTypeOf(field.type))) {
      if (field === undefined && options.unknownFields === 'reject') {
        throw errors.PROTOCOL_UNKNOWN_FIELD({
          message: `${descriptor.name} has the unknown field number ${number}.`,
        });
      }
      reader.skipField(wireType);
    } else if (field.cardinality === 'map' && wireType === 2) {
      readEntry(reader, value, field, options);
    } else {
      assign(value, field, readElement(reader, field.type, options));
    }
  }
  descriptor.complete?.(value);
  return value;
}
