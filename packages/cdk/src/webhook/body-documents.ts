// The documents of a body: a JSON object, a list of them, JSON lines, or a form. All of them are good, or none is taken.
// Objects of JSON keep their bytes but for the space between tokens, so that numbers of any length survive.

import { isUtf8 } from 'node:buffer';
import { compactJson, JsonBuffer } from '@weir/json-bytes';
import { getProperty, isJsonObject, parseJson, stringifyJson, type JsonObject } from '@weir/schema/json';
import { JsonRecordReader } from '../records/json-record-reader.ts';
import { WebhookRefusal } from './webhook-request.ts';

export interface BodyDocument {
  readonly value: JsonObject;
  readonly bytes: Buffer;
}

export interface BodyDocuments {
  readonly documents: readonly BodyDocument[];
  /** They came as a list, also if there is one of them. */
  readonly isList: boolean;
}

const OPEN_BRACKET = 0x5b;
const JSON_LINES = /^application\/(x-ndjson|ndjson|jsonl|x-jsonlines|json-lines)$/;

/** Throws a refusal for what is no such body. */
export function documentsOf(body: Buffer, contentType: string): BodyDocuments {
  if (!isUtf8(body)) throw new WebhookRefusal(400, 'the body is not UTF-8');
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded') return { documents: [formDocument(body)], isList: false };
  const isLines = JSON_LINES.test(type);
  if (!isLines && firstByte(body) !== OPEN_BRACKET) {
    const value = parsed(body);
    const out = new JsonBuffer(body.length);
    compactJson(out, body, 0, body.length);
    return { documents: [documentOf(value, Buffer.from(out.view()))], isList: false };
  }
  // The reader of records takes what lies between commas for granted, so lists are checked whole.
  if (!isLines) parsed(body);
  return {
    documents: recordsOf(body, isLines).map((record) => documentOf(parsed(record), record)),
    isList: true,
  };
}

function recordsOf(body: Buffer, isLines: boolean): Buffer[] {
  const reader = isLines ? JsonRecordReader.sequence() : JsonRecordReader.at([]);
  try {
    reader.push(body);
    if (isLines) reader.push(Buffer.from('\n'));
    reader.end();
  } catch (cause) {
    throw new WebhookRefusal(400, `the body cannot be read: ${cause instanceof Error ? cause.message : ''}`);
  }
  const batch = reader.records.take();
  if (batch === undefined) return [];
  const { bytes, ends } = batch;
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
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
  const value: JsonObject = {};
  for (const [name, text] of new URLSearchParams(body.toString())) {
    const known = getProperty(value, name);
    const all = known === undefined ? text : [...(Array.isArray(known) ? known : [known]), text];
    Object.defineProperty(value, name, { value: all, enumerable: true, configurable: true, writable: true });
  }
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
