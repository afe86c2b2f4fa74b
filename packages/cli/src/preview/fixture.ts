// Fixtures of a preview: NDJSON, a document `["collection", {…}]` or `{"commit": true}` per line. The documents between
// two commits are one transaction; consecutive commits make empty ones, and an empty file is one empty transaction.

import { clockFromUnix, formatUuid, UUID_FLAGS } from '@weir/protocol';
import { isJsonObject, parseJson, stringifyJson } from '@weir/schema';
import type { JsonObject, JsonValue } from '@weir/schema';
import { errors } from '../errors.ts';

export interface FixtureDocument {
  readonly collection: string;
  /** One line of JSON with its line break and its UUID. */
  readonly line: Buffer;
}

export type FixtureTransaction = readonly FixtureDocument[];

const producer = Buffer.from([7, 19, 83, 3, 3, 17]);

/** Document `document` of transaction `transaction` is published so many hours and seconds after 1970. */
function stamp(document: JsonObject, transaction: number, index: number): JsonObject {
  const clock = clockFromUnix(3600 * transaction + index, 0);
  const uuid = formatUuid({ producer, clock, flags: UUID_FLAGS.outsideTransaction });
  const meta = isJsonObject(document['_meta']) ? document['_meta'] : {};
  return { ...document, _meta: { ...meta, uuid } };
}

function parseLine(line: string, place: string): JsonValue {
  try {
    return parseJson(line);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw errors.FIXTURE_INVALID({ message: `${place}: this is not JSON: ${reason}`, cause });
  }
}

/** `name` is what errors call the file. Errors: FIXTURE_INVALID with the line. */
export function parseFixture(
  text: string,
  collections: ReadonlySet<string>,
  name: string,
): FixtureTransaction[] {
  const transactions: FixtureDocument[][] = [];
  let current: FixtureDocument[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const place = `${name}:${index + 1}`;
    const value = parseLine(line, place);
    if (isJsonObject(value) && value['commit'] === true) {
      transactions.push(current);
      current = [];
      continue;
    }
    const [collection, document] = Array.isArray(value) ? value : [];
    if (typeof collection !== 'string' || !isJsonObject(document) || (value as unknown[]).length !== 2) {
      throw errors.FIXTURE_INVALID({
        message: `${place}: a line is ["collection", {document}] or {"commit": true}.`,
      });
    }
    if (!collections.has(collection)) {
      throw errors.FIXTURE_INVALID({
        message: `${place}: the task does not read the collection ${collection}.`,
        fix: `It reads ${[...collections].join(', ')}.`,
      });
    }
    const stamped = stamp(document, transactions.length, current.length);
    current.push({ collection, line: Buffer.from(`${stringifyJson(stamped)}\n`) });
  }
  if (current.length > 0 || transactions.length === 0) transactions.push(current);
  return transactions;
}
