// Settings for recovery by hand: where replication starts, and which rows a backfill may leave out. The positions are
// flags with a value, `initial_backfill_cursor=0/16B3748`, as the reference system has them.

import { parseLsn } from '@weir/pgwire';
import { errors } from './errors.ts';

export interface ExpertSettings {
  /** Where a capture without a position starts, with the slot as it is. */
  readonly initialCursor: string | undefined;
  /** Where the capture goes on once, whatever position it has. */
  readonly forcedCursor: string | undefined;
  /** 32 bits: rows last written by an older transaction are not backfilled. */
  readonly minBackfillXid: number | undefined;
  /** Between two reports of lag and progress in the log. */
  readonly reportIntervalMs: number;
}

const REPORT_INTERVAL_MS = 60_000;

/** Throws PG_CONFIG_INVALID. */
export function expertSettings(advanced: {
  readonly feature_flags?: string | undefined;
  readonly min_backfill_xid?: string | undefined;
}): ExpertSettings {
  const xid = advanced.min_backfill_xid;
  return {
    initialCursor: positionFlag(advanced.feature_flags, 'initial_backfill_cursor'),
    forcedCursor: positionFlag(advanced.feature_flags, 'force_reset_cursor'),
    reportIntervalMs: reportIntervalMs(flagValue(advanced.feature_flags, 'report_interval_ms')),
    // Functions of the server give ids with their epoch; rows hold the lower half.
    minBackfillXid: xid === undefined || xid === '' ? undefined : Number(BigInt.asUintN(32, BigInt(xid))),
  };
}

function reportIntervalMs(value: string | undefined): number {
  if (value === undefined) return REPORT_INTERVAL_MS;
  const intervalMs = Number(value);
  if (intervalMs >= 1) return intervalMs;
  throw errors.PG_CONFIG_INVALID({
    message: `the feature flag report_interval_ms is ${JSON.stringify(value)}, which is not a number of milliseconds`,
  });
}

/** The value of the last `name=value` in a list of flags. */
export function flagValue(flags: string | undefined, name: string): string | undefined {
  const entry = (flags ?? '')
    .split(',')
    .map((each) => each.trim())
    .findLast((each) => each.startsWith(`${name}=`));
  return entry?.slice(name.length + 1).trim();
}

function positionFlag(flags: string | undefined, name: string): string | undefined {
  const value = flagValue(flags, name);
  if (value === undefined) return undefined;
  try {
    parseLsn(value);
    return value;
  } catch (error) {
    throw errors.PG_CONFIG_INVALID({
      message: `the feature flag ${name} is ${JSON.stringify(value)}, which is not a position of a PostgreSQL log`,
      fix: 'Write it as two hexadecimal numbers, such as 0/16B3748.',
      cause: error,
    });
  }
}
