// A ledger that tells what was lost or doubled: every statement takes the next number of one counter, so that the
// number a key carries only grows, whatever the server forgot of a transaction when it was killed.

import type { PgConnection } from '@weir/pgwire';
import type { PostgresServer } from '@weir/testing';
import { setTimeout as delay } from 'node:timers/promises';

/** Tables of the ledger → collections. `views` has no primary key and `events` is only appended to. */
export const ledgerTables = {
  ledger: 'public/ledger',
  events: 'public/events',
  views: 'public/views',
  'we"ird Täble': 'public/we_ird_t_ble',
} as const;

export const greatestKey = 2n ** 63n - 1n;

const firstRows = 1500;

const schema = `
  CREATE TABLE ledger (k bigint PRIMARY KEY, seq bigint NOT NULL, amount numeric(30, 6), note text, at timestamptz);
  CREATE TABLE events (id bigint PRIMARY KEY, body text);
  CREATE TABLE views (path text, n bigint);
  CREATE TABLE "we""ird Täble" ("i d" bigint PRIMARY KEY, "s""éq" bigint NOT NULL, doc json);
  ALTER TABLE "we""ird Täble" REPLICA IDENTITY FULL;
  INSERT INTO ledger SELECT k, 0, k / 7.0, 'first', now() FROM generate_series(1, ${firstRows}) k;
  INSERT INTO ledger VALUES (${greatestKey}, 0, 123456789012345678.123457, 'greatest 😀', now());
  INSERT INTO events SELECT -id, 'first' FROM generate_series(1, ${firstRows}) id;
  INSERT INTO views SELECT '/' || n, -n FROM generate_series(1, ${firstRows}) n;
  INSERT INTO "we""ird Täble" SELECT k, 0, '{"first": true}' FROM generate_series(1, 300) k`;

export class LedgerWorkload {
  readonly #server: PostgresServer;
  readonly #random: () => number;
  readonly #stopping = new AbortController();
  #counter = 0;
  #running: Promise<void> = Promise.resolve();
  /** Rows of a table without a key can be told apart only once its backfill is done. */
  mayView = false;
  transactions = 0;

  constructor(server: PostgresServer, random: () => number) {
    this.#server = server;
    this.#random = random;
  }

  /** The number that the next statement takes. */
  get next(): number {
    return this.#counter + 1;
  }

  async createTables(): Promise<void> {
    await this.#server.query(schema);
  }

  start(transactionsPerSecond: number): void {
    this.#running = this.#work(1000 / transactionsPerSecond);
  }

  /** Ends after the transaction in hand, which may take until the server is back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #work(meanPauseMs: number): Promise<void> {
    const { signal } = this.#stopping;
    let connection: PgConnection | undefined;
    while (!signal.aborted) {
      try {
        connection ??= await this.#server.connect();
        await connection.query(`BEGIN; ${this.#transaction()}; COMMIT`);
        this.transactions += 1;
      } catch {
        // The server is down; whether the transaction was committed nobody knows, and it does not matter.
        await connection?.close().catch(() => undefined);
        connection = undefined;
      }
      await delay(2 * meanPauseMs * this.#random());
    }
    await connection?.close();
  }

  #transaction(): string {
    // One in forty is larger than what leaves the capture in one piece.
    const count = this.#random() < 1 / 40 ? 200 : 1 + Math.floor(this.#random() * 6);
    return Array.from({ length: count }, () => this.#statement()).join(';\n');
  }

  #statement(): string {
    this.#counter += 1;
    const n = this.#counter;
    const dice = this.#random();
    const key = this.#random() < 0.05 ? greatestKey : BigInt(1 + Math.floor(this.#random() * firstRows));
    if (dice < 0.3) {
      return `INSERT INTO events VALUES (${n}, 'event ${n} ${'x'.repeat(Math.floor(this.#random() * 200))}')`;
    }
    if (dice < 0.4 && this.mayView) return `INSERT INTO views VALUES ('/p/${n % 17}', ${n})`;
    if (dice < 0.65) {
      return `INSERT INTO ledger VALUES (${key}, ${n}, ${n} / 3.0, 'put ${n}', clock_timestamp())
              ON CONFLICT (k) DO UPDATE SET seq = excluded.seq, amount = excluded.amount, note = excluded.note`;
    }
    if (dice < 0.75) return `UPDATE ledger SET seq = ${n}, at = clock_timestamp() WHERE k = ${key}`;
    if (dice < 0.82) return `DELETE FROM ledger WHERE k = ${key}`;
    const weird = 1 + Math.floor(this.#random() * 300);
    if (dice < 0.93) {
      return `INSERT INTO "we""ird Täble" VALUES (${weird}, ${n}, '{"n": ${n}, "zero": "\\u0000"}')
              ON CONFLICT ("i d") DO UPDATE SET "s""éq" = excluded."s""éq", doc = excluded.doc`;
    }
    return `DELETE FROM "we""ird Täble" WHERE "i d" = ${weird}`;
  }
}
