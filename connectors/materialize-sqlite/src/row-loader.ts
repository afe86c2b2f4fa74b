// Reads the stored documents of keys, many keys a statement, which costs half of as many statements of one key.

import type { Table } from '@weir/materialize-sql';
import { TupleReader } from '@weir/protocol';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SqliteConvert, SqliteValue } from './dialect.ts';
import { convertTuple } from './row-writer.ts';
import { loadSql } from './table-sql.ts';

const MANY_KEYS = 32;
/** Where a document was longer, keys are looked up one by one, so that not many such documents are held at once. */
const LONG_DOCUMENT = 256 << 10;

const tuple = new TupleReader();

export class RowLoader {
  readonly #table: Table<SqliteConvert>;
  readonly #prepare: (keys: number) => StatementSync;
  readonly #one: StatementSync;
  #many: StatementSync | undefined;
  #longest = 0;
  readonly #parameters: SqliteValue[] = [];

  constructor(database: DatabaseSync, table: Table<SqliteConvert>) {
    this.#table = table;
    this.#prepare = (keys) => {
      const statement = database.prepare(loadSql(table, keys));
      statement.setReturnArrays(true);
      return statement;
    };
    this.#one = this.#prepare(1);
  }

  /** Looks up the first packed keys from `from` on, gives the documents that exist, and returns how many keys it took. */
  load(packedKeys: readonly Buffer[], from: number, give: (document: Buffer) => void): number {
    const isMany = packedKeys.length - from >= MANY_KEYS && this.#longest < LONG_DOCUMENT;
    const count = isMany ? MANY_KEYS : 1;
    const { keys } = this.#table;
    const parameters = this.#parameters;
    parameters.length = count * keys.length;
    for (let index = 0; index < count; index++) {
      const packed = packedKeys[from + index];
      if (packed !== undefined) convertTuple(keys, tuple.reset(packed), parameters, index * keys.length);
    }
    const statement = isMany ? (this.#many ??= this.#prepare(MANY_KEYS)) : this.#one;
    for (const [text] of statement.all(...parameters) as unknown as [string][]) {
      if (text.length > this.#longest) this.#longest = text.length;
      give(Buffer.from(text));
    }
    return count;
  }
}
