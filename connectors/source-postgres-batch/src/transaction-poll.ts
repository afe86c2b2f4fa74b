// Polls a table along transaction ids: rows inserted or updated since the poll before, page by page. Deletes are not seen.
//
// Invariant: a row that a transaction before `NextXID` wrote, and that is still there, is in the pages before `ScanTID`
// and captured, or in the pages after it. An update in the meantime moves the row past `NextXID`, to the next scan.

import { type PgConnection, quoteQualified, rowObjects } from '@weir/pgwire';
import { DocumentLayout, type Poll, type RowSource } from '@weir/sqlbatch';
import type { Table } from './default-query.ts';
import { errors } from './errors.ts';
import { beginLastingSnapshot } from './lasting-snapshot.ts';
import { chunkPages, chunkQuery, distance, measureQuery, type Scan, shortId } from './transaction-scan.ts';

/** Half the circle: a longer way ahead is more likely one back. */
const HALF_CIRCLE = 2 ** 31;
/** Older servers read the whole table for each range of pages. */
const FIRST_VERSION_WITH_PAGE_SCANS = 140_000;

const CTID_COLUMN = 0;

interface Measure {
  readonly oldest: bigint;
  readonly newest: bigint;
  readonly partitions: number;
  readonly pages: number;
  readonly files: string;
}

export type RunChunk = (connection: PgConnection, sql: string) => RowSource;

export async function pollTransactions(
  poll: Poll,
  table: Table,
  connection: PgConnection,
  run: RunChunk,
): Promise<void> {
  const chunks = new ScanInProgress(poll, table, connection, run);
  let measure = await chunks.begin();
  while (await chunks.hasMore(measure)) {
    await chunks.read(measure);
    measure = await chunks.measure();
  }
  await chunks.finish();
}

class ScanInProgress {
  readonly #poll: Poll;
  readonly #table: Table;
  readonly #connection: PgConnection;
  readonly #run: RunChunk;
  #scan: Scan = { base: 0, next: 0 };
  #page = 0;
  #pages = 0;
  #files = '';
  #wholeTable = false;
  #documents: number;

  constructor(poll: Poll, table: Table, connection: PgConnection, run: RunChunk) {
    this.#poll = poll;
    this.#table = table;
    this.#connection = connection;
    this.#run = run;
    this.#documents = poll.state.documentCount;
  }

  async begin(): Promise<Measure> {
    const version = await this.#connection.query("SELECT current_setting('server_version_num')");
    this.#wholeTable = Number(version.rows[0]?.[0]) < FIRST_VERSION_WITH_PAGE_SCANS;
    const measure = await this.measure();
    const { BaseXID, NextXID, ScanTID } = this.#poll.state.facts;
    const base = storedId(BaseXID);
    const isResumed = storedId(NextXID) !== 0;
    this.#scan = { base, next: isResumed ? storedId(NextXID) : shortId(measure.oldest) };
    this.#page = isResumed ? Number(/^\((\d+),/.exec(String(ScanTID))?.[1] ?? 0) : 0;
    this.#pages = measure.pages;
    this.#files = measure.files;
    if (base !== 0 && distance(base, this.#scan.next) > HALF_CIRCLE) {
      this.#poll.log.warn(
        'the transaction counter of the server lies behind the capture: rows may come again',
        {
          base,
          next: this.#scan.next,
        },
      );
    }
    return measure;
  }

  /** In a transaction of its own, whose snapshot the next chunk is read under. */
  async measure(): Promise<Measure> {
    const { schema, table } = this.#table;
    if (this.#connection.transactionStatus !== 'idle') await this.#connection.query('COMMIT');
    await beginLastingSnapshot(this.#connection, 'READ ONLY');
    const result = await this.#connection.query(measureQuery, [quoteQualified(schema, table)]);
    const row = rowObjects(result)[0] ?? {};
    const stranger = row['stranger'] ?? undefined;
    if (stranger !== undefined) {
      throw errors.PG_NO_TRANSACTION_IDS({
        message: `${JSON.stringify(this.#poll.binding.resource.name)} is polled along txid, and ${JSON.stringify(stranger)} is a view or a foreign table, whose rows have no transaction ids`,
      });
    }
    return {
      oldest: BigInt(row['oldest'] ?? 0),
      newest: BigInt(row['newest'] ?? 0),
      partitions: Number(row['partitions']),
      pages: Number(row['pages']),
      files: row['files'] ?? '',
    };
  }

  /** A table that was rewritten has its rows elsewhere, so the scan begins again. */
  async hasMore(measure: Measure): Promise<boolean> {
    if (measure.files !== this.#files) {
      this.#poll.log.warn('the table was rewritten while it was scanned: the scan begins again');
      this.#files = measure.files;
      this.#page = 0;
      this.#pages = measure.pages;
      await this.#checkpoint();
    }
    const { base, next } = this.#scan;
    return base !== next && this.#page < this.#pages;
  }

  async read(measure: Measure): Promise<void> {
    const poll = this.#poll;
    const end = this.#wholeTable ? this.#pages : this.#page + chunkPages(measure.partitions);
    const sql = chunkQuery(this.#table, { first: this.#page, end }, this.#scan, shortId(measure.newest));
    await using rows = this.#run(this.#connection, sql);
    let layout: DocumentLayout | undefined;
    for (let count = await rows.next(); count !== undefined; count = await rows.next()) {
      layout ??= new DocumentLayout(rows.columns, poll.binding.source, new Set([CTID_COLUMN]));
      for (let row = 0; row < count; row += 1) {
        rows.select(row);
        poll.row(layout, rows, this.#documents, 'c');
        this.#documents += 1;
        if (poll.isFull) await poll.flush();
      }
    }
    this.#page = end;
    await this.#checkpoint();
  }

  async #checkpoint(): Promise<void> {
    const { base, next } = this.#scan;
    await this.#poll.checkpoint({
      documentCount: this.#documents,
      facts: { BaseXID: base, NextXID: next, ScanTID: `(${this.#page},0)` },
    });
  }

  async finish(): Promise<void> {
    await this.#connection.query('COMMIT');
    await this.#poll.checkpoint({
      documentCount: this.#documents,
      lastPolled: this.#poll.polled,
      facts: { BaseXID: this.#scan.next, NextXID: 0, ScanTID: '' },
    });
  }
}

function storedId(fact: number | string | undefined): number {
  return fact === undefined || fact === '' ? 0 : shortId(BigInt(fact));
}
