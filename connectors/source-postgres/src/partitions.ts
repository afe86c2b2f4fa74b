// Rows come and go with the partition they are in, and the stream says nothing of it: a table that is attached brings
// rows along, one that is detached, dropped or truncated by itself takes them away. The partitions of each captured root,
// with their files, are therefore kept in its state, and compared at every start and every discovery.

import type { Logger } from '@weir/connector';
import { arrayLiteral, type SqlSession } from '@weir/postgres';
import { errors, type KnownTable, streamLabel, type TableInfo } from '@weir/sqlcapture';
import type { SourceSettings } from './config.ts';

/** `oid:file` of each. */
const PARTITIONS = 'partitions';
const MOST_NAMES = 5;

interface Partition {
  readonly oid: string;
  readonly file: string;
  readonly name: string;
  /** It was a table of its own, or a partition of one, before. */
  readonly wasAttached: boolean;
  readonly isEmpty: boolean;
}

export class Partitions {
  readonly #sql: SqlSession;
  readonly #settings: Pick<SourceSettings, 'onTruncate'>;
  readonly #log: Logger;
  #byRoot: ReadonlyMap<string, readonly Partition[]> = new Map();

  constructor(sql: SqlSession, settings: Pick<SourceSettings, 'onTruncate'>, log: Logger) {
    this.#sql = sql;
    this.#settings = settings;
    this.#log = log;
  }

  /** Adds to each partitioned table what partitions it has. */
  async with(tables: readonly TableInfo[]): Promise<readonly TableInfo[]> {
    if (tables.length > 0) this.#byRoot = await this.#read(tables.map(({ identity }) => identity ?? ''));
    return tables.map((table) => {
      const partitions = this.#byRoot.get(table.identity ?? '');
      if (partitions === undefined) return table;
      const text = partitions.map(({ oid, file }) => `${oid}:${file}`).join(',');
      return { ...table, facts: { ...table.facts, [PARTITIONS]: text } };
    });
  }

  /** Warns of partitions that came or went with their rows. Throws SQL_TABLE_TRUNCATED where rows went and that is to stop it. */
  check(tables: readonly KnownTable[]): void {
    for (const { info, known } of tables) {
      const now = this.#byRoot.get(info.identity ?? '');
      const before = known?.[PARTITIONS];
      if (now !== undefined && before !== undefined) this.#compare(info, filesOf(String(before)), now);
    }
  }

  #compare(info: TableInfo, before: ReadonlyMap<string, string>, now: readonly Partition[]): void {
    const label = streamLabel(info);
    const attached = now.filter(
      ({ oid, wasAttached, isEmpty }) => !before.has(oid) && wasAttached && !isEmpty,
    );
    if (attached.length > 0) {
      this.#log.warn(
        `tables were attached to ${label} as partitions: ${names(attached)}; rows that they held before, if any, are not in its collection`,
        { eventType: 'partitionsAttached', fix: 'Increment the backfill counter of its binding.' },
      );
    }
    const present = new Set(now.map(({ oid }) => oid));
    const gone = [...before.keys()].filter((oid) => !present.has(oid)).length;
    if (gone > 0)
      this.#lost(label, `the table ${label} was left by partitions, detached or dropped: ${gone}`);
    const renewed = now.filter(({ oid, file }) => before.has(oid) && before.get(oid) !== file);
    const emptied = renewed.filter(({ isEmpty }) => isEmpty);
    if (emptied.length > 0) this.#lost(label, `the table ${label} was truncated in part: ${names(emptied)}`);
    const filled = renewed.filter(({ isEmpty }) => !isEmpty);
    if (filled.length === 0) return;
    this.#log.warn(
      `partitions of ${label} were rewritten, or truncated and filled again: ${names(filled)}; if they were truncated, the rows that were in them stay in its collection until that is reset`,
      { eventType: 'partitionsRewritten' },
    );
  }

  #lost(label: string, what: string): void {
    if (this.#settings.onTruncate === 'stop') throw errors.SQL_TABLE_TRUNCATED({ message: what });
    this.#log.warn(
      `${what}: the rows that were in them stay in the collection of ${label} until that is reset`,
      {
        eventType: 'partitionsLost',
      },
    );
  }

  /**
   * The leaves of each partitioned table. One that was created as a partition has its entry as one by the transaction
   * that made its system columns; one that was attached has it by a later one.
   */
  async #read(oids: readonly string[]): Promise<ReadonlyMap<string, readonly Partition[]>> {
    const rows = await this.#sql.rows(
      'cannot list the partitions of the tables',
      `WITH RECURSIVE tree (root, member, attached) AS (
         SELECT c.oid, c.oid, false FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::oid[]) AND c.relkind = 'p'
         UNION SELECT t.root, i.inhrelid, t.attached OR i.xmin::text <> a.xmin::text
           FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.member
           JOIN pg_catalog.pg_attribute a ON a.attrelid = i.inhrelid AND a.attname = 'tableoid')
       SELECT t.root, c.oid, coalesce(pg_catalog.pg_relation_filenode(c.oid), 0) AS file,
              pg_catalog.format('%s.%s', n.nspname, c.relname) AS name, t.attached,
              coalesce(pg_catalog.pg_relation_size(c.oid), 0) = 0 AS empty
         FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.member
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        ORDER BY t.root, c.oid`,
      [arrayLiteral(oids)],
    );
    const byRoot = Map.groupBy(rows, (row) => row['root'] ?? '');
    return new Map(
      [...byRoot].map(([root, members]) => [
        root,
        members
          .filter((row) => row['oid'] !== root && row['file'] !== '0')
          .map((row) => ({
            oid: row['oid'] ?? '',
            file: row['file'] ?? '',
            name: row['name'] ?? '',
            wasAttached: row['attached'] === 't',
            isEmpty: row['empty'] === 't',
          })),
      ]),
    );
  }
}

function filesOf(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(',').filter((pair) => pair !== '');
  return new Map(pairs.map((pair) => [pair.split(':')[0] ?? '', pair.split(':')[1] ?? '']));
}

function names(partitions: readonly Partition[]): string {
  const first = partitions.slice(0, MOST_NAMES).map(({ name }) => name);
  const more = partitions.length - first.length;
  return `${first.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
