// The server publishes a change by what the publication was when the change was written, so what was written while a
// table was not in it never comes, and nothing in the stream says so. How each table is published is therefore kept in
// its state and compared at every start and every discovery: a publication that was changed meanwhile may have left
// changes out, even if it has been mended since.

import type { Logger } from '@weir/connector';
import { arrayLiteral, type SqlSession } from '@weir/postgres';
import {
  errors as engineErrors,
  type KnownTable,
  streamLabel,
  type TableInfo,
  type TableMetadata,
} from '@weir/sqlcapture';
import type { SourceSettings } from './config.ts';
import { errors } from './errors.ts';
import { publishedKey, readPublication, type PublicationInfo } from './publication.ts';

/** Identity and version of the publication; the changes it lets through and a digest of its options; what a table is in it by. */
const [PUBLICATION, VERSION] = ['publication', 'publication_version'];
const [OPERATIONS, OPTIONS] = ['publication_operations', 'publication_options'];
const PUBLISHED_BY = 'published_by';

/**
 * What `discover` finds, with how each table is published. The server lists a publication as of the moment it is asked, so
 * that a table which is dropped, replaced or renamed between two questions looks as if it had been taken out: then all of
 * it is asked again.
 */
export async function discoverPublished(
  sql: SqlSession,
  name: string,
  discover: () => Promise<readonly TableInfo[]>,
): Promise<readonly TableInfo[]> {
  for (;;) {
    const tables = await withPublication(sql, name, await discover());
    const unpublished = tables.filter(isUnpublished);
    if (await areStillThere(sql, unpublished)) return tables;
  }
}

function isUnpublished({ facts }: TableInfo): boolean {
  return facts?.[PUBLISHED_BY] === '';
}

/** Under the names that they were found by. */
async function areStillThere(sql: SqlSession, tables: readonly TableInfo[]): Promise<boolean> {
  if (tables.length === 0) return true;
  const rows = await sql.rows(
    'cannot look for tables that are not published',
    `SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY ($1::oid[])`,
    [arrayLiteral(tables.map(({ identity }) => identity ?? ''))],
  );
  const names = new Map(
    rows.map((row) => [row['oid'], publishedKey(row['nspname'] ?? '', row['relname'] ?? '')]),
  );
  return tables.every(
    ({ identity, namespace, name }) => names.get(identity) === publishedKey(namespace, name),
  );
}

/** Adds to each table how it is published; nothing where there is no publication. */
async function withPublication(
  sql: SqlSession,
  name: string,
  tables: readonly TableInfo[],
): Promise<readonly TableInfo[]> {
  if (tables.length === 0) return tables;
  const publication = await readPublication(sql, name);
  const { identity } = publication;
  if (identity === undefined) return tables.map((table) => ({ ...table, facts: { [PUBLISHED_BY]: '' } }));
  const entries = await readEntries(
    sql,
    identity.oid,
    tables.map((table) => table.identity ?? ''),
  );
  return tables.map((table) => ({
    ...table,
    facts: {
      [PUBLICATION]: identity.oid,
      [VERSION]: identity.version,
      [OPERATIONS]: identity.operations.join(','),
      [OPTIONS]: identity.options,
      [PUBLISHED_BY]: publishedBy(publication, table, entries).join(','),
    },
  }));
}

function publishedBy(
  publication: PublicationInfo,
  table: TableInfo,
  entries: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  if (!publication.tables.has(publishedKey(table.namespace, table.name))) return [];
  return publication.allTables ? ['all'] : (entries.get(table.identity ?? '') ?? []);
}

/**
 * By table, the entries of the publication that it, its schema, or a table that it is a partition of is in by. An entry
 * whose row filter or columns change is another one.
 */
