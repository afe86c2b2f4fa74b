// The rows of a query with parameters as batches of views into the receive buffer: nothing is allocated per row, and
// the server is read only as fast as the rows are taken, so a result of any size needs no more memory than its longest row.

import { parameterText, type QueryParameter } from './query-result.ts';
import { FrameTable } from './wire/frame-table.ts';
import { backend, parseRowDescription, type PgColumn } from './wire/backend-messages.ts';
import {
  bindMessage,
  describePortalMessage,
  executeMessage,
  parseMessage,
  syncMessage,
} from './wire/frontend-messages.ts';
import type { PgServerError } from './pg-errors.ts';
import type { Session } from './session.ts';

/**
 * Row `i` is `bytes[starts[i]..ends[i])`, the body of one DataRow message: a tuple view reads it with `readDataRow`.
 * Everything in here is valid until the next batch is asked for. The first batch comes before the first row and has the
 * columns of an empty result too.
 */
export interface QueryChunk {
  readonly columns: readonly PgColumn[];
  readonly bytes: Buffer;
  readonly count: number;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** One statement, with `$1`, … as its parameters. Leaving the loop early cancels it. */
export async function* queryStream(
  session: Session,
  sql: string,
  parameters: readonly QueryParameter[],
  cancel: () => Promise<void>,
): AsyncGenerator<QueryChunk, void, void> {
  const messages = [
    parseMessage(sql),
    bindMessage(parameters.map(parameterText)),
    describePortalMessage(),
    executeMessage(),
    syncMessage(),
  ];
  const release = await session.acquire('a streamed query');
  const frames = new FrameTable();
  let columns: PgColumn[] | undefined;
  let isDescribed = false;
  let isReady = false;
  let error: PgServerError | undefined;
  /** Takes every message that is here in full. */
  const collect = (): void => {
    frames.clear();
    const { stream } = session;
    while (!isReady && session.step()) {
      switch (stream.type) {
        case backend.dataRow:
          frames.add(stream.bodyStart, stream.bodyEnd);
          break;
        case backend.rowDescription:
          columns = parseRowDescription(session.body());
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
    session.write(Buffer.concat(messages));
    for (;;) {
      collect();
      if (frames.count > 0 || (columns !== undefined && !isDescribed)) {
        isDescribed = true;
        const { bytes } = session.stream;
        yield {
          columns: columns ?? [],
          bytes,
          count: frames.count,
          starts: frames.starts,
          ends: frames.ends,
        };
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
