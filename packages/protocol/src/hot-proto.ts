// The messages that carry volume, in protobuf, by hand. Same bytes as the tables would give, without the tables.
//
// Tags are field number × 8 + wire type: 0 varint, 2 length-delimited. Fields at their defaults are not written.

import type { ByteWriter } from './byte-writer.ts';
import type { CapturedResponse, CaptureAcknowledgeRequest, SourcedSchemaResponse } from './capture.ts';
import type { LoadedResponse, LoadRequest, StoreRequest } from './materialize.ts';
import type { HotFields } from './hot-fields.ts';
import { ProtoReader } from './proto-reader.ts';
import { StoreFrame } from './store-frame.ts';

/** Bytes of a varint of an unsigned 32-bit integer. */
function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

function bindingBytes(binding: number): number {
  return binding === 0 ? 0 : 1 + varintBytes(binding);
}

function delimitedBytes(content: Uint8Array): number {
  return rangeBytes(content.length);
}

/** Without `reserve`: the caller has reserved. */
function putVarint(writer: ByteWriter, value: number): void {
  const { bytes } = writer;
  let rest = value;
  while (rest >= 0x80) {
    bytes[writer.position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[writer.position++] = rest;
}

function putTagged(writer: ByteWriter, tag: number, value: number): void {
  if (value === 0) return;
  writer.bytes[writer.position++] = tag;
  putVarint(writer, value);
}

function putDelimited(writer: ByteWriter, tag: number, content: Uint8Array): void {
  if (content.length === 0) return;
  writer.bytes[writer.position++] = tag;
  putVarint(writer, content.length);
  writer.bytes.set(content, writer.position);
  writer.position += content.length;
}

/** The frame's length, the member's tag and the member's length; reserves all of it. */
function putHeader(writer: ByteWriter, tag: number, bodyBytes: number): void {
  const frameBytes = 1 + varintBytes(bodyBytes) + bodyBytes;
  writer.reserve(4 + frameBytes);
  const { bytes } = writer;
  let at = writer.position;
  bytes[at++] = frameBytes & 0xff;
  bytes[at++] = (frameBytes >>> 8) & 0xff;
  bytes[at++] = (frameBytes >>> 16) & 0xff;
  bytes[at++] = frameBytes >>> 24;
  bytes[at++] = tag;
  writer.position = at;
  putVarint(writer, bodyBytes);
}

/** captured (#6) and loaded (#5): binding #1, doc #2. */
function writeDocument(writer: ByteWriter, tag: number, binding: number, doc: Uint8Array): void {
  putHeader(writer, tag, bindingBytes(binding) + delimitedBytes(doc));
  putTagged(writer, 0x08, binding);
  putDelimited(writer, 0x12, doc);
}

export function writeProtoCaptured(writer: ByteWriter, message: CapturedResponse): void {
  writeDocument(writer, 0x32, message.binding, message.doc);
}

/** As `writeProtoCaptured`, of a document that is not worth a view of its own. */
export function writeProtoCapturedRange(
  writer: ByteWriter,
  binding: number,
  bytes: Buffer,
  start: number,
  end: number,
): void {
  const length = end - start;
  putHeader(writer, 0x32, bindingBytes(binding) + 1 + varintBytes(length) + length);
  putTagged(writer, 0x08, binding);
  writer.bytes[writer.position++] = 0x12;
  putVarint(writer, length);
  bytes.copy(writer.bytes, writer.position, start, end);
  writer.position += length;
}

export function writeProtoLoaded(writer: ByteWriter, message: LoadedResponse): void {
  writeDocument(writer, 0x2a, message.binding, message.doc);
}

export function writeProtoSourcedSchema(writer: ByteWriter, message: SourcedSchemaResponse): void {
  writeDocument(writer, 0x42, message.binding, Buffer.from(message.schema));
}

export function writeProtoCaptureAcknowledge(writer: ByteWriter, message: CaptureAcknowledgeRequest): void {
  putHeader(writer, 0x32, bindingBytes(message.checkpoints));
  putTagged(writer, 0x08, message.checkpoints);
}

/** load (#5): binding #1, keyPacked #3. */
export function writeProtoLoad(writer: ByteWriter, message: LoadRequest): void {
  putHeader(writer, 0x2a, bindingBytes(message.binding) + delimitedBytes(message.keyPacked));
  putTagged(writer, 0x08, message.binding);
  putDelimited(writer, 0x1a, message.keyPacked);
}

/** store (#7): binding #1, keyPacked #3, valuesPacked #5, doc #6, exists #7, delete #8. */
export function writeProtoStore(writer: ByteWriter, message: StoreRequest): void {
  if (message instanceof StoreFrame) return writeStoreFrame(writer, message);
  const body =
    bindingBytes(message.binding) +
    delimitedBytes(message.keyPacked) +
    delimitedBytes(message.valuesPacked) +
    delimitedBytes(message.doc) +
    (message.exists ? 2 : 0) +
    (message.delete ? 2 : 0);
  putHeader(writer, 0x3a, body);
  putTagged(writer, 0x08, message.binding);
  putDelimited(writer, 0x1a, message.keyPacked);
  putDelimited(writer, 0x2a, message.valuesPacked);
  putDelimited(writer, 0x32, message.doc);
  putTagged(writer, 0x38, message.exists ? 1 : 0);
  putTagged(writer, 0x40, message.delete ? 1 : 0);
}

function writeStoreFrame(writer: ByteWriter, frame: StoreFrame): void {
  const { bytes, keyStart, keyEnd, valuesStart, valuesEnd, docStart, docEnd } = frame;
  const body =
    bindingBytes(frame.binding) +
    rangeBytes(keyEnd - keyStart) +
    rangeBytes(valuesEnd - valuesStart) +
    rangeBytes(docEnd - docStart) +
    (frame.exists ? 2 : 0) +
    (frame.delete ? 2 : 0);
  putHeader(writer, 0x3a, body);
  putTagged(writer, 0x08, frame.binding);
  putRange(writer, 0x1a, bytes, keyStart, keyEnd);
  putRange(writer, 0x2a, bytes, valuesStart, valuesEnd);
  putRange(writer, 0x32, bytes, docStart, docEnd);
  putTagged(writer, 0x38, frame.exists ? 1 : 0);
  putTagged(writer, 0x40, frame.delete ? 1 : 0);
}

function rangeBytes(length: number): number {
  return length === 0 ? 0 : 1 + varintBytes(length) + length;
}

/** Calling the native copy takes as long as copying so many bytes here. */
const SHORT_RANGE_BYTES = 32;

function putRange(writer: ByteWriter, tag: number, source: Buffer, start: number, end: number): void {
  const length = end - start;
  if (length === 0) return;
  writer.bytes[writer.position++] = tag;
  putVarint(writer, length);
  const { bytes, position } = writer;
  if (length > SHORT_RANGE_BYTES) source.copy(bytes, position, start, end);
  else for (let at = 0; at < length; at++) bytes[position + at] = source[start + at] as number;
  writer.position = position + length;
}

/** captured, loaded and sourcedSchema: binding #1, doc #2. The document is a view of `bytes`. */
export function readProtoDocument(fields: HotFields, bytes: Buffer, start: number, end: number): void {
  const reader = new ProtoReader(bytes, start, end);
  while (reader.position < end) {
    const tag = reader.varint();
    if (tag === 0x08) fields.binding = reader.varint() >>> 0;
    else if (tag === 0x12) fields.doc = reader.view();
    else skipUnknown(fields, reader, tag);
  }
}

/** load and store. */
export function readProtoStore(fields: HotFields, bytes: Buffer, start: number, end: number): void {
  const reader = new ProtoReader(bytes, start, end);
  while (reader.position < end) {
    const tag = reader.varint();
    if (tag === 0x08) fields.binding = reader.varint() >>> 0;
    else if (tag === 0x1a) fields.keyPacked = reader.view();
    else if (tag === 0x2a) fields.valuesPacked = reader.view();
    else if (tag === 0x32) fields.doc = reader.view();
    else if (tag === 0x38) fields.exists = reader.varint() !== 0;
    else if (tag === 0x40) fields.delete = reader.varint() !== 0;
    else skipUnknown(fields, reader, tag);
  }
}

function skipUnknown(fields: HotFields, reader: ProtoReader, tag: number): void {
  // Numbers 2 and 4 of load and store are the JSON forms of the key and the values, which no runtime sets.
  if (tag !== 0x12 && tag !== 0x22) fields.unknown(`number ${Math.floor(tag / 8)}`);
  reader.skipField(tag & 7);
}
