// Messages to protobuf, by their tables. For cold messages; the hot ones are written by hand in hot-proto.ts.

import type { ByteWriter } from './byte-writer.ts';
import type { EnumDescriptor, Field, FieldType, MessageDescriptor } from './descriptor.ts';
import { errors } from './errors.ts';
import { EXPLICIT_ZERO_BYTES, isExplicitZero } from './explicit-zero.ts';
import { isAbsent } from './message-value.ts';
import { parseTimestamp } from './timestamp.ts';

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

function unencodable(field: Field, value: unknown): Error {
  return errors.PROTOCOL_UNENCODABLE({
    message: `The field ${field.property} cannot be a ${typeof value}.`,
  });
}

export function enumNumber(descriptor: EnumDescriptor, name: string): number {
  const number = descriptor.numbers[name];
  if (number === undefined) {
    throw errors.PROTOCOL_UNENCODABLE({ message: `${descriptor.name} has no value '${name}'.` });
  }
  return number;
}

/** Writes `content` behind its length, which is known only afterwards. */
export function writeDelimited(writer: ByteWriter, content: () => void): void {
  const mark = writer.byteLength;
  writer.byte(0);
  content();
  const length = writer.byteLength - mark - 1;
  if (length < 0x80) {
    writer.bytes[writer.positionOf(mark)] = length;
    return;
  }
  const prefixBytes = length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : length < 0x1000_0000 ? 4 : 5;
  writer.reserve(prefixBytes - 1);
  const start = writer.positionOf(mark);
  writer.bytes.copyWithin(start + prefixBytes, start + 1, start + 1 + length);
  writer.position = start;
  writer.varint(length);
  writer.position += length;
}

function writeTag(writer: ByteWriter, number: number, wireType: number): void {
  writer.varint(number * 8 + wireType);
}

function writeText(writer: ByteWriter, number: number, text: string): void {
  writeTag(writer, number, DELIMITED);
  writer.varint(Buffer.byteLength(text));
  writer.utf8(text);
}

function writeTimestamp(writer: ByteWriter, text: string): void {
  const { seconds, nanos } = parseTimestamp(text);
  if (seconds !== 0n) {
    writeTag(writer, 1, VARINT);
    writer.varint64(seconds);
  }
  if (nanos !== 0) {
    writeTag(writer, 2, VARINT);
    writer.varint(nanos);
  }
}

function writeElement(
  writer: ByteWriter,
  field: Field,
  number: number,
  type: FieldType,
  value: unknown,
): void {
  switch (type.kind) {
    case 'string':
    case 'json':
      if (typeof value !== 'string') throw unencodable(field, value);
      return writeText(writer, number, value);
    case 'timestamp':
      if (typeof value !== 'string') throw unencodable(field, value);
      writeTag(writer, number, DELIMITED);
      return writeDelimited(writer, () => writeTimestamp(writer, value));
    case 'bytes':
      if (!(value instanceof Uint8Array)) throw unencodable(field, value);
      writeTag(writer, number, DELIMITED);
      writer.varint(value.length);
      return writer.raw(value);
    case 'bool':
      writeTag(writer, number, VARINT);
      return writer.byte(value === true ? 1 : 0);
    case 'uint32':
    case 'fixed32': {
      if (typeof value !== 'number' || value >>> 0 !== value) throw unencodable(field, value);
      writeTag(writer, number, type.kind === 'uint32' ? VARINT : FIXED32);
      return type.kind === 'uint32' ? writer.varint(value) : writer.fixed32(value);
    }
    case 'double':
      if (typeof value !== 'number') throw unencodable(field, value);
      writeTag(writer, number, FIXED64);
      return writer.double(value);
    case 'int64':
      if (typeof value !== 'bigint') throw unencodable(field, value);
      writeTag(writer, number, VARINT);
      return writer.varint64(value);
    case 'fixed64':
      if (typeof value !== 'bigint') throw unencodable(field, value);
      writeTag(writer, number, FIXED64);
      return writer.fixed64(value);
    case 'enum':
      if (typeof value !== 'string') throw unencodable(field, value);
      writeTag(writer, number, VARINT);
      return writer.varint(enumNumber(type.enum, value));
    case 'checkpoint':
      if (isExplicitZero(value)) {
        writeTag(writer, number, DELIMITED);
        writer.varint(EXPLICIT_ZERO_BYTES.length);
        return writer.raw(EXPLICIT_ZERO_BYTES);
      }
      return writeNested(writer, field, number, type.message, value);
    case 'message':
      return writeNested(writer, field, number, type.message, value);
    default:
      return type satisfies never;
  }
}

function writeNested(
  writer: ByteWriter,
  field: Field,
  number: number,
  descriptor: MessageDescriptor,
  value: unknown,
): void {
  if (typeof value !== 'object' || value === null) throw unencodable(field, value);
  writeTag(writer, number, DELIMITED);
  writeDelimited(writer, () => writeProtoMessage(writer, descriptor, value));
}

function writeMap(writer: ByteWriter, field: Field, entries: object): void {
  for (const [key, value] of Object.entries(entries)) {
    writeTag(writer, field.number, DELIMITED);
    writeDelimited(writer, () => {
      writeText(writer, 1, key);
      writeElement(writer, field, 2, field.type, value);
    });
  }
}

/** Appends the fields of `value` that are not at their defaults. Throws PROTOCOL_UNENCODABLE. */
export function writeProtoMessage(writer: ByteWriter, descriptor: MessageDescriptor, value: object): void {
  const properties: Readonly<Record<string, unknown>> = { ...value };
  for (const field of descriptor.fields) {
    if (field.readOnlyIn === 'proto') continue;
    const property = field.flatten === true ? value : properties[field.property];
    if (isAbsent(field, property)) continue;
    if (field.cardinality === 'map') {
      if (typeof property !== 'object' || property === null) throw unencodable(field, property);
      writeMap(writer, field, property);
    } else if (field.cardinality === 'list') {
      if (!Array.isArray(property)) throw unencodable(field, property);
      for (const element of property) writeElement(writer, field, field.number, field.type, element);
    } else {
      writeElement(writer, field, field.number, field.type, property);
    }
  }
}
