// The messages that carry volume, in JSON, by hand: documents are found by scanning bytes and copied as they are.

import { base64Length, writeBase64 } from './base64.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { CaptureAcknowledgeRequest, CapturedResponse } from './capture.ts';
import type { HotFields } from './hot-fields.ts';
import { jsonKey, readJsonBool, readJsonBytes, readJsonUint32 } from './json-read.ts';
import { isJsonName, isJsonNull, JsonObjectCursor } from './json-slice.ts';
import type { LoadedResponse, LoadRequest, StoreRequest } from './materialize.ts';

const LINE_FEED = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;

/** Fixed parts of the messages, as bytes. */
function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

const CAPTURED = ascii('{"captured":{');
const LOADED = ascii('{"loaded":{');
const LOAD = ascii('{"load":{');
const STORE = ascii('{"store":{');
const ACKNOWLEDGE = ascii('{"acknowledge":{"checkpoints":');
const BINDING = ascii('"binding":');
const DOC = ascii('"doc":');
const KEY_PACKED = ascii('"keyPacked":"');
const VALUES_PACKED = ascii('","valuesPacked":"');
const EXISTS = ascii('"exists":true');
const DELETE = ascii('"delete":true');
const END = ascii('}}\n');

/** The bytes of all fixed parts of one message, at most. */
const FIXED_BYTES = 160;

function put(writer: ByteWriter, part: Buffer): void {
  const { bytes } = writer;
  let at = writer.position;
  // Shorter than what a call of `set` costs.
  for (let index = 0; index < part.length; index++) bytes[at++] = part[index] as number;
  writer.position = at;
}

function putByte(writer: ByteWriter, byte: number): void {
  writer.bytes[writer.position++] = byte;
}

/** Decimal digits of an unsigned 32-bit integer. */
function putUint(writer: ByteWriter, value: number): void {
  let size = 1;
  for (let limit = 10; size < 10 && value >= limit; limit *= 10) size++;
  let rest = value;
  for (let at = writer.position + size - 1; at >= writer.position; at--) {
    const quotient = Math.floor(rest / 10);
    writer.bytes[at] = 0x30 + (rest - quotient * 10);
    rest = quotient;
  }
  writer.position += size;
}

function putBinding(writer: ByteWriter, binding: number): void {
  if (binding === 0) return;
  put(writer, BINDING);
  putUint(writer, binding);
  putByte(writer, COMMA);
}

/** Copies JSON bytes; raw line feeds, which stand between tokens only, become blanks. */
function putJson(writer: ByteWriter, source: Buffer): void {
  const start = writer.position;
  writer.bytes.set(source, start);
  writer.position = start + source.length;
  let at = source.indexOf(LINE_FEED);
  while (at >= 0) {
    writer.bytes[start + at] = SPACE;
    at = source.indexOf(LINE_FEED, at + 1);
  }
}

function putBase64(writer: ByteWriter, source: Buffer): void {
  writer.position = writeBase64(writer.bytes, writer.position, source);
}

/** `{"captured":{"binding":1,"doc":…}}`; a binding's comma goes when no document follows. */
function writeDocument(writer: ByteWriter, start: Buffer, binding: number, doc: Buffer): void {
  writer.reserve(FIXED_BYTES + doc.length);
  put(writer, start);
  putBinding(writer, binding);
  if (doc.length > 0) {
    put(writer, DOC);
    putJson(writer, doc);
  } else if (binding !== 0) {
    writer.position--;
  }
  put(writer, END);
}

export function writeJsonCaptured(writer: ByteWriter, message: CapturedResponse): void {
  writeDocument(writer, CAPTURED, message.binding, message.doc);
}

export function writeJsonLoaded(writer: ByteWriter, message: LoadedResponse): void {
  writeDocument(writer, LOADED, message.binding, message.doc);
}

export function writeJsonCaptureAcknowledge(writer: ByteWriter, message: CaptureAcknowledgeRequest): void {
  writer.reserve(FIXED_BYTES);
  put(writer, ACKNOWLEDGE);
  putUint(writer, message.checkpoints);
  put(writer, END);
}

/** `{"load":{"binding":1,"keyPacked":"…"}}` */
export function writeJsonLoad(writer: ByteWriter, message: LoadRequest): void {
  writer.reserve(FIXED_BYTES + base64Length(message.keyPacked.length));
  put(writer, LOAD);
  putBinding(writer, message.binding);
  put(writer, KEY_PACKED);
  putBase64(writer, message.keyPacked);
  putByte(writer, QUOTE);
  put(writer, END);
}

