// The fence of a session, in the destination's own table of checkpoints.

import {
  encodeFenceCheckpoint,
  errors as sqlErrors,
  type Fence,
  fenceOf,
  type FenceRow,
  fenceStatements,
  hasUnraisedRow,
  planFence,
} from '@weir/materialize-sql';
import { type PgConnection, quoteIdentifier, rowObjects } from '@weir/pgwire';
import type { Checkpoint, RangeSpec } from '@weir/protocol';
import { errors } from './errors.ts';
import { inTransaction } from './transaction.ts';
import { writeError } from './write-error.ts';

/** Sessions of one task install their fences one after the other, also the first two of it; other programs do not ask. */
const lockTask = 'SELECT pg_advisory_xact_lock(hashtext($1))';

export class FenceTable {
  readonly #table: string;
  readonly #task: string;
  readonly #statements;

  /** `table`: quoted, with its schema. */
  constructor(table: string, task: string) {
    this.#table = table;
    this.#task = task;
    this.#statements = fenceStatements(table, { quoteIdentifier }, (position) => `$${position}`);
  }

  /** Raises the fences of every session that overlaps `range`, and takes over its checkpoint. */
  async install(connection: PgConnection, range: RangeSpec): Promise<Fence> {
    const task = this.#task;
    const statements = this.#statements;
    return inTransaction(connection, `cannot install the fence in ${this.#table}`, async () => {
      await connection.query(lockTask, [task]);
      const parameters = [task, range.keyBegin, range.keyEnd];
      const raised = await connection.query(statements.raiseOverlapping, parameters);
      const rows = rowObjects(await connection.query(statements.select, [task])).map((row): FenceRow => ({
        keyBegin: Number(row['key_begin']),
        keyEnd: Number(row['key_end']),
        fence: BigInt(row['fence'] ?? 0),
        checkpoint: row['checkpoint'] ?? '',
      }));
      if (hasUnraisedRow(rows, range, raised.rowCount)) {
        throw errors.PG_CONFLICT({ message: 'another session installed its own fence at the same moment' });
      }
      const plan = planFence(rows, range);
      const { keyBegin, keyEnd, fence, checkpoint } = plan.own;
      if (plan.write === 'insert') {
        await connection.query(statements.insert, [task, keyBegin, keyEnd, fence, checkpoint]);
      } else if (plan.write === 'update') {
        await connection.query(statements.update, [checkpoint, task, keyBegin, keyEnd, fence]);
      }
      return fenceOf(plan);
    });
  }

  /**
   * Writes the checkpoint, if the fence still holds. Nothing may be written between it and COMMIT. Returns the number of
   * the transaction, as the row will bear it, and whether a condition in SQL holds, asked in the same breath. Throws
   * SQL_FENCED_OFF.
   */
  async update(
    connection: PgConnection,
    fence: Fence,
    checkpoint: Checkpoint,
    condition: string,
  ): Promise<{ readonly transaction: string; readonly holds: boolean }> {
    const { keyBegin, keyEnd } = fence;
    const parameters = [encodeFenceCheckpoint(checkpoint), this.#task, keyBegin, keyEnd, fence.fence];
    let rows: readonly (readonly (string | null)[])[];
    try {
      const returning = `RETURNING xmin::text, ${condition}`;
      ({ rows } = await connection.query(`${this.#statements.update} ${returning}`, parameters));
    } catch (error) {
      throw writeError(error, `cannot write the checkpoint into ${this.#table}`);
    }
    if (rows.length === 1) return { transaction: rows[0]?.[0] ?? '', holds: rows[0]?.[1] === 't' };
    throw sqlErrors.SQL_FENCED_OFF({
      message: `${this.#task} was fenced off: another instance of it has opened the same database since this one did. Nothing of this transaction was kept.`,
    });
  }

  /**
   * Whether the transaction of this number, which wrote the fence's row, was committed. Waits while it still goes on:
   * until then it holds a lock on the row.
   */
  async wasCommitted(connection: PgConnection, fence: Fence, transaction: string): Promise<boolean> {
    return inTransaction(connection, `cannot read the fence in ${this.#table}`, async () => {
      const { rows } = await connection.query(
        `SELECT xmin::text, fence FROM ${this.#table} WHERE materialization = $1 AND key_begin = $2 AND key_end = $3 FOR UPDATE`,
        [this.#task, fence.keyBegin, fence.keyEnd],
      );
      const [xmin, current] = rows[0] ?? [];
      if (xmin === transaction) return true;
      if (BigInt(current ?? 0) === fence.fence) return false;
      throw sqlErrors.SQL_FENCED_OFF({
        message: `${this.#task} was fenced off while the outcome of its last commit was not known; the newer instance goes on from what was committed.`,
      });
    });
  }
}
