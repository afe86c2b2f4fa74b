// The fence of a session, in the destination file itself.

import type { Checkpoint, RangeSpec } from '@weir/protocol';
import {
  CHECKPOINTS_TABLE,
  checkpointsTable,
  checkpointsTableComment,
  createTable,
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
import { sqlite } from './dialect.ts';
import { words } from './table-sql.ts';

const statements = fenceStatements(CHECKPOINTS_TABLE, sqlite, (position) => `?${position}`);

export const createCheckpointsTable = createTable(
  checkpointsTable(sqlite, []),
  sqlite,
  { ...words, create: 'CREATE TABLE IF NOT EXISTS' },
  checkpointsTableComment,
).join('; ');

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
    if (plan.write === 'insert') {
      database.prepare(statements.insert).run(task, keyBegin, keyEnd, fence, checkpoint);
    } else if (plan.write === 'update') {
      database.prepare(statements.update).run(checkpoint, task, keyBegin, keyEnd, fence);
    }
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
