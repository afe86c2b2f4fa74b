// Watermarks: a row of a published table, written so that the stream has something to say. With them positions come from
// commits alone, and a keepalive only tells when a watermark should have been there. One is under way at a time; whoever
// needs a later commit asks again.

import { randomUUID } from 'node:crypto';
import { formatLsn, type PgOutputChange, PgServerError, quoteLiteral, quoteQualified } from '@weir/pgwire';
import { queryError, type SqlSession } from '@weir/postgres';
import { type StreamId, streamLabel } from '@weir/sqlcapture';
import { errors } from '../errors.ts';
import { serverPosition } from '../replication-slot.ts';
import { newTexts } from './untouched-values.ts';

const UNDEFINED_TABLE = '42P01';
/** SQLSTATEs of a table that is gone, is not ours to write, or has another shape; of a server that takes no writes. */
const REFUSALS: ReadonlySet<string> = new Set([
  UNDEFINED_TABLE,
  '3F000',
  '42501',
  '42703',
  '42P10',
  '55000',
  '25006',
]);

/** The shape of upstream's table: one row per slot. */
export function watermarkSql(table: StreamId, slot: string, value: string): string {
  const values = [slot, value].map((text) => quoteLiteral(text).trim()).join(', ');
  return `INSERT INTO ${quoteQualified(table.namespace, table.name)} (slot, watermark) VALUES (${values})
          ON CONFLICT (slot) DO UPDATE SET watermark = excluded.watermark`;
}

export interface WatermarksOptions {
  /** A connection of its own: the others may be in a transaction that reads only. Closed with the watermarks. */
  readonly sql: SqlSession;
  readonly table: StreamId;
  readonly slot: string;
  readonly publication: string;
}

export class Watermarks implements AsyncDisposable {
  readonly #options: WatermarksOptions;
  /** Written, or about to be, and not streamed yet. */
  #underWay: string | undefined;
  /** The stream cannot pass this without it. */
  #due: bigint | undefined;

  constructor(options: WatermarksOptions) {
    this.#options = options;
  }

  get isUnderWay(): boolean {
    return this.#underWay !== undefined;
  }

  /** Resolves when it is written, with nothing to do if one is under way. Throws PG_WATERMARKS_UNWRITABLE. */
  async write(): Promise<void> {
    if (this.isUnderWay) return;
    const { sql, table, slot } = this.#options;
    const value = randomUUID();
    this.#underWay = value;
    this.#due = undefined;
    try {
      const connection = await sql.connection();
      await connection.query(watermarkSql(table, slot, value));
      const end = await serverPosition(sql);
      if (this.#underWay === value) this.#due = end;
    } catch (error) {
      throw writeError(error, table);
    }
  }

  /** A change of a table that is not captured. */
  streamed(change: PgOutputChange): void {
    const { table, slot } = this.#options;
    const { name, schema, columns } = change.relation;
    if (name !== table.name || schema !== table.namespace || change.kind === 'delete') return;
    change.readTuples();
    const places = ['slot', 'watermark'].map((wanted) =>
      columns.findIndex((column) => column.name === wanted),
    );
    const [slotOf, value] = newTexts(change, places);
    if (slotOf === slot && value === this.#underWay) this.#underWay = undefined;
  }

  /** No transaction is open in the stream, and nothing before `position` is to come. Throws PG_WATERMARKS_UNPUBLISHED. */
  passed(position: bigint): void {
    if (!this.isUnderWay || this.#due === undefined || position < this.#due) return;
    const { table, publication } = this.#options;
    throw errors.PG_WATERMARKS_UNPUBLISHED({
      message: `the stream has come to ${formatLsn(position)} without the watermark that was written to ${streamLabel(table)} before: the publication ${JSON.stringify(publication)} does not let it through`,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.sql.drop();
    await this.#options.sql[Symbol.asyncDispose]();
  }
}

function writeError(error: unknown, table: StreamId): unknown {
  const doing = `cannot write to the watermarks table ${streamLabel(table)}`;
  if (!(error instanceof PgServerError) || !REFUSALS.has(error.sqlstate)) return queryError(error, doing);
  const detail = { message: `${doing}: ${error.message} (SQLSTATE ${error.sqlstate})`, cause: error };
  return error.sqlstate === UNDEFINED_TABLE
    ? errors.PG_WATERMARKS_MISSING(detail)
    : errors.PG_WATERMARKS_UNWRITABLE(detail);
}
