// Rows into one table: gathered, and written by statements of many rows, which cost a third less than as many statements
// of one row. Rows are written in the order in which they came.

import { type StoreFrame, TupleReader } from '@weir/protocol';
import { type Column, type Table, unsupported } from '@weir/materialize-sql';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SqliteConvert, SqliteValue } from './dialect.ts';
import { storeSql } from './table-sql.ts';

/** More rows a statement are hardly faster. */
const MAX_ROWS = 16;
/** Of a statement; SQLite allows 32766. */
const MAX_PARAMETERS = 4096;
/** Documents that are held back until their statement is full. */
const MAX_HELD_BYTES = 1 << 20;

const tuple = new TupleReader();

/** The values of a packed tuple, as their columns hold them, into `row` from `at` on. Throws SQL_VALUE_UNSUPPORTED. */
export function convertTuple(
  columns: readonly Column<SqliteConvert>[],
  packed: TupleReader,
  row: SqliteValue[],
  at: number,
): void {
  for (let index = 0; index < columns.length; index++) {
    const column = columns[index];
    const element = packed.next() ?? null;
    try {
      row[at + index] = column?.type.convert(element) ?? null;
    } catch (cause) {
      throw column === undefined ? cause : unsupported(column, cause);
    }
  }
}

export class RowWriter {
  readonly #table: Table<SqliteConvert>;
  /** The file keeps text in UTF-8, as documents come. */
  readonly #isUtf8: boolean;
  readonly #one: StatementSync;
  readonly #prepareMany: () => StatementSync;
  readonly #rowsPerStatement: number;
  #many: StatementSync | undefined;
  /** The parameters of the rows that are held: always the same array, of a full statement's length. */
  readonly #parameters: SqliteValue[];
  #held = 0;
  #heldBytes = 0;

  constructor(database: DatabaseSync, table: Table<SqliteConvert>, isUtf8: boolean) {
    const width = table.columns.length;
    const rows = Math.max(1, Math.min(MAX_ROWS, Math.floor(MAX_PARAMETERS / width)));
    this.#table = table;
    this.#isUtf8 = isUtf8;
    this.#rowsPerStatement = rows;
    this.#one = database.prepare(storeSql(table, 1));
    this.#prepareMany = () => database.prepare(storeSql(table, rows));
    this.#parameters = Array.from({ length: rows * width }, () => null);
  }

  add(store: StoreFrame): void {
    const { keys, values, columns, document } = this.#table;
    const row = this.#parameters;
    const at = this.#held * columns.length;
    const { bytes, docStart, docEnd } = store;
    convertTuple(keys, tuple.reset(bytes, store.keyStart, store.keyEnd), row, at);
    convertTuple(values, tuple.reset(bytes, store.valuesStart, store.valuesEnd), row, at + keys.length);
    if (document !== undefined) {
      row[at + columns.length - 1] = this.#isUtf8 ? store.doc : bytes.toString('utf8', docStart, docEnd);
    }
    this.#held += 1;
    this.#heldBytes += docEnd - docStart;
    if (this.#held === this.#rowsPerStatement) this.#writeMany();
    else if (this.#heldBytes > MAX_HELD_BYTES) this.flush();
  }

  /** What is held stays when the bytes of the documents that were added are overwritten. */
  keep(): void {
    const parameters = this.#parameters;
    for (let index = 0; index < this.#held * this.#table.columns.length; index++) {
      const value = parameters[index];
      if (value instanceof Uint8Array) parameters[index] = Buffer.from(value);
    }
  }

  /** Writes the rows that are held. */
  flush(): void {
    const width = this.#table.columns.length;
    for (let row = 0; row < this.#held; row++) {
      this.#one.run(...this.#parameters.slice(row * width, (row + 1) * width));
    }
    this.#written();
  }

  #writeMany(): void {
    this.#many ??= this.#prepareMany();
    this.#many.run(...this.#parameters);
    this.#written();
  }

  #written(): void {
    this.#held = 0;
    this.#heldBytes = 0;
  }
}
