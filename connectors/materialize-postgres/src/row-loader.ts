// Reads the stored documents of keys. Keys are gathered until there are many, then looked up in one short transaction:
// copied into a temporary table and joined. No transaction stays open while more keys are waited for.

import { encodeKey, RowBuffer } from '@weir/materialize-sql';
import type { Loads } from '@weir/materialize';
import type { PgConnection } from '@weir/pgwire';
import type { LastingConnection } from './connection.ts';
import { copyRows, createStaging, loadDocuments, type PgTable, stagingName } from './table-sql.ts';
import { BEGIN } from './transaction.ts';
import { writeError } from './write-error.ts';

/** Of all tables; more keys at a time are hardly faster, and their documents wait longer. */
const LOOK_UP_BYTES = 1 << 21;

/** Of a DataRow: the number of columns, then of the first column its length (PostgreSQL manual: "Message Formats"). */
const LENGTH_AT = 2;
const VALUE_AT = 6;

interface LoadTable {
  readonly index: number;
  readonly table: PgTable;
  readonly rows: RowBuffer;
  readonly create: string;
  readonly copy: string;
  readonly select: string;
}

export class RowLoader {
  readonly #connection: LastingConnection;
  readonly #tables: readonly (LoadTable | undefined)[];
  /** Of the connection: the temporary tables that it has. */
  readonly #staged: Set<string>;
  /** Of all keys that wait to be looked up. */
  #heldBytes = 0;

  constructor(connection: LastingConnection, tables: readonly PgTable[], staged: Set<string>) {
    this.#connection = connection;
    this.#staged = staged;
    this.#tables = tables.map((table, index) => {
      const select = loadDocuments(index, table);
      if (select === undefined) return undefined;
      return {
        index,
        table,
        rows: new RowBuffer('drop', 1 << 12),
        create: createStaging('load', index, table),
        copy: copyRows(stagingName('load', index), table.keys),
        select,
      };
    });
  }

  async load(loads: Loads): Promise<void> {
    for await (const { binding, keys } of loads) {
      const load = this.#tables[binding];
      if (load === undefined) continue;
      this.#heldBytes -= load.rows.length;
      for (const key of keys) encodeKey(load.table, key, 0, key.length, load.rows);
      this.#heldBytes += load.rows.length;
      if (this.#heldBytes >= LOOK_UP_BYTES) await this.#lookUp(loads);
    }
    await this.#lookUp(loads);
  }

  async #lookUp(loads: Loads): Promise<void> {
    const asked = this.#tables.filter((load) => load !== undefined).filter(({ rows }) => rows.length > 0);
    if (asked.length === 0) return;
    this.#heldBytes = 0;
    // Before that, the rows of the transaction before may not be there yet.
    await loads.acknowledged();
    const connection = await this.#connection.get();
    try {
      for (const { create } of asked) {
        if (this.#staged.has(create)) continue;
        await connection.query(create);
        this.#staged.add(create);
      }
      await connection.query(BEGIN);
      for (const load of asked) await this.#join(load, connection, loads);
      await connection.query('COMMIT');
    } catch (error) {
      throw writeError(error, `cannot read from ${asked.map(({ table }) => table.identifier).join(', ')}`);
    }
  }

  async #join(
    { index, rows, copy, select }: LoadTable,
    connection: PgConnection,
    loads: Loads,
  ): Promise<void> {
    const keys = await connection.copyIn(copy);
    await keys.write(rows.take());
    await keys.finish();
    for await (const { bytes, count, starts, ends } of connection.queryStream(select)) {
      for (let row = 0; row < count; row += 1) {
        const start = starts[row] ?? 0;
        // A length of −1 is a null: no document.
        if (bytes.readInt32BE(start + LENGTH_AT) < 0) continue;
        loads.loaded(index, bytes.subarray(start + VALUE_AT, ends[row] ?? start));
      }
      if (loads.congested) await loads.drained();
    }
  }
}
