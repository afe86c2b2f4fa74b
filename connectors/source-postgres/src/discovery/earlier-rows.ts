// Rows that were in a table before it was a part of a partitioned one: no change of that one tells of them.

import { PgServerError, quoteQualified } from '@weir/pgwire';
import type { SqlSession } from '@weir/postgres';
import { ageSql, type Attachment, type Partition } from './partition-tree.ts';

/** `perhaps`: it cannot be told, or could not be looked for. */
export type EarlierRows = 'some' | 'perhaps' | 'none';

/**
 * A row of the transaction that attached the table tells by its command, as long as nobody has locked it, which writes the
 * command of that in the same place; and one of another by its age. A transaction under a savepoint of the attaching one is
 * another. Rows of somebody who began to write later than the transaction that attached it may be of before as well.
 */
export async function findEarlierRows(
  sql: SqlSession,
  partition: Partition,
  timeoutMs: number,
): Promise<EarlierRows> {
  const { attachment, isEmpty, namespace, name } = partition;
  if (attachment === undefined || isEmpty) return 'none';
  if (timeoutMs < 1) return 'perhaps';
  const { certain, possible } = conditions(attachment);
  const rows = `SELECT FROM ONLY ${quoteQualified(namespace, name)} r WHERE`;
  try {
    // One message is one transaction, at the end of which the timeout is again what it was.
    const row = await sql.row(
      'cannot look for earlier rows in a partition',
      `SET LOCAL statement_timeout = ${Math.floor(timeoutMs)};
       SELECT CASE WHEN EXISTS (${rows} ${certain}) THEN 'some' WHEN EXISTS (${rows} ${possible}) THEN 'perhaps' END AS found`,
    );
    const found = row?.['found'];
    return found === 'some' || found === 'perhaps' ? found : 'none';
  } catch (error) {
    // Who may read the root need not be allowed to read the partition; or there is no time to read it whole.
    const cause = error instanceof Error ? error.cause : undefined;
    if (cause instanceof PgServerError && !cause.sqlstate.startsWith('57P')) return 'perhaps';
    throw error;
  }
}

function conditions({ by, command, created, createdBy, createdAt }: Attachment) {
  const isOfIt = `r.xmin = '${by}'::xid`;
  const ownCommand = 'r.cmin::text::bigint';
  const isUntouched = "r.xmax::text = '0'";
  const hasEarlierCommand = command === undefined ? 'false' : `${ownCommand} < ${command}`;
  if (created === 'earlier') {
    const isOlder = `${ageSql('r.xmin')} > ${ageSql(`'${by}'`)}`;
    return {
      certain: `${isOlder} OR (${isOfIt} AND ${isUntouched} AND ${hasEarlierCommand})`,
      possible: 'true',
    };
  }
  // As a rule it was born as a partition long after, and has no rows of the attaching transaction.
  if (created === 'later')
    return {
      certain: `${isOfIt} AND ${isUntouched} AND ${hasEarlierCommand}`,
      possible: `r.xmin IN ('${by}'::xid, '${createdBy}'::xid)`,
    };
  if (command === undefined || createdAt === undefined) return { certain: 'false', possible: 'true' };
  const isBetween = `${ownCommand} > ${createdAt} AND ${hasEarlierCommand}`;
  return {
    certain: `${isOfIt} AND ${isUntouched} AND ${isBetween}`,
    possible: `(${isOfIt} AND NOT ${isUntouched}) OR (NOT ${isOfIt} AND ${isBetween})`,
  };
}
