// The messages that carry volume, in JSON, by hand: documents are found by scanning bytes and copied as they are.

import type { ByteWriter } from './byte-writer.ts';
import type { CaptureAcknowledgeRequest, CapturedResponse } from './capture.ts';
import type { HotFields } from './hot-fields.ts';
import { jsonKey, readJsonBool, readJsonBytes, readJsonUint32 } from './json-read.ts';
import { isJsonNull, JsonObjectCursor } from './json-slice.ts';
import type { LoadedResponse, LoadRequest, StoreRequest } from './materialize.ts';

const LINE_FEED = 0x0a;
const SPACE = 0x20;

function putAscii(writer: ByteWriter, text: string): void {
  writer.position += writer.bytes.write(text, writer.position, 'latin1');
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

/** `{"captured":{"binding":1,"doc":…}}` */
function writeDocument(writer: ByteWriter, kind: string, binding: number, doc: Buffer): void {
  writer.reserve(64 + doc.length);
  putAscii(writer, `{"${kind}":{${binding === 0 ? '' : `"binding":${binding}`}`);
  if (doc.length > 0) {
    putAscii(writer, binding === 0 ? '"doc":' : ',"doc":');
    putJson(writer, doc);
  }
  putAscii(writer, '}}\n');
}

export function writeJsonCaptured(writer: ByteWriter, message: CapturedResponse): void {
  writeDocument(writer, 'captured', message.binding, message.doc);
}

export function writeJsonLoaded(writer: ByteWriter, message: LoadedResponse): void {
  writeDocument(writer, 'loaded', message.binding, message.doc);
}

export function writeJsonCaptureAcknowledge(writer: ByteWriter, message: CaptureAcknowledgeRequest): void {
  writer.reserve(64);
  putAscii(writer, `{"acknowledge":{"checkpoints":${message.checkpoints}}}\n`);
}

export function writeJsonLoad(writer: ByteWriter, message: LoadRequest): void {
  const binding = message.binding === 0 ? '' : `"binding":${message.binding},`;
  const key = message.keyPacked.toString('base64');
  writer.reserve(64 + key.length);
  putAscii(writer, `{"load":{${binding}"keyPacked":"${key}"}}\n`);
}

export function writeJsonStore(writer: ByteWriter, message: StoreRequest): void {
  const { doc } = message;
  const binding = message.binding === 0 ? '' : `"binding":${message.binding},`;
  const key = message.keyPacked.toString('base64');
  const values = message.valuesPacked.toString('base64');
  writer.reserve(128 + key.length + values.length + doc.length);
  putAscii(writer, `{"store":{${binding}"keyPacked":"${key}","valuesPacked":"${values}"`);
  if (doc.length > 0) {
    putAscii(writer, ',"doc":');
    putJson(writer, doc);
  }
  if (message.exists) putAscii(writer, ',"exists":true');
  if (message.delete) putAscii(writer, ',"delete":true');
  putAscii(writer, '}}\n');
}

/**
 * Reads the object at `start` and returns the offset behind it. Documents are views of `bytes`.
 * One reader serves captured, loaded, load and store: members of one are unknown to another only in strict mode.
 */
export function readJsonHot(fields: HotFields, bytes: Buffer, start: number, end: number): number {
  const cursor = new JsonObjectCursor(bytes, start, end);
  while (cursor.next()) {
    const { valueStart, valueEnd } = cursor;
    if (cursor.keyEnd - cursor.keyStart === 3 && bytes[cursor.keyStart] === 0x64) {
      const isDoc = bytes[cursor.keyStart + 1] === 0x6f && bytes[cursor.keyStart + 2] === 0x63;
      if (isDoc) {
        fields.doc = bytes.subarray(valueStart, valueEnd);
        continue;
      }
    }
    const name = jsonKey(bytes, cursor.keyStart, cursor.keyEnd);
    if (name === 'doc_json') fields.doc = bytes.subarray(valueStart, valueEnd);
    else if (isJsonNull(bytes, valueStart)) continue;
    else readMember(fields, name, bytes, valueStart, valueEnd);
  }
  return cursor.position;
}

function readMember(fields: HotFields, name: string, bytes: Buffer, start: number, end: number): void {
  switch (name) {
    case 'binding':
      fields.binding = readJsonUint32(bytes, start, end);
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
