// A server that was promoted, or restored to a point in time, writes a new timeline from where it left the one before.
// What lies before that point is common to both, so that a capture may go on there; a capture that has read past it has
// changes that the server never had, and would miss others.

import { formatLsn, parseLsn, type PgConnection, PgServerError } from '@weir/pgwire';
import type { TableMetadata } from '@weir/sqlcapture';
import { errors } from '../errors.ts';

export interface ClusterIdentity {
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** Where the server left each timeline before its own, as far as it knows. */
  readonly timelineEnds: ReadonlyMap<number, bigint>;
}

/** Of a replication connection. */
export async function identifySystem(connection: PgConnection): Promise<ClusterIdentity> {
  const { rows } = await connection.query('IDENTIFY_SYSTEM');
  const timeline = Number(rows[0]?.[1]);
  return {
    systemIdentifier: rows[0]?.[0] ?? '',
    timeline,
    timelineEnds: timeline > 1 ? await readTimelineEnds(connection, timeline) : new Map(),
  };
}

/** The history of a timeline may have been removed from the server: then nothing is known. */
async function readTimelineEnds(
  connection: PgConnection,
  timeline: number,
): Promise<ReadonlyMap<number, bigint>> {
  try {
    const { rows } = await connection.query(`TIMELINE_HISTORY ${timeline}`);
    return parseTimelineHistory(rows[0]?.[1] ?? '');
  } catch (error) {
    if (error instanceof PgServerError) return new Map();
    throw error;
  }
}

/** One line per timeline: its number, where it was left, and why (PostgreSQL manual: "Streaming Replication Protocol"). */
export function parseTimelineHistory(content: string): ReadonlyMap<number, bigint> {
  const lines = content.matchAll(/^\s*(\d+)\s+([0-9A-F]+\/[0-9A-F]+)/gm);
  return new Map(Array.from(lines, ([, timeline, end]) => [Number(timeline), parseLsn(end ?? '')]));
}

/** In the state of each table. */
export function clusterMetadata(cluster: ClusterIdentity): TableMetadata {
  return { system_identifier: cluster.systemIdentifier, timeline: cluster.timeline };
}

/** `startOver`: what to do when the way on is lost. Throws PG_OTHER_CLUSTER. */
export function checkCluster(
  cluster: ClusterIdentity,
  known: readonly TableMetadata[],
  cursor: bigint,
  startOver: string,
): void {
  for (const metadata of known) {
    const [system, timeline] = [metadata['system_identifier'], metadata['timeline']];
    if (system !== undefined && String(system) !== cluster.systemIdentifier) {
      throw errors.PG_OTHER_CLUSTER({
        message: `the server is another one than before: its system identifier is ${cluster.systemIdentifier}, and the capture has been reading ${system}`,
        fix: `Connect to the server of before, or start over. ${startOver}`,
      });
    }
    if (timeline !== undefined && Number(timeline) !== cluster.timeline)
      checkTimeline(cluster, Number(timeline), cursor, startOver);
  }
}

function checkTimeline(cluster: ClusterIdentity, timeline: number, cursor: bigint, startOver: string): void {
  const end = cluster.timelineEnds.get(timeline);
  if (end !== undefined && cursor <= end) return;
  const reason =
    end === undefined
      ? 'does not know that timeline: it was restored, or has another past'
      : `left that timeline at ${formatLsn(end)}: it was promoted or restored without the last of what the capture has read`;
  throw errors.PG_OTHER_CLUSTER({
    message: `the server is on timeline ${cluster.timeline}, and the capture has read timeline ${timeline} up to ${formatLsn(cursor)}; the server ${reason}`,
    fix: startOver,
  });
}
