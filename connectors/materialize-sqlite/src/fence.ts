// The fence of a session, in the destination file itself.

import type { Checkpoint, RangeSpec } from '@weir/protocol';
import {
  CHECKPOINTS_TABLE,
  encodeFenceCheckpoint,
  errors as sqlErrors,
  type Fence,
  fenceOf,
  type FenceRow,
  fenceStatements,
  planFence,
} from '@weir/materialize-sql';
import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from './database.ts';

const statements = fenceStatements(CHECKPOINTS_TABLE, (position) => `?${position}`);

export const createCheckpointsTable = `CREATE TABLE IF NOT EXISTS ${CHECKPOINTS_TABLE} (
  materialization TEXT NOT NULL,
  key_begin INTEGER NOT NULL,
  key_end INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  "checkpoint" TEXT NOT NULL,
  PRIMARY KEY (materialization, key_begin, key_end)
) STRICT`;

/** Raises the fences of every session that overlaps `range`, and takes over its checkpoint. */
export function installFence(database: DatabaseSync, task: string, range: RangeSpec): Fence {
  return inTransaction(database, () => {
    database.exec(createCheckpointsTable);
    database.prepare(statements.raiseOverlapping).run(task, range.keyBegin, range.keyEnd);
    const select = database.prepare(statements.select);
    select.setReadBigInts(true);
    const rows = (select.all(task) as Record<string, bigint | string>[]).map((row): FenceRow => ({
      keyBegin: Number(row['key_begin']),
      keyEnd: Number(row['key_end']),
      fence: BigInt(row['fence'] ?? 0),
      checkpoint: String(row['checkpoint']),
    }));
    const plan = planFence(rows, range);
    const { keyBegin, keyEnd, fence, checkpoint } = plan.own;
    if (plan.insert) database.prepare(statements.insert).run(task, keyBegin, keyEnd, fence, checkpoint);
    return fenceOf(plan);
  });
}

/** Writes the checkpoint, if the fence still holds. Must be the last statement before COMMIT. */
export function updateFence(
  database: DatabaseSync,
  task: string,
  fence: Fence,
  checkpoint: Checkpoint,
): void {
  const { changes } = database
    .prepare(statements.update)
    .run(encodeFenceCheckpoint(checkpoint), task, fence.keyBegin, fence.keyEnd, fence.fence);
  if (Number(changes) === 1) return;
  throw sqlErrors.SQL_FENCED_OFF({
    message: `${task} was fenced off: another instance of it has opened the same SQLite file since this one did. Nothing of this transaction was kept.`,
  });
}
