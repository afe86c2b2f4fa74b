// Reads typed values out of YAML nodes. What does not fit is a problem at its place; reading goes on, so that one load
// shows everything that is wrong. A value of `null` counts as absent.

import { isMap, isScalar, isSeq } from 'yaml';
import type { Node } from 'yaml';
import { didYouMean } from './did-you-mean.ts';
import { parseDuration } from './duration.ts';
import type { Place, Problems } from './place.ts';
import type { SourceFile } from './source-file.ts';
import { jsonText, membersOf, resolveAlias } from './yaml-json.ts';

export class Reader {
  readonly file: SourceFile;
  readonly node: Node | null;
  readonly place: Place;
  /** Names the value in messages: `endpoint.local.command`. */
  readonly what: string;
  readonly problems: Problems;

  constructor(file: SourceFile, node: Node | null, place: Place, what: string, problems: Problems) {
    this.file = file;
    this.node = resolveAlias(node, file.document);
    this.place = place;
    this.what = what;
    this.problems = problems;
  }

  get isNull(): boolean {
    return this.node === null || (isScalar(this.node) && this.node.value === null);
  }

  fail(message: string): undefined {
    this.problems.add(this.place, message);
    return undefined;
  }

  /** The members of a map whose keys are free. */
  entries(): [string, Reader][] {
    if (this.isNull) return [];
    if (this.node === null || !isMap(this.node)) {
      this.fail(`${this.what === '' ? 'A catalog file' : this.what} has to be a map.`);
      return [];
    }
    return membersOf(this.node, this.file.document).map(({ key, keyNode, value }) => [
      key,
      new Reader(this.file, value, this.file.placeOf(keyNode), key, this.problems),
    ]);
  }

  /** The members of a map whose keys are known; any other key is a problem. */
  object(known: readonly string[]): Fields {
    const fields = new Map<string, Reader>();
    for (const [key, reader] of this.entries()) {
      if (known.includes(key)) {
        const what = this.what === '' ? key : `${this.what}.${key}`;
        fields.set(key, new Reader(this.file, reader.node, reader.place, what, this.problems));
      } else {
        const where = this.what === '' ? 'a catalog file' : this.what;
        reader.fail(`Unknown key "${key}" in ${where}.${didYouMean(key, known)}`);
      }
    }
    return new Fields(this, fields);
  }

  items(): Reader[] {
    if (this.isNull) return [];
    if (this.node === null || !isSeq(this.node)) {
      this.fail(`${this.what} has to be a list.`);
      return [];
    }
    return this.node.items.map((item, index) => {
      const node = item as Node | null;
      const place = node?.range ? this.file.placeOf(node) : this.place;
      return new Reader(this.file, node, place, `${this.what}[${index}]`, this.problems);
    });
  }

  string(): string | undefined {
    if (isScalar(this.node) && typeof this.node.value === 'string') return this.node.value;
    return this.fail(`${this.what} has to be a string.`);
  }

  strings(): string[] {
    return this.items().flatMap((item) => item.string() ?? []);
  }

  boolean(): boolean | undefined {
    if (isScalar(this.node) && typeof this.node.value === 'boolean') return this.node.value;
    return this.fail(`${this.what} has to be true or false.`);
  }

  /** An integer from 0 to 2^32 − 1. */
  count(): number | undefined {
    const value = isScalar(this.node) ? this.node.value : undefined;
    if (typeof value === 'bigint' && value >= 0n && value <= 0xffffffffn) return Number(value);
    return this.fail(`${this.what} has to be an integer from 0 to 4294967295.`);
  }

  durationMs(): number | undefined {
    const text = isScalar(this.node) && typeof this.node.value === 'string' ? this.node.value : '';
    const duration = parseDuration(text);
    return duration ?? this.fail(`${this.what} has to be a duration such as "5m" or "1h 30m".`);
  }

  /** An RFC 3339 timestamp, as it is written. */
  timestamp(): string | undefined {
    const text = isScalar(this.node) ? (this.node.source ?? '') : '';
    const shape = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
    if (shape.test(text) && !Number.isNaN(Date.parse(text.replace(' ', 'T')))) return text.replace(' ', 'T');
    return this.fail(`${this.what} has to be a timestamp such as 2026-01-31T00:00:00Z.`);
  }

  oneOf<const T extends string>(values: readonly T[]): T | undefined {
    const text = this.string();
    if (text === undefined) return undefined;
    const found = values.find((value) => value === text);
    return (
      found ?? this.fail(`${this.what} has to be one of ${values.join(', ')}.${didYouMean(text, values)}`)
    );
  }

  json(): string {
    return jsonText(this.node, { file: this.file, problems: this.problems });
  }
}

export class Fields {
  readonly #owner: Reader;
  readonly #fields: ReadonlyMap<string, Reader>;

  constructor(owner: Reader, fields: ReadonlyMap<string, Reader>) {
    this.#owner = owner;
    this.#fields = fields;
  }

  /** Undefined when absent or null. */
  get(key: string): Reader | undefined {
    const reader = this.#fields.get(key);
    return reader === undefined || reader.isNull ? undefined : reader;
  }

  /** The key is there, be it null. */
  has(key: string): boolean {
    return this.#fields.has(key);
  }

  require(key: string): Reader | undefined {
    const reader = this.get(key);
    if (reader !== undefined) return reader;
    const where = this.#owner.what === '' ? 'The catalog' : this.#owner.what;
    return this.#owner.fail(`${where} needs the key "${key}".`);
  }
}
