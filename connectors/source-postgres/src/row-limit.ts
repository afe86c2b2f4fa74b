// The server prints a row, or a change, into one buffer of at most 1 GiB. A larger one can be stored and not be read, by
// COPY or by replication; trying again does not help.

import { PgServerError } from '@weir/pgwire';
import { errors } from './errors.ts';

/** SQLSTATE of a buffer that is full. */
const PROGRAM_LIMIT_EXCEEDED = '54000';
/** SQLSTATE, and words in English, of a single value that would take more than the buffer. */
const INTERNAL_ERROR = 'XX000';

/** PG_ROW_TOO_LARGE if that is what the server's error comes to; `where` names the rows: `the table public.t`. */
export function rowTooLargeError(error: unknown, where: string): unknown {
  if (!(error instanceof PgServerError)) return undefined;
  const isTooLarge =
    error.sqlstate === PROGRAM_LIMIT_EXCEEDED ||
    (error.sqlstate === INTERNAL_ERROR && error.message.includes('invalid memory alloc request size'));
  if (!isTooLarge) return undefined;
  return errors.PG_ROW_TOO_LARGE({
    message: `a row of ${where} is larger than the 1 GiB that the server can send: ${error.message}`,
    cause: error,
  });
}
