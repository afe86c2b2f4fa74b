// The rows of a query with parameters, in batches.

import { parameterText, type QueryParameter } from './query-result.ts';
import { type RowBatch, rowBatches } from './row-batches.ts';
import type { Session } from './session.ts';
import { backend, parseRowDescription, type PgColumn } from './wire/backend-messages.ts';
import {
  bindMessage,
  describePortalMessage,
  executeMessage,
  parseMessage,
  syncMessage,
} from './wire/frontend-messages.ts';

/**
 * A row is the body of one DataRow message: a tuple view reads it with `readDataRow`. The first batch comes before the
 * first row and has the columns of an empty result too.
 */
export interface QueryChunk extends RowBatch {
  readonly columns: readonly PgColumn[];
}

/** One statement, with `$1`, … as its parameters. Leaving the loop early cancels it. */
export async function* queryStream(
  session: Session,
  sql: string,
  parameters: readonly QueryParameter[],
  cancel: () => Promise<void>,
): AsyncGenerator<QueryChunk, void, void> {
  let columns: readonly PgColumn[] = [];
  const messages = [
    parseMessage(sql),
    bindMessage(parameters.map(parameterText)),
    describePortalMessage(),
    executeMessage(),
    syncMessage(),
  ];
  const batches = rowBatches(
    session,
    {
      doing: 'a streamed query',
      messages: Buffer.concat(messages),
      rowType: backend.dataRow,
      onMessage(type) {
        if (type !== backend.rowDescription) return false;
        columns = parseRowDescription(session.body());
        return true;
      },
    },
    cancel,
  );
  for await (const { bytes, count, starts, ends } of batches) yield { columns, bytes, count, starts, ends };
}
