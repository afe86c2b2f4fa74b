// What went wrong on a connection that had been made, as a sentence.

import { PgConnectionError, PgServerError } from '@weir/pgwire';
import { WeirError } from '@weir/protocol';
import { errors } from './errors.ts';

/** Where no more is known than what the server said. `doing` begins the message: `cannot list the tables`. */
export function queryError(error: unknown, doing: string): unknown {
  if (error instanceof WeirError) return error;
  if (error instanceof PgServerError) {
    const message = `${doing}: ${error.message} (SQLSTATE ${error.sqlstate})`;
    const isShutdown = error.sqlstate.startsWith('57P');
    return isShutdown
      ? errors.PG_SERVER_UNAVAILABLE({ message, cause: error })
      : errors.PG_QUERY_FAILED({
          message,
          cause: error,
          ...(error.hint === undefined ? {} : { fix: error.hint }),
        });
  }
  if (error instanceof PgConnectionError) {
    return errors.PG_CONNECTION_LOST({ message: `${doing}: ${error.message}`, cause: error });
  }
  return error;
}
