// Rows as batches of views into the receive buffer: nothing is allocated per row, and the server is read only as fast as the
// rows are taken, so a result of any size needs no more memory than its longest row.

import type { PgServerError } from './pg-errors.ts';
import type { Session } from './session.ts';
import { backend } from './wire/backend-messages.ts';
import { FrameTable } from './wire/frame-table.ts';
import type { MessageStream } from './wire/message-stream.ts';

/** Row `i` is `bytes[starts[i]..ends[i])`, the body of its message. Valid until the next batch is asked for. */
export interface RowBatch {
  readonly bytes: Buffer;
  readonly count: number;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

export interface RowRequest {
  /** What the connection is busy with, for messages. */
  readonly doing: string;
  readonly messages: Buffer;
  /** The type of the messages that are rows. */
  readonly rowType: number;
  /** Takes rows that lie one behind the other, quicker than message by message. */
  readonly takeRows?: (stream: MessageStream, frames: FrameTable) => void;
  /** Sees every other message; true hands out a batch even if it has no rows. */
  readonly onMessage: (type: number) => boolean;
}

/** Ends with the request. Throws what the server answers; leaving the loop early cancels the request first. */
export async function* rowBatches(
  session: Session,
  { doing, messages, rowType, takeRows, onMessage }: RowRequest,
  cancel: () => Promise<void>,
): AsyncGenerator<RowBatch, void, void> {
  const release = await session.acquire(doing);
  const { stream } = session;
  const frames = new FrameTable();
  let isWanted = false;
  let isReady = false;
  let error: PgServerError | undefined;
  /** Takes every message that is here in full. */
  const collect = (): void => {
    frames.clear();
    isWanted = false;
    takeRows?.(stream, frames);
    while (!isReady && session.step()) {
      switch (stream.type) {
        case rowType:
          frames.add(stream.bodyStart, stream.bodyEnd);
          takeRows?.(stream, frames);
          break;
        case backend.errorResponse:
          error ??= session.serverError();
          break;
        case backend.readyForQuery:
          session.transactionStatus = session.body().byte();
          isReady = true;
          break;
        default:
          isWanted = onMessage(stream.type) || isWanted;
      }
    }
  };
  try {
    stream.isGathering = true;
    session.write(messages);
    for (;;) {
      collect();
      if (frames.count > 0 || isWanted) {
        yield { bytes: stream.bytes, count: frames.count, starts: frames.starts, ends: frames.ends };
      }
      if (isReady) break;
      await session.fill();
    }
    if (error !== undefined) throw error;
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
