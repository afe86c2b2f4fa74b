// What went wrong while a destination was written to, as one of our errors. SQLSTATEs: PostgreSQL manual, appendix A.

import { PgServerError } from '@weir/pgwire';
import { queryError } from '@weir/postgres/connection';
import { type ErrorDetail, WeirError } from '@weir/protocol';
import { errors } from './errors.ts';

type Make = (detail: ErrorDetail) => WeirError;

const byState: Readonly<Record<string, Make>> = {
  '0A000': errors.PG_OBJECT_IN_THE_WAY,
  '21000': errors.PG_KEYS_COLLIDE,
  '23505': errors.PG_ROW_EXISTS,
  '25006': errors.PG_READ_ONLY,
  '40001': errors.PG_CONFLICT,
  '40P01': errors.PG_CONFLICT,
  '42501': errors.PG_WRITE_DENIED,
  '42703': errors.PG_TABLE_CHANGED,
  '42804': errors.PG_TABLE_CHANGED,
  '42P01': errors.PG_TABLE_CHANGED,
  '42P10': errors.PG_TABLE_CHANGED,
  '2BP01': errors.PG_OBJECT_IN_THE_WAY,
  '3F000': errors.PG_TABLE_CHANGED,
  '428C9': errors.PG_CONSTRAINT,
  '54000': errors.PG_KEY_TOO_LONG,
  '55P03': errors.PG_LOCK_TIMEOUT,
  P0001: errors.PG_CONSTRAINT,
};

const byClass: Readonly<Record<string, Make>> = {
  '22': errors.PG_VALUE_REFUSED,
  '23': errors.PG_CONSTRAINT,
  '53': errors.PG_FULL,
};

/** `doing` begins the message: `cannot store into "public"."t"`. */
export function writeError(error: unknown, doing: string): unknown {
  if (!(error instanceof PgServerError)) return queryError(error, doing);
  const make = byState[error.sqlstate] ?? byClass[error.sqlstate.slice(0, 2)];
  if (make === undefined) return queryError(error, doing);
  const { detail, where } = error.fields;
  // Of a value that was refused, its place says more than its text, which may be long; the first line names the column.
  const place = error.sqlstate.startsWith('22') ? where?.split('\n')[0] : detail;
  const more = place === undefined ? '' : `; ${place.slice(0, 300)}`;
  return make({ message: `${doing}: ${error.message}${more} (SQLSTATE ${error.sqlstate})`, cause: error });
}

/** The transaction had no effect, and may be tried again as it was. */
export function isConflict(error: unknown): boolean {
  if (error instanceof WeirError) return error.code === 'PG_CONFLICT';
  return error instanceof PgServerError && ['40001', '40P01', '23505'].includes(error.sqlstate);
}
