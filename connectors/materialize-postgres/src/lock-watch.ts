// Says what a transaction waits for when it takes long: the sessions that hold the locks it wants.

import type { Logger } from '@weir/connector';
import { type PgConnection, rowObjects } from '@weir/pgwire';

const blockersSql = `
  SELECT pid, usename, application_name, state, left(query, 200) AS query
  FROM pg_stat_activity WHERE pid = ANY(pg_blocking_pids($1::int))`;

export type WatchedWork = keyof typeof reports;

/** A store goes on for as long as rows come: that it waits for nothing is nothing to tell. */
const reports = {
  store: {
    blocked: (seconds: number) =>
      `A transaction has been storing for ${seconds} s and waits for a lock of another session`,
    free: undefined,
  },
  commit: {
    blocked: (seconds: number) => `A commit has waited ${seconds} s for a lock of another session`,
    free: (seconds: number) => `A commit has been going on for ${seconds} s and waits for no lock`,
  },
};

export interface LockWatchOptions {
  readonly doing: WatchedWork;
  readonly open: () => Promise<PgConnection>;
  readonly log: Logger;
  readonly everyMs: number;
}

/** Runs `work` on a connection of the server process `pid`, once there is one, looking now and then at what that waits for. */
export async function watchingLocks<T>(
  pid: () => number | undefined,
  { doing, open, log, everyMs }: LockWatchOptions,
  work: () => Promise<T>,
): Promise<T> {
  const startedAt = Date.now();
  let looking: Promise<void> | undefined;
  const report = reports[doing];
  const look = async (): Promise<void> => {
    const watched = pid();
    if (watched === undefined) return;
    const connection = await open();
    try {
      const blockers = rowObjects(await connection.query(blockersSql, [watched]));
      const seconds = Math.round((Date.now() - startedAt) / 1000);
      if (blockers.length === 0 && report.free !== undefined) log.warn(report.free(seconds));
      for (const blocker of blockers) log.warn(report.blocked(seconds), blocker);
    } finally {
      await connection.close();
    }
  };
  const timer = setInterval(() => {
    looking ??= look()
      .catch(() => undefined)
      .finally(() => (looking = undefined));
  }, everyMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await looking;
  }
}
