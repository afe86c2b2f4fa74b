// Reads the stored documents of keys. Keys are gathered until there are many, then looked up in one short transaction:
// copied into a temporary table and joined, while the next keys are already gathered. No transaction stays open while
// more keys are waited for.

import { encodeKey, RowBuffer } from '@weir/materialize-sql';
import type { Loads } from '@weir/materialize';
import type { PgConnection } from '@weir/pgwire';
import type { LastingConnection } from './connection.ts';
import { copyRows, createStaging, loadDocuments, type PgTable, stagingName } from './table-sql.ts';
import { BEGIN } from './transaction.ts';
import { writeError } from './write-error.ts';

/**
 * Of all tables. Of so many keys the server still makes a sorted list in its memory, and walks along the index of the
 * table with it; of twice as many it makes a hash of the whole table, which it writes to its disk.
 */
const LOOK_UP_BYTES = 1 << 19;

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

interface AskedTable {
  readonly load: LoadTable;
  readonly keys: Buffer;
}

export class RowLoader {
  readonly #connection: LastingConnection;
  readonly #tables: readonly (LoadTable | undefined)[];
  /** Of the connection: the temporary tables that it has. */
  readonly #staged: Set<string>;
  /** Of all keys that wait to be looked up. */
  #heldBytes = 0;
  /** The look-up that goes on; at most one does. */
  #lookingUp: Promise<void> = Promise.resolve();

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
      if (this.#heldBytes >= LOOK_UP_BYTES) await this.#beginLookUp(loads);
    }
    await this.#beginLookUp(loads);
    await this.#lookingUp;
  }

  /** Resolves when the look-up before this one is done. Throws what went wrong with it. */
  async #beginLookUp(loads: Loads): Promise<void> {
    await this.#lookingUp;
    const asked = this.#tables
      .filter((load) => load !== undefined)
      .filter(({ rows }) => rows.length > 0)
      .map((load) => ({ load, keys: load.rows.take() }));
    this.#heldBytes = 0;
    if (asked.length === 0) return;
    this.#lookingUp = this.#lookUp(asked, loads);
    // It is awaited before the next one, or at the end.
    this.#lookingUp.catch(() => undefined);
  }

  async #lookUp(asked: readonly AskedTable[], loads: Loads): Promise<void> {
    // Before that, the rows of the transaction before may not be there yet.
    await loads.acknowledged();
    const connection = await this.#connection.get();
    try {
      for (const { load } of asked) {
        const { create } = load;
        if (this.#staged.has(create)) continue;
        await connection.query(create);
        this.#staged.add(create);
      }
      await connection.query(BEGIN);
      for (const { load, keys } of asked) await this.#join(load, keys, connection, loads);
      await connection.query('COMMIT');
    } catch (error) {
      throw writeError(
        error,
        `cannot read from ${asked.map(({ load }) => load.table.identifier).join(', ')}`,
      );
    }
  }

  async #join(
    { index, copy, select }: LoadTable,
    keys: Buffer,
    connection: PgConnection,
    loads: Loads,
  ): Promise<void> {
    const staging = await connection.copyIn(copy);
    await staging.write(keys);
    await staging.finish();
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
