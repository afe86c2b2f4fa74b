// LOAD DATA LOCAL that keeps what it is given or fails. On its own it does neither: the server cannot stop a client that
// is sending a file, so it turns every error of a row into a warning, bends the value, and goes on.

import { errors } from './errors.ts';
import { errorOf } from './server-errors.ts';
import type { Outcome, Session, Warning } from './session.ts';

const DUPLICATE_KEY = 1062;

export interface BulkLoad {
  readonly sql: string;
  /** The table and what happens to it, for messages. */
  readonly doing: string;
}

/**
 * Returns how many rows were left out because their key was there. Every other warning is thrown, as MYSQL_VALUE_REFUSED
 * or what it stands for.
 */
export async function loadRows(
  session: Session,
  { sql, doing }: BulkLoad,
  contents: Buffer,
): Promise<number> {
  const outcome = await session.load(sql, doing, contents);
  if (outcome.warnings === 0) return outcome.skippedRows;
  const warnings = await session.warnings(doing);
  const failure = warnings.find(({ code }) => code !== DUPLICATE_KEY);
  if (failure !== undefined) throw refused(failure, outcome, doing);
  // The server keeps so many warnings and no more; each row that it left out has given one.
  if (outcome.warnings > outcome.skippedRows) throw refused(warnings[0], outcome, doing);
  return outcome.skippedRows;
}

function refused(warning: Warning | undefined, outcome: Outcome, doing: string): Error {
  const { code = 0, message = 'the server warned of something that it does not tell' } = warning ?? {};
  const more = outcome.warnings > 1 ? ` (and ${outcome.warnings - 1} more)` : '';
  return (errorOf(code) ?? errors.MYSQL_VALUE_REFUSED)({
    message: `${doing}: ${message}${more} (warning ${code})`,
  });
}
