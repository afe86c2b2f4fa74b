// `--sessions 2,1,-1`: how many transactions each session of a preview makes; a negative number sets no limit.

import { InvalidArgumentError } from 'commander';

export function parseSessions(text: string): (number | undefined)[] {
  return text.split(',').map((part) => {
    const count = Number(part.trim());
    if (part.trim() === '' || !Number.isInteger(count)) {
      throw new InvalidArgumentError('Sessions are numbers of transactions, for instance 2,1,-1.');
    }
    return count < 0 ? undefined : count;
  });
}

/** Deals transactions out to sessions, in order; a session without a limit takes all that are left. */
export function splitSessions<T>(
  transactions: readonly T[],
  sessions: readonly (number | undefined)[],
): T[][] {
  let at = 0;
  return sessions.map((limit) => {
    const part = transactions.slice(at, limit === undefined ? undefined : at + limit);
    at += part.length;
    return part;
  });
}
