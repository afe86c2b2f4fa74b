// Ends a query that gives nothing for very long, such as one that waits for a lock. Only waiting for the server counts.

import { errors } from './errors.ts';
import type { RowSource } from './rows.ts';

export interface Patience {
  readonly firstRowMs: number;
  readonly nextRowMs: number;
}

export const patience: Patience = { firstRowMs: 6 * 3_600_000, nextRowMs: 15 * 60_000 };

/** The same rows; `next` throws SQLBATCH_QUERY_SILENT when it takes too long. */
export function watched(rows: RowSource, resource: string, limits: Patience = patience): RowSource {
  let seen = 0;
  return {
    get columns() {
      return rows.columns;
    },
    async next() {
      const timeoutMs = seen === 0 ? limits.firstRowMs : limits.nextRowMs;
      const silence = Promise.withResolvers<never>();
      const timer = setTimeout(() => silence.reject(silentError(resource, timeoutMs)), timeoutMs);
      try {
        const count = await Promise.race([rows.next(), silence.promise]);
        seen += count ?? 0;
        return count;
      } finally {
        clearTimeout(timer);
      }
    },
    select: (row) => rows.select(row),
    writeValue: (out, column) => rows.writeValue(out, column),
    cursorValue: (column) => rows.cursorValue(column),
    [Symbol.asyncDispose]: () => rows[Symbol.asyncDispose](),
  };
}

function silentError(resource: string, timeoutMs: number) {
  const minutes = Math.round(timeoutMs / 60_000);
  return errors.SQLBATCH_QUERY_SILENT({
    message: `the query of ${JSON.stringify(resource)} gave no row for ${minutes} minutes`,
  });
}
