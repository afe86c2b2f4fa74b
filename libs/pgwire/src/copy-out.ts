// COPY … TO STDOUT: one CopyData message is one row with its line end (PostgreSQL manual: "COPY Operations").

import { PgConnectionError } from './pg-errors.ts';
import { type RowBatch, rowBatches } from './row-batches.ts';
import type { Session } from './session.ts';
import { backend } from './wire/backend-messages.ts';
import { queryMessage } from './wire/frontend-messages.ts';

export type CopyChunk = RowBatch;

/** Leaving the loop early cancels the COPY, so that the connection is ready again afterwards. */
export async function* copyOut(
  session: Session,
  sql: string,
  cancel: () => Promise<void>,
): AsyncGenerator<CopyChunk, void, void> {
  let isCopy = false;
  yield* rowBatches(
    session,
    {
      doing: 'COPY TO STDOUT',
      messages: queryMessage(sql),
      rowType: backend.copyData,
      takeRows: (stream, frames) => stream.takeCopyData(frames),
      onMessage(type) {
        isCopy ||= type === backend.copyOutResponse;
        return false;
      },
    },
    cancel,
  );
  if (!isCopy) throw new PgConnectionError('protocol', 'copyOut() needs a COPY … TO STDOUT statement');
}
