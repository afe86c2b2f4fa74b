// The fence of a session, in `flow_checkpoints_v1` of the database.

import type { Checkpoint, RangeSpec } from '@weir/protocol';
import { WeirError } from '@weir/protocol';
import {
  CHECKPOINTS_TABLE,
  encodeFenceCheckpoint,
  errors as sqlErrors,
  type Fence,
  fenceOf,
  type FenceRow,
  fenceStatements,
  hasUnraisedRow,
  planFence,
} from '@weir/materialize-sql';
import { errors } from './errors.ts';
import { quoteIdentifier } from './identifier.ts';
import type { Row, Session } from './session.ts';

const statements = fenceStatements(CHECKPOINTS_TABLE, { quoteIdentifier }, () => '?');

/** Two first sessions at once lock each other out; nothing has been done yet that could not be done again. */
const ATTEMPTS = 5;

/** Raises the fences of every session that overlaps `range`, and takes over its checkpoint. */
export async function installFence(session: Session, task: string, range: RangeSpec): Promise<Fence> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await installOnce(session, task, range);
    } catch (failure) {
      await session.rollback();
      const mayGoAway = failure instanceof WeirError && isContention(failure);
      if (!mayGoAway || attempt === ATTEMPTS) throw failure;
    }
  }
}

/** A deadlock, a lock that was waited for too long, or a row that another session inserted first. */
function isContention({ code, cause }: WeirError): boolean {
  return code === 'MYSQL_LOCKED' || (cause as { errno?: number } | undefined)?.errno === 1062;
}

async function installOnce(session: Session, task: string, range: RangeSpec): Promise<Fence> {
  const doing = `installing the fence of ${task}`;
  await session.begin(doing);
  const raised = await session.run(statements.raiseOverlapping, doing, [task, range.keyBegin, range.keyEnd]);
  const found = await session.rows(`${statements.select} FOR UPDATE`, doing, [task]);
  const rows = found.map(fenceRowOf);
  if (hasUnraisedRow(rows, range, raised.affectedRows)) {
    throw errors.MYSQL_LOCKED({ message: `${doing}: another session installed its own at the same moment` });
  }
  const plan = planFence(rows, range);
  const { keyBegin, keyEnd, fence, checkpoint } = plan.own;
  if (plan.write === 'insert') {
    await session.run(statements.insert, doing, [task, keyBegin, keyEnd, fence, checkpoint]);
  } else if (plan.write === 'update') {
    await session.run(statements.update, doing, [checkpoint, task, keyBegin, keyEnd, fence]);
  }
  await session.commit(doing);
  return fenceOf(plan);
}

function fenceRowOf(row: Row): FenceRow {
  return {
    keyBegin: Number(row['key_begin']),
    keyEnd: Number(row['key_end']),
    fence: BigInt(String(row['fence'])),
    checkpoint: String(row['checkpoint']),
  };
}

/** Writes the checkpoint, if the fence still holds. Must be the last statement before the commit. Throws SQL_FENCED_OFF. */
export async function updateFence(
  session: Session,
  task: string,
  fence: Fence,
  checkpoint: Checkpoint,
): Promise<void> {
  const doing = `writing the checkpoint of ${task}`;
  const { keyBegin, keyEnd } = fence;
  const parameters = [encodeFenceCheckpoint(checkpoint), task, keyBegin, keyEnd, fence.fence];
  const { affectedRows } = await session.run(statements.update, doing, parameters);
  if (affectedRows === 1) return;
  throw sqlErrors.SQL_FENCED_OFF({
    message: `${task} was fenced off: another instance of it has opened the same database since this one did. Nothing of this transaction was kept.`,
  });
}
