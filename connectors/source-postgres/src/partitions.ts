// Rows come and go with the partition they are in, and the stream says nothing of it: a table that is attached brings
// rows along, one that is detached, dropped or truncated by itself takes them away. The partitions of each captured root,
// with their files, are therefore kept in its state, and compared at every start and every discovery.

import type { Logger } from '@weir/connector';
import { quoteIdentifier, quoteQualified } from '@weir/pgwire';
import type { SqlSession } from '@weir/postgres';
import { errors, type KnownTable, streamLabel, type TableInfo, type UnreadRows } from '@weir/sqlcapture';
import type { SourceSettings } from './config.ts';
import { holdsEarlierRows, type Partition, readPartitions } from './discovery/partition-tree.ts';

/** `oid:file` of each. */
const PARTITIONS = 'partitions';
const MOST_NAMES = 5;
/** Older servers keep for a connection that a table is not published, also after it was attached. */
const FIRST_THAT_LOOKS_AGAIN = 150_000;

type Settings = Pick<SourceSettings, 'onTruncate' | 'publication'>;

export class Partitions {
  readonly #sql: SqlSession;
  readonly #settings: Settings;
  readonly #log: Logger;
  #byRoot: ReadonlyMap<string, readonly Partition[]> = new Map();

  constructor(sql: SqlSession, settings: Settings, log: Logger) {
    this.#sql = sql;
    this.#settings = settings;
    this.#log = log;
  }

  /** Adds to each partitioned table what partitions it has. */
  async with(tables: readonly TableInfo[]): Promise<readonly TableInfo[]> {
    if (tables.length > 0) {
      this.#byRoot = await readPartitions(
        this.#sql,
        tables.map(({ identity }) => identity ?? ''),
      );
    }
    return tables.map((table) => {
      const partitions = this.#byRoot.get(table.identity ?? '');
      if (partitions === undefined) return table;
      const text = partitions.map(({ oid, file }) => `${oid}:${file}`).join(',');
      return { ...table, facts: { ...table.facts, [PARTITIONS]: text } };
    });
  }

  /**
   * What has to be read again because of partitions that came with rows, or, if the configuration says so, that went with
   * them. Warns where that cannot be told. Throws SQL_TABLE_TRUNCATED where rows went and that is to stop the capture.
   */
  async check(tables: readonly KnownTable[]): Promise<readonly UnreadRows[]> {
    const unread: UnreadRows[] = [];
    for (const { info, known } of tables) {
      const now = this.#byRoot.get(info.identity ?? '');
      const before = known?.[PARTITIONS];
      if (now === undefined || before === undefined) continue;
      const files = filesOf(String(before));
      unread.push(...(await this.#came(info, files, now)), ...this.#went(info, files, now));
    }
    return unread;
  }

  async #came(
    info: TableInfo,
    before: ReadonlyMap<string, string>,
    now: readonly Partition[],
  ): Promise<readonly UnreadRows[]> {
    const added = now.filter(({ oid }) => !before.has(oid));
    const held: Partition[] = [];
    for (const partition of added)
      if (!partition.isEmpty && (await holdsEarlierRows(this.#sql, partition))) held.push(partition);
    const label = streamLabel(info);
    const attached = added.filter((partition) => partition.wasAttached || held.includes(partition));
    if (attached.length > 0) await this.#warnOfOldServer(label, attached);
    const doubtful = attached.filter((partition) => !partition.isEmpty && !held.includes(partition));
    if (doubtful.length > 0) {
      this.#log.warn(
        `tables were attached to ${label} as partitions: ${names(doubtful)}; rows that they held before, if any, are not in its collection`,
        { eventType: 'partitionsAttached', fix: `If there were any, run: ${touchSql(info, doubtful)}` },
      );
    }
    if (held.length === 0) return [];
    return [
      {
        info,
        message: `tables were attached to ${label} as partitions, with rows that came by no change: ${names(held)}`,
        eventType: 'partitionsAttached',
        fix: `Run: ${touchSql(info, held)} Or increment the backfill counter of its binding.`,
      },
    ];
  }

  /** Whatever was written to such a table before it was attached, the connection has been told that it is not published. */
  async #warnOfOldServer(label: string, attached: readonly Partition[]): Promise<void> {
    if ((await this.#sql.versionNumber()) >= FIRST_THAT_LOOKS_AGAIN) return;
    const publication = quoteIdentifier(this.#settings.publication);
    const tables = attached.map(({ namespace, name }) => quoteQualified(namespace, name));
    this.#log.warn(
      `tables were attached to ${label} as partitions: ${names(attached)}; PostgreSQL before version 15 may leave out what is written to them from then on`,
      {
        eventType: 'partitionsUnpublished',
        fix: `Run: ALTER PUBLICATION ${publication} ADD TABLE ONLY ${tables.join(', ONLY ')}; and increment the backfill counter of its binding.`,
      },
    );
  }

  #went(
    info: TableInfo,
    before: ReadonlyMap<string, string>,
    now: readonly Partition[],
  ): readonly UnreadRows[] {
    const label = streamLabel(info);
    const present = new Set(now.map(({ oid }) => oid));
    const gone = [...before.keys()].filter((oid) => !present.has(oid)).length;
    const unread: UnreadRows[] = [];
    if (gone > 0)
      unread.push(
        ...this.#lost(info, `the table ${label} was left by partitions, detached or dropped: ${gone}`),
      );
    const renewed = now.filter(({ oid, file }) => before.has(oid) && before.get(oid) !== file);
    const emptied = renewed.filter(({ isEmpty }) => isEmpty);
    if (emptied.length > 0)
      unread.push(...this.#lost(info, `the table ${label} was truncated in part: ${names(emptied)}`));
    const filled = renewed.filter(({ isEmpty }) => !isEmpty);
    if (filled.length > 0) {
      this.#log.warn(
        `partitions of ${label} were rewritten, or truncated and filled again: ${names(filled)}; if they were truncated, the rows that were in them stay in its collection until that is reset`,
        { eventType: 'partitionsRewritten' },
      );
    }
    return unread;
  }

  #lost(info: TableInfo, what: string): readonly UnreadRows[] {
    const { onTruncate } = this.#settings;
    if (onTruncate === 'stop') throw errors.SQL_TABLE_TRUNCATED({ message: what });
    const message = `${what}: the rows that were in them stay in the collection of ${streamLabel(info)} until that is reset`;
    if (onTruncate === 'backfill') return [{ info, message, eventType: 'partitionsLost', fix: undefined }];
    this.#log.warn(message, { eventType: 'partitionsLost' });
    return [];
  }
}

/** Changes nothing, and has the rows come by the stream. */
function touchSql(info: TableInfo, partitions: readonly Partition[]): string {
  const column = quoteIdentifier(info.columns.find(({ omitted }) => !omitted)?.name ?? '');
  return partitions
    .map(({ namespace, name }) => `UPDATE ONLY ${quoteQualified(namespace, name)} SET ${column} = ${column};`)
    .join(' ');
}

function filesOf(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(',').filter((pair) => pair !== '');
  return new Map(pairs.map((pair) => [pair.split(':')[0] ?? '', pair.split(':')[1] ?? '']));
}

function names(partitions: readonly Partition[]): string {
  const first = partitions.slice(0, MOST_NAMES).map(({ namespace, name }) => `${namespace}.${name}`);
  const more = partitions.length - first.length;
  return `${first.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
