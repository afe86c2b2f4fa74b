// Sessions that write to the tables of a seed until they are told to stop: transactions of all kinds, and DDL now and
// then. They live through a server that is killed, as an application does.

import { setTimeout as delay } from 'node:timers/promises';
import { type PgConnection, PgConnectionError, PgServerError } from '@weir/pgwire';
import { randomAlteration } from './alterations.ts';
import type { Dice } from './dice.ts';
import { randomStatement } from './statements.ts';
import type { StressTable } from './stress-table.ts';

/** SQLSTATEs that several sessions may well cause each other: the transaction is rolled back, and that is all. */
const expected: readonly string[] = [
  '23505', // another row has the key
  '40P01', // deadlock
  '40001', // the row has gone to another partition
  '55P03', // lock timeout
  '42P01', // the table is being replaced
  '42703', // the column is gone
  '42701', // the column is there already
  '22001', // too long for its new type
  '55000', // no replica identity, so no updates
  '23503',
];

export interface WorkloadOptions {
  readonly connect: () => Promise<PgConnection>;
  readonly tables: readonly StressTable[];
  readonly ledger: string;
  readonly schema: string;
  readonly dice: Dice;
}

export class Workload implements AsyncDisposable {
  readonly #options: WorkloadOptions;
  readonly #stop = new AbortController();
  readonly #sessions: Promise<void>[] = [];
  /** Dropped, and not created again yet: SQL by table. */
  readonly #missing = new Map<StressTable, string>();
  #prepared = 0;
  /** Of a session that ended because of it. */
  #failure: unknown;
  /** Committed or rolled back. */
  transactions = 0;
  /** Tables dropped and created again. */
  replacements = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
  }

  start(sessions: number): void {
    for (let session = 0; session < sessions; session += 1)
      this.#sessions.push(
        this.#session(session, this.#options.dice.fork()).catch((error: unknown) => {
          this.#failure ??= error;
        }),
      );
  }

  /** Every session has ended, no transaction is left prepared, and every table is there. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#sessions);
    if (this.#failure !== undefined) throw this.#failure;
    const connection = await this.#options.connect();
    await this.#createMissing(connection);
    await connection.close();
  }

  /** Every session has ended, in whatever state it left the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#sessions);
  }

  async #session(session: number, dice: Dice): Promise<void> {
    let connection: PgConnection | undefined;
    const prefix = `${this.#options.schema}_${session}_`;
    while (!this.#stop.signal.aborted) {
      try {
        if (connection === undefined) {
          connection = await this.#options.connect();
          await finishPrepared(connection, prefix);
        }
        await this.#pause(dice);
        await this.#createMissing(connection);
        await this.#attempt(connection, prefix, dice);
      } catch (error) {
        if (connection?.isClosed === false && !isServerGone(error)) throw error;
        connection?.destroy();
        connection = undefined;
        await delay(50);
      }
    }
    connection ??= await this.#options.connect();
    await finishPrepared(connection, prefix);
    await connection.close();
  }

  /** A transaction, which sessions may well have made impossible for each other. */
  async #attempt(connection: PgConnection, prefix: string, dice: Dice): Promise<void> {
    try {
      await this.#transaction(connection, prefix, dice);
      this.transactions += 1;
    } catch (error) {
      if (!(error instanceof PgServerError) || !expected.includes(error.sqlstate)) throw error;
      await connection.query('ROLLBACK');
      for (const table of this.#options.tables) await table.lookAgain(connection);
    }
  }

  async #pause(dice: Dice): Promise<void> {
    const ms = dice.weighted([
      [20, dice.below(15)],
      [1, dice.below(400)],
    ]);
    await delay(ms);
  }

  async #transaction(connection: PgConnection, prefix: string, dice: Dice): Promise<void> {
    const [first, ...others] = this.#options.tables;
    if (first === undefined) return;
    const table = dice.pick([first, ...others]);
    const statement = (of: StressTable = table) => randomStatement(of, dice);
    const anywhere = () => statement(dice.pick([first, ...others]));
    switch (
      dice.weighted([
        [30, 'single'],
        [12, 'several'],
        [4, 'rolled back'],
        [table.plan.isKeyed ? 6 : 0, 'savepoints'],
        [3, 'prepared'],
        [3, 'slow'],
        [0.5, 'truncate'],
        [1.2, 'alter'],
      ])
    ) {
      case 'single':
        await connection.query(statement());
        return;
      case 'several': {
        const async = dice.chance(0.3) ? 'SET LOCAL synchronous_commit = off;' : '';
        await connection.query(`BEGIN; ${async} ${statement()}; ${anywhere()}; ${statement()}; COMMIT`);
        return;
      }
      case 'rolled back':
        await connection.query(`BEGIN; ${statement()}; ${anywhere()}; ROLLBACK`);
        return;
      case 'savepoints':
        await connection.query(
          `BEGIN; ${statement()}; SAVEPOINT a; ${statement()}; ROLLBACK TO a; ${statement()};
           SAVEPOINT b; ${statement()}; RELEASE b; ${statement()}; COMMIT`,
        );
        return;
      case 'prepared':
        await this.#prepare(connection, dice, prefix, `${statement()}; ${anywhere()}`);
        return;
      case 'slow':
        await connection.query(`BEGIN; ${statement()}`);
        await delay(dice.below(300));
        await connection.query(`${anywhere()}; COMMIT`);
        return;
      case 'truncate': {
        const [before, after] = [statement(), statement()];
        await connection.query(
          `BEGIN; SET LOCAL lock_timeout = '1s'; ${before}; TRUNCATE ${table.name}; ${after}; COMMIT`,
        );
        return;
      }
      case 'alter':
        await this.#alter(connection, table, dice);
        return;
      default:
        return;
    }
  }

  async #prepare(connection: PgConnection, dice: Dice, prefix: string, statements: string): Promise<void> {
    this.#prepared += 1;
    const name = `${prefix}${this.#prepared}`;
    const end = dice.chance(0.8) ? 'COMMIT' : 'ROLLBACK';
    await connection.query(`BEGIN; ${statements}; PREPARE TRANSACTION '${name}'`);
    await delay(dice.below(200));
    await connection.query(`${end} PREPARED '${name}'`);
  }

  async #alter(connection: PgConnection, table: StressTable, dice: Dice): Promise<void> {
    const { ledger, tables } = this.#options;
    const alteration = randomAlteration(table, ledger, dice);
    await connection.query(`BEGIN; SET LOCAL lock_timeout = '1s'; ${alteration.first}; COMMIT`);
    if (alteration.replaces) this.replacements += 1;
    if (alteration.then !== '') {
      if (alteration.replaces) this.#missing.set(table, alteration.then);
      await delay(dice.below(100));
      if (alteration.replaces) await this.#createMissing(connection);
      else await connection.query(alteration.then);
    }
    for (const each of tables) await each.lookAgain(connection);
  }

  async #createMissing(connection: PgConnection): Promise<void> {
    for (const [table, sql] of this.#missing) {
      this.#missing.delete(table);
      await connection.query(`BEGIN; ${sql}; COMMIT`).catch((error: unknown) => {
        this.#missing.set(table, sql);
        throw error;
      });
    }
  }
}

/** What a session left behind when it lost its connection. */
async function finishPrepared(connection: PgConnection, prefix: string): Promise<void> {
  const { rows } = await connection.query(
    'SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE starts_with(gid, $1)',
    [prefix],
  );
  for (const [gid] of rows) await connection.query(`ROLLBACK PREPARED '${gid}'`);
}

/** The connection is lost, or the server is coming or going. */
function isServerGone(error: unknown): boolean {
  if (error instanceof PgConnectionError) return true;
  return error instanceof PgServerError && error.sqlstate.startsWith('57P');
}
