// The state of a binding, in the form that upstream's connectors of APIs keep it in, so that a task can be switched
// over without a backfill:
//
//   { "inc": {cursor}, "backfill": {cutoff, next_page}, "snapshot": {updated_at, last_count, last_digest, rows?},
//     "last_initialized": "<time>", "is_connector_initiated": <flag> }
//
// A stream of named parts has `{ "<part>": {…} }` in the place of each. An absent or null `backfill` is a complete one.
// `rows` are the keys of a snapshot whose rows are known by them, each with a digest of its row; upstream has no such ones.
// Cursors: a time with its zone, an integer that is not negative, or `["token"]`, which cannot be taken for a time.

import { getProperty, isJsonObject, type JsonObject, type JsonValue, setProperty } from '@weir/schema/json';
import { errors } from '../errors.ts';
import { Instant } from '../time/instant.ts';
import { mergeDiff } from './merge-diff.ts';
import type { Cursor, PagePosition } from './stream.ts';

export interface BackfillState {
  readonly cutoff: Cursor;
  readonly page: PagePosition | undefined;
}

export interface SnapshotState {
  readonly updatedAt: Instant;
  readonly count: number;
  readonly digest: string;
  /** Digests by the JSON of keys. */
  readonly rows?: Readonly<Record<string, string>>;
}

export const NO_SNAPSHOT: SnapshotState = { updatedAt: new Instant(0n), count: 0, digest: '' };

type Field = 'inc' | 'backfill' | 'snapshot';

/** `part` is undefined where a stream has no named parts. */
export class BindingState {
  readonly #name: string;
  #json: JsonObject;
  /** Parts that this object has made, and so may change: with thousands of them a copy for each commit is too much. */
  readonly #parts = new Map<Field, JsonObject>();

  constructor(name: string, stored: JsonValue | undefined) {
    this.#name = name;
    this.#json = isJsonObject(stored) ? stored : {};
  }

