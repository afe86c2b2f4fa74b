// What the catalogues say of the leaves of partitioned tables: their files, and how each came to be one.

import { arrayLiteral, type SqlRow, type SqlSession } from '@weir/postgres';

/** That a table, or a partitioned one with all of its leaves, was made a part of the root. */
export interface Attachment {
  /** The transaction. */
  readonly by: string;
  /** The command in it; undefined where the catalogues have lost it. */
  readonly command: number | undefined;
  /** How many transactions ago. */
  readonly age: number;
  /** When the leaf was created: by an earlier transaction, by that one, or by a later one, which may be under a savepoint of it. */
  readonly created: 'earlier' | 'together' | 'later';
  readonly createdBy: string;
  /** The command that created it; undefined where the catalogues have lost it. */
  readonly createdAt: number | undefined;
}

export interface Partition {
  readonly oid: string;
  readonly file: string;
  readonly namespace: string;
  readonly name: string;
  /** The transactions that made it, and each table between, a part of the next one up to the root: `761.755`. */
  readonly links: string;
  /** The last on the way to the root. Undefined: it has been a part of the root since it exists. */
  readonly attachment: Attachment | undefined;
  readonly isEmpty: boolean;
  /** A column that may be set to what it is; undefined where the server makes the values of each. */
  readonly settable: string | undefined;
}

/** What the whole circle of transaction ids is taken to be: ids of before the last 2^32 are not told apart. */
export const AGE_MASK = 2 ** 32 - 1;

/** How many transactions ago one was, in SQL. `age()` is negative beyond 2^31, and where rows are newer than its idea of now. */
export function ageSql(xid: string): string {
  const next = '(SELECT pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()))';
  return `((${next} - ${xid}::text::bigint) & ${AGE_MASK})`;
}

type Step = Pick<Attachment, 'by' | 'command' | 'age'>;

interface Link {
  readonly links: readonly string[];
  readonly attachment: Step | undefined;
}

const ROOT: Link = { links: [], attachment: undefined };

/**
 * The leaves of each partitioned table among these. ATTACH PARTITION writes each of a table's columns anew, by the very command that
 * makes the entry in pg_inherits; CREATE TABLE … PARTITION OF writes them before, by commands of the same transaction. So one
 * column of before proves that a table was born as a partition. The command of an entry is lost once anybody tried to
 * remove the entry, as a transaction that was rolled back.
 */
export async function readPartitions(
  sql: SqlSession,
  oids: readonly string[],
): Promise<ReadonlyMap<string, readonly Partition[]>> {
  const rows = await sql.rows(
    'cannot list the partitions of the tables',
    `WITH RECURSIVE tree (root, member, parent, depth, xid, command, remover) AS (
       SELECT c.oid, c.oid, NULL::oid, 0, NULL::xid, NULL::bigint, NULL::text
         FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::oid[]) AND c.relkind = 'p'
       UNION ALL
       SELECT t.root, i.inhrelid, i.inhparent, t.depth + 1, i.xmin, i.cmin::text::bigint, i.xmax::text
         FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.member)
     SELECT t.root, t.member, t.parent, t.xid, CASE WHEN t.remover = '0' THEN t.command END AS command,
            ${ageSql('t.xid')} AS age, ${ageSql('a.xmin')} AS created_age, a.xmin AS created_by,
            CASE WHEN a.xmax::text = '0' THEN a.cmin::text END AS created_at,
            EXISTS (SELECT FROM pg_catalog.pg_attribute u
                     WHERE u.attrelid = t.member AND u.attnum > 0 AND NOT u.attisdropped AND u.xmin = t.xid
                       AND u.xmax::text = '0' AND t.remover = '0' AND u.cmin::text::bigint < t.command) AS born,
            (SELECT u.attname FROM pg_catalog.pg_attribute u
              WHERE u.attrelid = t.member AND u.attnum > 0 AND NOT u.attisdropped AND u.attidentity <> 'a'
                AND coalesce(to_jsonb(u) ->> 'attgenerated', '') = '' ORDER BY u.attnum LIMIT 1) AS settable,
            pg_catalog.pg_relation_filenode(c.oid) AS file, n.nspname, c.relname,
            coalesce(pg_catalog.pg_relation_size(c.oid), 0) = 0 AS empty
       FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.member
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tableoid'
      ORDER BY t.root, t.depth, t.member`,
    [arrayLiteral(oids)],
  );
  const byRoot = Map.groupBy(rows, (row) => row['root'] ?? '');
  return new Map([...byRoot].map(([root, members]) => [root, leaves(members)]));
}

/** Each comes after its parent. */
function leaves(members: readonly SqlRow[]): readonly Partition[] {
  const links = new Map<string, Link>();
  return members.flatMap((row) => {
    const above = links.get(row['parent'] ?? '');
    const link = above === undefined ? ROOT : linkOf(row, above);
    links.set(row['member'] ?? '', link);
    // What has no file has partitions of its own, or is a foreign table.
    const file = row['file'] ?? undefined;
    if (file === undefined) return [];
    return [
      {
        oid: row['member'] ?? '',
        file,
        namespace: row['nspname'] ?? '',
        name: row['relname'] ?? '',
        links: link.links.join('.'),
        attachment: attachmentOf(row, link),
        isEmpty: row['empty'] === 't',
        settable: row['settable'] ?? undefined,
      },
    ];
  });
}

function linkOf(row: SqlRow, above: Link): Link {
  const links = [row['xid'] ?? '', ...above.links];
  if (row['born'] === 't') return { links, attachment: above.attachment };
  const own = { by: row['xid'] ?? '', command: numberOf(row['command']), age: Number(row['age']) };
  return { links, attachment: above.attachment === undefined ? own : later(own, above.attachment) };
}

function later(one: Step, other: Step): Step {
  if (one.by !== other.by) return one.age < other.age ? one : other;
  const isUnknown = one.command === undefined || other.command === undefined;
  return { ...one, command: isUnknown ? undefined : Math.max(one.command, other.command) };
}

function attachmentOf(row: SqlRow, { attachment }: Link): Attachment | undefined {
  if (attachment === undefined) return undefined;
  const age = Number(row['created_age']);
  const isLater = row['born'] === 't' && age < attachment.age;
  return {
    ...attachment,
    created: isLater ? 'later' : age === attachment.age ? 'together' : 'earlier',
    createdBy: row['created_by'] ?? '',
    createdAt: numberOf(row['created_at']),
  };
}

function numberOf(text: string | null | undefined): number | undefined {
  return text === null || text === undefined ? undefined : Number(text);
}
