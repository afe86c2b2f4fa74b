// The documents of a body: a JSON object, a list of them, JSON lines, or a form. All of them are good, or none is taken.
// Objects of JSON keep their bytes but for the space between tokens, so that numbers of any length survive.

import { isUtf8 } from 'node:buffer';
import { compactJson, JsonBuffer } from '@weir/json-bytes';
import { getProperty, isJsonObject, parseJson, stringifyJson, type JsonObject } from '@weir/schema/json';
import { JsonRecordReader } from '../records/json-record-reader.ts';
import { recordsOf as recordsIn } from '../streams/record-batches.ts';
import { WebhookRefusal, type WebhookRequest } from './webhook-request.ts';

export interface BodyDocument {
  readonly value: JsonObject;
  readonly bytes: Buffer;
}

export interface BodyDocuments {
  /** Made one by one while they are taken, so that their values are not there all at once. */
  readonly documents: Iterable<BodyDocument>;
  /** They came as a list, also if there is one of them. */
  readonly isList: boolean;
}

const QUOTE = 0x22;
const AMPERSAND = 0x26;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const FORM = 'application/x-www-form-urlencoded';
/** Of an object or a list, and of what is in them, beside the text. */
const CONTAINER_BYTES = 56;
const ITEM_BYTES = 16;
const JSON_LINES = /^application\/(x-ndjson|ndjson|jsonl|x-jsonlines|json-lines)$/;

/** Throws a refusal for what is no such body. */
export function documentsOf(body: Buffer, type: string): BodyDocuments {
  if (!isUtf8(body)) throw new WebhookRefusal(400, 'the body is not UTF-8');
  if (type === FORM) return { documents: [formDocument(body)], isList: false };
  const isLines = JSON_LINES.test(type);
  if (!isLines && firstByte(body) !== OPEN_BRACKET) {
    const value = parsed(body);
    const out = new JsonBuffer(body.length);
    compactJson(out, body, 0, body.length);
    return { documents: [documentOf(value, Buffer.from(out.view()))], isList: false };
  }
  // The reader of records takes what lies between commas for granted, so lists are checked whole.
  if (!isLines) parsed(body);
  return { documents: documentsIn(recordsOf(body, isLines)), isList: true };
}

function* documentsIn(records: Iterable<Buffer>): Generator<BodyDocument> {
  for (const record of records) yield documentOf(parsed(record), record);
}

/** Without its parameters. */
export function contentTypeOf({ headers }: Pick<WebhookRequest, 'headers'>): string {
  return (headers['content-type']?.split(';')[0] ?? '').trim().toLowerCase();
}

/** What the values of a body take of memory once they are parsed, roughly and without parsing them. */
export function valueBytes(body: Buffer, type: string): number {
  let [bytes, isInString] = [0, false];
  if (type === FORM) {
    for (const byte of body) if (byte === AMPERSAND) bytes += CONTAINER_BYTES;
    return bytes;
  }
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at];
    if (byte === QUOTE) isInString = !isInString;
    else if (isInString) at += byte === BACKSLASH ? 1 : 0;
    else if (byte === COMMA) bytes += ITEM_BYTES;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) bytes += CONTAINER_BYTES;
  }
  return bytes;
}

function recordsOf(body: Buffer, isLines: boolean): Iterable<Buffer> {
  const reader = isLines ? JsonRecordReader.sequence() : JsonRecordReader.at([]);
  try {
    reader.push(body);
    if (isLines) reader.push(Buffer.from('\n'));
    reader.end();
  } catch (cause) {
    throw new WebhookRefusal(400, `the body cannot be read: ${cause instanceof Error ? cause.message : ''}`);
  }
  const batch = reader.records.take();
  return batch === undefined ? [] : recordsIn(batch);
}

function parsed(text: Buffer): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WebhookRefusal(400, `invalid JSON in the body: ${why}`);
  }
}

function documentOf(value: unknown, bytes: Buffer): BodyDocument {
  if (!isJsonObject(value as never)) {
    throw new WebhookRefusal(400, 'invalid document: a JSON object is needed, or a list of objects');
  }
  const document = value as JsonObject;
  const meta = getProperty(document, '_meta');
  if (meta !== undefined && !isJsonObject(meta)) {
    throw new WebhookRefusal(400, 'invalid document: /_meta has to be an object where it is given');
  }
  return { value: document, bytes };
}

/** A field that is given several times is a list. */
function formDocument(body: Buffer): BodyDocument {
  const fields = new Map<string, string[]>();
  for (const [name, text] of new URLSearchParams(body.toString())) {
    const known = fields.get(name);
    if (known === undefined) fields.set(name, [text]);
    else known.push(text);
  }
  const value: JsonObject = Object.fromEntries(
    Array.from(fields, ([name, [first = '', ...more]]) => [
      name,
      more.length === 0 ? first : [first, ...more],
    ]),
  );
  return documentOf(value, Buffer.from(stringifyJson(value)));
}

function firstByte(body: Buffer): number | undefined {
  return body.find((byte) => byte > 0x20);
}

/** The bytes of a document whose own `_meta` is put together with `meta`, of which each member wins. */
export function withMeta({ value, bytes }: BodyDocument, meta: JsonObject): Buffer {
  const { _meta: own, ...rest } = value;
  if (own === undefined) {
    const head = `{"_meta":${stringifyJson(meta)}${bytes.length > 2 ? ',' : ''}`;
    return Buffer.concat([Buffer.from(head), bytes.subarray(1)]);
  }
  const merged: JsonObject = { ...(isJsonObject(own) ? own : {}), ...meta };
  return Buffer.from(stringifyJson({ _meta: merged, ...rest }));
}
