// How far the backfills of this process are, for the status line and for structured events.

interface TableProgress {
  rows: number;
  readonly firstRows: number;
  readonly sinceMs: number;
  readonly estimate: number | undefined;
  complete: boolean;
}

/** One running backfill. */
export interface BackfillReport {
  readonly table: number;
  readonly rows: number;
  /** Of all rows, by the statistics of the database. */
  readonly estimate: number | undefined;
  /** At most 99 while rows are read. */
  readonly percent: number | undefined;
  /** At the pace of this process. */
  readonly secondsLeft: number | undefined;
}

export class BackfillProgress {
  readonly #tables: (TableProgress | undefined)[];

  constructor(tables: number) {
    this.#tables = Array.from({ length: tables }, () => undefined);
  }

  /** Asks for an estimate once per table and process, failures included. */
  async begin(
    table: number,
    rows: number,
    nowMs: number,
    estimate: () => Promise<number | undefined>,
  ): Promise<void> {
    if (this.#tables[table] !== undefined) return;
    this.#tables[table] = {
      rows,
      firstRows: rows,
      sinceMs: nowMs,
      estimate: await estimate(),
      complete: false,
    };
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

  reports(nowMs: number): BackfillReport[] {
    return this.#tables.flatMap((progress, table) =>
      progress === undefined || progress.complete ? [] : [report(table, progress, nowMs)],
    );
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

function report(table: number, progress: TableProgress, nowMs: number): BackfillReport {
  const { rows, firstRows, sinceMs, estimate } = progress;
  if (estimate === undefined || estimate <= 0)
    return { table, rows, estimate: undefined, percent: undefined, secondsLeft: undefined };
  const percent = Math.min(99, Math.floor((100 * rows) / estimate));
  const read = rows - firstRows;
  const seconds = (nowMs - sinceMs) / 1000;
  const left = Math.max(0, estimate - rows);
  const secondsLeft = read <= 0 ? undefined : Math.round((left * seconds) / read);
  return { table, rows, estimate, percent, secondsLeft };
}