async function readEntries(
  sql: SqlSession,
  publication: string,
  oids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const schemas =
    (await sql.versionNumber()) < 150_000
      ? ''
      : `UNION ALL
         SELECT up.bound, 'schema ' || s.oid FROM up JOIN pg_catalog.pg_class c ON c.oid = up.member
           JOIN pg_catalog.pg_publication_namespace s ON s.pnnspid = c.relnamespace AND s.pnpubid = $2::oid`;
  const rows = await sql.rows(
    'cannot read how the tables are published',
    `WITH RECURSIVE up (bound, member) AS (
       SELECT o, o FROM unnest($1::oid[]) o
       UNION SELECT up.bound, i.inhparent FROM up JOIN pg_catalog.pg_inherits i ON i.inhrelid = up.member
               JOIN pg_catalog.pg_class c ON c.oid = up.member AND c.relispartition)
     SELECT up.bound AS oid, 'table ' || r.oid AS entry FROM up
       JOIN pg_catalog.pg_publication_rel r ON r.prrelid = up.member AND r.prpubid = $2::oid
     ${schemas} ORDER BY 1, 2`,
    [arrayLiteral(oids), publication],
  );
  const byTable = Map.groupBy(rows, (row) => row['oid'] ?? '');
  return new Map([...byTable].map(([oid, of]) => [oid, of.map((row) => row['entry'] ?? '')]));
}

/**
 * Throws PG_PUBLICATION_GAP when changes of some of the tables may have been left out since their states were written, and
 * SQL_TABLE_RENEWED when those of a new one would be: it was made after the start saw to it that all are published.
 */
export function checkPublished(
  tables: readonly KnownTable[],
  settings: Pick<SourceSettings, 'flags' | 'onTruncate' | 'publication'>,
  log: Pick<Logger, 'warn'>,
): void {
  const { skip_prerequisites, skip_table_prerequisites } = settings.flags;
  const made = tables.filter(({ info, known }) => known === undefined && isUnpublished(info));
  if (made.length > 0 && !skip_prerequisites && !skip_table_prerequisites) {
    throw engineErrors.SQL_TABLE_RENEWED({
      message: `tables were created, or taken out of the publication, while the capture started, and are not published: ${made.map(({ info }) => streamLabel(info)).join(', ')}`,
      fix: 'Nothing is to be done: the next start adds them to the publication, or says who may.',
    });
  }
  const byReason = new Map<string, string[]>();
  for (const { info, known } of tables) {
    const reason = known && gapReason(known, info.facts ?? {}, settings);
    if (reason !== undefined) byReason.set(reason, [...(byReason.get(reason) ?? []), streamLabel(info)]);
  }
  if (byReason.size === 0) return;
  const publication = JSON.stringify(settings.publication);
  const parts = [...byReason].map(([reason, labels]) => `${labels.join(', ')} (${reason})`);
  const message = `the publication ${publication} was changed, and may have left out changes of ${parts.join('; ')}`;
  if (settings.flags.accept_publication_gap) log.warn(message, { eventType: 'publicationGap' });
  else throw errors.PG_PUBLICATION_GAP({ message });
}

function gapReason(
  known: TableMetadata,
  now: TableMetadata,
  { flags, onTruncate }: Pick<SourceSettings, 'flags' | 'onTruncate'>,
): string | undefined {
  const isKnown = known[PUBLICATION] !== undefined;
  const wasPublished = isKnown && known[PUBLISHED_BY] !== '';
  const isUnchecked = flags.skip_prerequisites || flags.skip_table_prerequisites;
  if (now[PUBLISHED_BY] === '' && (wasPublished || !(isKnown || isUnchecked)))
    return now[PUBLICATION] === undefined
      ? 'it does not exist'
      : 'their changes do not go out under their names';
  if (!wasPublished) return undefined;
  if (differ(known, now, PUBLICATION)) return 'it was dropped and created again';
  const left = listed(known, OPERATIONS).filter(
    (operation) =>
      !listed(now, OPERATIONS).includes(operation) && (operation !== 'truncate' || onTruncate !== 'ignore'),
  );
  if (left.length > 0) return `it lets no ${left.join(', ')} through`;
  if (!listed(known, PUBLISHED_BY).some((entry) => listed(now, PUBLISHED_BY).includes(entry)))
    return 'taken out and added again, or with another row filter or other columns';
  // Owner and options are in the same row of the catalogue: a new version of it that has the same ones was another between.
  if (differ(known, now, VERSION) && !differ(known, now, OPTIONS)) return 'its options were set and set back';
  return undefined;
}

function differ(known: TableMetadata, now: TableMetadata, fact: string): boolean {
  return String(known[fact]) !== String(now[fact]);
}

function listed(facts: TableMetadata, fact: string): readonly string[] {
  return String(facts[fact] ?? '')
    .split(',')
    .filter((part) => part !== '');
}
