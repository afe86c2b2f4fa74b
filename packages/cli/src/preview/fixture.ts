// Fixtures of a preview: NDJSON, a document `["collection", {…}]` or `{"commit": true}` per line. The documents between
// two commits are one transaction; consecutive commits make empty ones, and an empty file is one empty transaction. A
// file of nothing but one commit has no transaction: the connector applies, and no more.

import { readFileSync } from 'node:fs';
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

/** Puts lines together to transactions. `name` is what errors call the file. */
export class FixtureParser {
  readonly #collections: ReadonlySet<string>;
  readonly #name: string;
  #current: FixtureDocument[] = [];
  #lines = 0;
  #transactions = 0;

  constructor(collections: ReadonlySet<string>, name: string) {
    this.#collections = collections;
    this.#name = name;
  }

  /** The transaction that the line ends. Errors: FIXTURE_INVALID with the line. */
  line(line: string): FixtureTransaction | undefined {
    this.#lines += 1;
    if (line.trim() === '') return undefined;
    const place = `${this.#name}:${this.#lines}`;
    const value = parseLine(line, place);
    if (isJsonObject(value) && value['commit'] === true) return this.#commit();
    const [collection, document] = Array.isArray(value) ? value : [];
    if (typeof collection !== 'string' || !isJsonObject(document) || (value as unknown[]).length !== 2) {
      throw errors.FIXTURE_INVALID({
        message: `${place}: a line is ["collection", {document}] or {"commit": true}.`,
      });
    }
    if (!this.#collections.has(collection)) {
      throw errors.FIXTURE_INVALID({
        message: `${place}: the task does not read the collection ${collection}.`,
        fix: `It reads ${[...this.#collections].join(', ')}.`,
      });
    }
    const stamped = stamp(document, this.#transactions, this.#current.length);
    this.#current.push({ collection, line: Buffer.from(`${stringifyJson(stamped)}\n`) });
    return undefined;
  }

  /** The transaction that the end of the file ends; an empty file is an empty one. */
  end(): FixtureTransaction | undefined {
    return this.#current.length > 0 || this.#transactions === 0 ? this.#commit() : undefined;
  }

  #commit(): FixtureTransaction {
    const transaction = this.#current;
    this.#current = [];
    this.#transactions += 1;
    return transaction;
  }
}

/** Errors: FIXTURE_UNREADABLE. `-` is stdin. */
export function readFixture(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : message;
    throw errors.FIXTURE_UNREADABLE({ message: `Cannot read the fixture ${file}: ${why}.`, cause });
  }
}

/** `name` is what errors call the file. Errors: FIXTURE_INVALID with the line. */
export function parseFixture(
  text: string,
  collections: ReadonlySet<string>,
  name: string,
): FixtureTransaction[] {
  const parser = new FixtureParser(collections, name);
  const ended = text.split('\n').map((line) => parser.line(line));
  const whole = [...ended, parser.end()].filter((transaction) => transaction !== undefined);
  const isLoneCommit = whole.length === 1 && whole[0]?.length === 0 && text.trim() !== '';
  return isLoneCommit ? [] : whole;
}