  get isEmpty(): boolean {
    return Object.keys(this.#json).length === 0;
  }

  get json(): JsonObject {
    return this.#json;
  }

  /** Replaces everything, and returns the patch that does so. */
  replace(json: JsonObject): JsonValue {
    const patch = mergeDiff(this.#json, json);
    this.#json = json;
    this.#parts.clear();
    return patch;
  }

  get lastInitialized(): Instant | undefined {
    const value = getProperty(this.#json, 'last_initialized');
    return typeof value === 'string' ? Instant.parse(value) : undefined;
  }

  get isConnectorInitiated(): boolean {
    return getProperty(this.#json, 'is_connector_initiated') === true;
  }

  cursor(part: string | undefined): Cursor | undefined {
    const value = this.#at('inc', part);
    if (!isJsonObject(value) || !Object.hasOwn(value, 'cursor')) return undefined;
    return this.#cursorOf(getProperty(value, 'cursor'));
  }

  /** undefined when it is complete, or never was. */
  backfill(part: string | undefined): BackfillState | undefined {
    const value = this.#at('backfill', part);
    if (!isJsonObject(value)) return undefined;
    const page = getProperty(value, 'next_page') ?? undefined;
    if (page !== undefined && typeof page !== 'string' && typeof page !== 'number' && !isJsonObject(page)) {
      throw this.#invalid('its backfill has a next_page that is neither a text, a number nor an object');
    }
    return { cutoff: this.#cursorOf(getProperty(value, 'cutoff')), page };
  }

  snapshot(part: string | undefined): SnapshotState {
    const value = this.#at('snapshot', part);
    if (!isJsonObject(value)) return NO_SNAPSHOT;
    const updated = getProperty(value, 'updated_at');
    const count = getProperty(value, 'last_count');
    const digest = getProperty(value, 'last_digest');
    const updatedAt = typeof updated === 'string' ? Instant.parse(updated) : undefined;
    if (updatedAt === undefined || typeof count !== 'number' || typeof digest !== 'string') {
      throw this.#invalid('its snapshot lacks a time, a count or a digest');
    }
    const rows = getProperty(value, 'rows');
    return {
      updatedAt,
      count,
      digest,
      ...(isJsonObject(rows) ? { rows: rows as Record<string, string> } : {}),
    };
  }

  /** Of a stream of named parts: those that it knows. */
  partNames(): string[] {
    const names = new Set<string>();
    for (const [field, member] of [
      ['inc', 'cursor'],
      ['snapshot', 'updated_at'],
    ] as const) {
      const parts = getProperty(this.#json, field);
      if (!isJsonObject(parts)) continue;
      for (const [name, part] of Object.entries(parts)) {
        if (isJsonObject(part) && Object.hasOwn(part, member)) names.add(name);
      }
    }
    return [...names];
  }

  setCursor(part: string | undefined, cursor: Cursor): JsonValue {
    return this.#set('inc', part, { cursor: cursorJson(cursor) });
  }

  setBackfill(part: string | undefined, backfill: BackfillState | undefined): JsonValue {
    return this.#set('backfill', part, backfill === undefined ? undefined : backfillJson(backfill));
  }

  setSnapshot(part: string | undefined, snapshot: SnapshotState): JsonValue {
    return this.#set('snapshot', part, snapshotJson(snapshot));
  }

  #at(field: Field, part: string | undefined): JsonValue | undefined {
    const value = getProperty(this.#json, field);
    if (part === undefined) return value;
    return isJsonObject(value) ? getProperty(value, part) : undefined;
  }

  #set(field: Field, part: string | undefined, value: JsonObject | undefined): JsonObject {
    const patch = mergeDiff(this.#at(field, part), value);
    if (part === undefined) {
      this.#json = { ...this.#json, [field]: value ?? null };
      return { [field]: patch };
    }
    setProperty(this.#partsOf(field), part, value ?? null);
    return { [field]: { [part]: patch } };
  }

  #partsOf(field: Field): JsonObject {
    const known = this.#parts.get(field);
    if (known !== undefined) return known;
    const stored = getProperty(this.#json, field);
    const parts: JsonObject = isJsonObject(stored) ? { ...stored } : {};
    this.#parts.set(field, parts);
    this.#json = { ...this.#json, [field]: parts };
    return parts;
  }

  #cursorOf(value: JsonValue | undefined): Cursor {
    const cursor = parseCursor(value);
    if (cursor === undefined)
      throw this.#invalid('it holds a cursor that is neither a time, an integer nor a token');
    return cursor;
  }

  #invalid(what: string): Error {
    return errors.CDK_STATE_INVALID({
      message: `The state of ${JSON.stringify(this.#name)} is not usable: ${what}.`,
    });
  }
}

export function parseCursor(value: JsonValue | undefined): Cursor | undefined {
  if (typeof value === 'string') return Instant.parse(value);
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined;
  if (Array.isArray(value) && value.length === 1 && typeof value[0] === 'string') return value[0];
  return undefined;
}

export function cursorJson(cursor: Cursor): JsonValue {
  if (typeof cursor === 'string') return [cursor];
  if (cursor instanceof Instant) return cursor.toString();
  return cursor <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(cursor) : cursor;
}

/** Whether two cursors are of one kind, and so may stand for each other. */
export function sameKind(left: Cursor, right: Cursor): boolean {
  return typeof left === typeof right;
}

/** Negative, zero or positive; undefined for tokens, which have no order. */
export function compareCursors(left: Cursor, right: Cursor): number | undefined {
  if (left instanceof Instant && right instanceof Instant) return left.compare(right);
  if (typeof left === 'bigint' && typeof right === 'bigint') return left < right ? -1 : Number(left > right);
  return undefined;
}

export function backfillJson({ cutoff, page }: BackfillState): JsonObject {
  return { cutoff: cursorJson(cutoff), ...(page === undefined ? {} : { next_page: page }) };
}

export function snapshotJson({ updatedAt, count, digest, rows }: SnapshotState): JsonObject {
  return {
    updated_at: updatedAt.toString(),
    last_count: count,
    last_digest: digest,
    ...(rows === undefined ? {} : { rows: { ...rows } }),
  };
}
