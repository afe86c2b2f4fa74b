// Texts in a key are VARCHAR(256), as an index takes no longer column without being told how long. A key that does not
// fit needs a wider column, which is an ALTER, which no open transaction survives: so keys are measured before anything
// is written.

import type { Column, FieldWriter, Table } from '@weir/materialize-sql';
import { TupleCursor } from '@weir/protocol';
import { errors } from './errors.ts';
import { isEncoded } from './field-writers.ts';
import type { ColumnMeta } from './info-schema.ts';

/** What an index of InnoDB takes, all its columns together. */
const MAX_INDEX_BYTES = 3072;
/** Of a table that has no index on its keys: what a row takes, shared with other columns. */
const MAX_ROW_CHARACTERS = 16_000;

const BYTES_PER_CHARACTER = 4;

export interface KeyColumn {
  readonly column: Column<FieldWriter>;
  readonly meta: ColumnMeta;
  /** Characters, or bytes of a binary column; undefined for a type without a length. */
  readonly capacity: number | undefined;
  readonly isBinary: boolean;
}

export interface Widening {
  readonly key: KeyColumn;
  readonly capacity: number;
}

const cursor = new TupleCursor();

export class KeyWidth {
  readonly #table: Table<FieldWriter>;
  readonly #keys: readonly KeyColumn[];
  /** No key of a packed tuple with so few bytes can be too long. */
  readonly #harmlessBytes: number;
  /** The longest value that did not fit, by column. */
  readonly #longest = new Map<KeyColumn, number>();

  constructor(table: Table<FieldWriter>, keys: readonly KeyColumn[]) {
    this.#table = table;
    this.#keys = keys;
    this.#harmlessBytes = Math.min(...keys.map(({ capacity }) => capacity ?? Infinity));
  }

  /** Whether the key fits its columns; remembers what it takes when it does not. */
  fits(packed: Buffer, start: number, end: number): boolean {
    if (end - start <= this.#harmlessBytes) return true;
    let all = true;
    cursor.reset(packed, start, end);
    for (const key of this.#keys) {
      if (!cursor.next()) break;
      const { capacity } = key;
      if (capacity === undefined || (cursor.kind !== 'text' && cursor.kind !== 'bytes')) continue;
      const size = sizeOf(cursor.payload(), key);
      if (size <= capacity) continue;
      all = false;
      this.#longest.set(key, Math.max(size, this.#longest.get(key) ?? 0));
    }
    return all;
  }

  get mustWiden(): boolean {
    return this.#longest.size > 0;
  }

  /** What the columns have to become. Throws MYSQL_KEY_TOO_LONG. */
  widenings(): Widening[] {
    return [...this.#longest].map(([key, longest]) => ({ key, capacity: this.#widened(key, longest) }));
  }

  /** Twice as wide as before if there is room, so that keys that grow slowly do not widen the column each time. */
  #widened(key: KeyColumn, longest: number): number {
    const limit = this.#table.deltaUpdates ? MAX_ROW_CHARACTERS : this.#roomInIndex(key);
    if (longest > limit) {
      throw errors.MYSQL_KEY_TOO_LONG({
        message: `A value of the key ${key.column.field} of ${this.#table.identifier} has ${longest} ${key.isBinary ? 'bytes' : 'characters'}, and its column can have ${limit} at most.`,
      });
    }
    return Math.min(limit, Math.max(longest, 2 * (key.capacity ?? 0)));
  }

  #roomInIndex(key: KeyColumn): number {
    const others = this.#keys.filter((other) => other !== key);
    const taken = others.reduce((sum, other) => sum + bytesOf(other, this.#longest.get(other)), 0);
    const left = MAX_INDEX_BYTES - taken;
    return key.isBinary ? left : Math.floor(left / BYTES_PER_CHARACTER);
  }
}

/** Numbers and the like take eight bytes, decimals thirty. */
function bytesOf({ capacity, isBinary, column }: KeyColumn, longest = 0): number {
  if (capacity === undefined) return column.type.ddl.startsWith('NUMERIC') ? 30 : 8;
  return Math.max(capacity, longest) * (isBinary ? 1 : BYTES_PER_CHARACTER);
}

function sizeOf(text: Buffer, { isBinary, column }: KeyColumn): number {
  if (isBinary && isEncoded(column)) return Math.floor((text.length * 3) / 4);
  if (isBinary) return text.length;
  let characters = 0;
  // A byte 10xxxxxx goes on with the character before it.
  for (const byte of text) if ((byte & 0xc0) !== 0x80) characters += 1;
  return characters;
}