/** `{"store":{"binding":1,"keyPacked":"…","valuesPacked":"…","doc":…,"exists":true,"delete":true}}` */
export function writeJsonStore(writer: ByteWriter, message: StoreRequest): void {
  const { doc, keyPacked, valuesPacked } = message;
  writer.reserve(
    FIXED_BYTES + base64Length(keyPacked.length) + base64Length(valuesPacked.length) + doc.length,
  );
  put(writer, STORE);
  putBinding(writer, message.binding);
  put(writer, KEY_PACKED);
  putBase64(writer, keyPacked);
  put(writer, VALUES_PACKED);
  putBase64(writer, valuesPacked);
  putByte(writer, QUOTE);
  if (doc.length > 0) {
    putByte(writer, COMMA);
    put(writer, DOC);
    putJson(writer, doc);
  }
  if (message.exists) {
    putByte(writer, COMMA);
    put(writer, EXISTS);
  }
  if (message.delete) {
    putByte(writer, COMMA);
    put(writer, DELETE);
  }
  put(writer, END);
}

const NAMES = {
  binding: ascii('binding'),
  doc: ascii('doc'),
  exists: ascii('exists'),
  delete: ascii('delete'),
  keyPacked: ascii('keyPacked'),
  valuesPacked: ascii('valuesPacked'),
};

/** Short digits directly; anything else by the general rule. */
function readUint(bytes: Buffer, start: number, end: number): number {
  if (end - start > 9 || end === start) return readJsonUint32(bytes, start, end);
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return readJsonUint32(bytes, start, end);
    value = value * 10 + digit;
  }
  return value;
}

/**
 * Reads the object at `start` and returns the offset behind it. Documents are views of `bytes`.
 * One reader serves captured, loaded, load and store; `hotMessage` takes what belongs to the message.
 */
export function readJsonHot(fields: HotFields, bytes: Buffer, start: number, end: number): number {
  const cursor = new JsonObjectCursor(bytes, start, end);
  while (cursor.next()) {
    const { keyStart, keyEnd, valueStart, valueEnd } = cursor;
    if (isJsonName(bytes, keyStart, keyEnd, NAMES.doc)) fields.doc = bytes.subarray(valueStart, valueEnd);
    else if (isJsonNull(bytes, valueStart)) continue;
    else if (isJsonName(bytes, keyStart, keyEnd, NAMES.binding)) {
      fields.binding = readUint(bytes, valueStart, valueEnd);
    } else if (isJsonName(bytes, keyStart, keyEnd, NAMES.keyPacked)) {
      fields.keyPacked = readJsonBytes(bytes, valueStart, valueEnd);
    } else if (isJsonName(bytes, keyStart, keyEnd, NAMES.valuesPacked)) {
      fields.valuesPacked = readJsonBytes(bytes, valueStart, valueEnd);
    } else if (isJsonName(bytes, keyStart, keyEnd, NAMES.exists)) {
      fields.exists = readJsonBool(bytes, valueStart, valueEnd);
    } else if (isJsonName(bytes, keyStart, keyEnd, NAMES.delete)) {
      fields.delete = readJsonBool(bytes, valueStart, valueEnd);
    } else {
      readOtherName(fields, jsonKey(bytes, keyStart, keyEnd), bytes, valueStart, valueEnd);
    }
  }
  return cursor.position;
}

/** The original proto names, names with escapes, and the JSON forms of key and values, which no runtime sets. */
function readOtherName(fields: HotFields, name: string, bytes: Buffer, start: number, end: number): void {
  switch (name) {
    case 'doc':
    case 'doc_json':
      fields.doc = bytes.subarray(start, end);
      break;
    case 'binding':
      fields.binding = readUint(bytes, start, end);
      break;
    case 'keyPacked':
    case 'key_packed':
      fields.keyPacked = readJsonBytes(bytes, start, end);
      break;
    case 'valuesPacked':
    case 'values_packed':
      fields.valuesPacked = readJsonBytes(bytes, start, end);
      break;
    case 'exists':
      fields.exists = readJsonBool(bytes, start, end);
      break;
    case 'delete':
      fields.delete = readJsonBool(bytes, start, end);
      break;
    case 'key':
    case 'key_json':
    case 'values':
    case 'values_json':
      break;
    default:
      fields.unknown(`'${name}'`);
  }
}
