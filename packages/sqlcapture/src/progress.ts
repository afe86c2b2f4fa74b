// How far the backfills of this process are, for the status line.

interface TableProgress {
  rows: number;
  estimate: number | undefined;
  complete: boolean;
}

export class BackfillProgress {
  readonly #tables: (TableProgress | undefined)[];

  constructor(tables: number) {
    this.#tables = Array.from({ length: tables }, () => undefined);
  }

  /** Asks for an estimate once per table and process, failures included. */
  async begin(table: number, rows: number, estimate: () => Promise<number | undefined>): Promise<void> {
    if (this.#tables[table] !== undefined) return;
    this.#tables[table] = { rows, estimate: await estimate(), complete: false };
  }

  /** The table is read from the beginning again. */
  restart(table: number): void {
    this.#tables[table] = undefined;
  }

  advance(table: number, rows: number, complete: boolean): void {
    const progress = this.#tables[table];
    if (progress === undefined) return;
    progress.rows = rows;
    progress.complete = complete;
  }

  /** `(backfilled 40% of 2 tables)` when every size is known, else `(2 tables backfilling)`. */
  summary(): string {
    const running = this.#tables.filter((table) => table !== undefined && !table.complete);
    let [rows, total] = [0, 0];
    let known = true;
    for (const table of running) {
      if (table?.estimate === undefined || table.estimate <= 0) known = false;
      rows += table?.rows ?? 0;
      total += table?.estimate ?? 0;
    }
    const tables = `${running.length} ${running.length === 1 ? 'table' : 'tables'}`;
    if (!known || total === 0) return `(${tables} backfilling)`;
    return `(backfilled ${Math.min(99, Math.floor((100 * rows) / total))}% of ${tables})`;
  }
}
