// COPY … TO STDOUT as batches of views into the receive buffer: nothing is allocated per row.

import { PgConnectionError, type PgServerError } from './pg-errors.ts';
import { FrameTable } from './wire/frame-table.ts';
import { backend } from './wire/backend-messages.ts';
import { queryMessage } from './wire/frontend-messages.ts';
import type { Session } from './session.ts';

/**
 * Rows of one batch. Row `i` is `bytes[starts[i]..ends[i])`: one CopyData message, which is one row with its line end
 * (PostgreSQL manual: "COPY Operations"). Everything in here is valid until the next batch is asked for.
 */
export interface CopyChunk {
  readonly bytes: Buffer;
  readonly count: number;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** Leaving the loop early cancels the COPY, so that the connection is ready again afterwards. */
export async function* copyOut(
  session: Session,
  sql: string,
  cancel: () => Promise<void>,
): AsyncGenerator<CopyChunk, void, void> {
  const release = await session.acquire('COPY TO STDOUT');
  const frames = new FrameTable();
  let isReady = false;
  let isCopy = false;
  let error: PgServerError | undefined;
  /** Takes every message that is here in full. */
  const collect = (): void => {
    const { stream } = session;
    frames.clear();
    stream.takeCopyData(frames);
    while (!isReady && session.step()) {
      switch (stream.type) {
        case backend.copyData:
          frames.add(stream.bodyStart, stream.bodyEnd);
          stream.takeCopyData(frames);
          break;
        case backend.copyOutResponse:
          isCopy = true;
          break;
        case backend.errorResponse:
          error ??= session.serverError();
          break;
        case backend.readyForQuery:
          session.transactionStatus = session.body().byte();
          isReady = true;
          break;
        default:
          break;
      }
    }
  };
  try {
    session.stream.isGathering = true;
    session.write(queryMessage(sql));
    for (;;) {
      collect();
      if (frames.count > 0) {
        yield { bytes: session.stream.bytes, count: frames.count, starts: frames.starts, ends: frames.ends };
      }
      if (isReady) break;
      await session.fill();
    }
    if (error !== undefined) throw error;
    if (!isCopy) throw new PgConnectionError('protocol', 'copyOut() needs a COPY … TO STDOUT statement');
  } finally {
    try {
      if (!isReady && !session.isClosed) {
        if (error === undefined) await cancel();
        for (;;) {
          collect();
          if (isReady) break;
          await session.fill();
        }
      }
    } finally {
      release();
    }
  }
}
