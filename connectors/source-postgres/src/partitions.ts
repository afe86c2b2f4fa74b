// Rows come and go with the partition they are in, and the stream says nothing of it: a table that is attached brings
// rows along, one that is detached, dropped or truncated by itself takes them away. The partitions of each captured root,
// with their files, are therefore kept in its state, and compared at every start and every discovery.

import type { Logger } from '@weir/connector';
import { quoteIdentifier, quoteQualified } from '@weir/pgwire';
import type { SqlSession } from '@weir/postgres';
import { errors, type KnownTable, streamLabel, type TableInfo, type UnreadRows } from '@weir/sqlcapture';
import type { SourceSettings } from './config.ts';
import { type EarlierRows, findEarlierRows } from './discovery/earlier-rows.ts';
import { type Attachment, type Partition, readPartitions } from './discovery/partition-tree.ts';

/** `oid:file:links` of each; without the links in states of before they were kept. */
const PARTITIONS = 'partitions';
/** What one look may take of the time of the capture, which goes on after it. */
const LOOK_MS = 10_000;
const MOST_NAMES = 5;
/** Older servers keep for a connection that a table is not published, also after it was attached. */
const FIRST_THAT_LOOKS_AGAIN = 150_000;

interface KnownPartition {
  readonly file: string;
  readonly links: string | undefined;
}

type KnownPartitions = ReadonlyMap<string, KnownPartition>;

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
      const text = partitions.map(({ oid, file, links }) => `${oid}:${file}:${links}`).join(',');
      return { ...table, facts: { ...table.facts, [PARTITIONS]: text } };
    });
  }

  /**
   * What has to be read again because of partitions that came with rows, or, if the configuration says so, that went with
   * them. Warns where that cannot be told. Throws SQL_TABLE_TRUNCATED where rows went and that is to stop the capture.
   */
  async check(tables: readonly KnownTable[]): Promise<readonly UnreadRows[]> {
    const unread: UnreadRows[] = [];
    const deadline = performance.now() + LOOK_MS;
    for (const { info, known } of tables) {
      const now = this.#byRoot.get(info.identity ?? '');
      const before = known?.[PARTITIONS];
      if (now === undefined || before === undefined) continue;
      const met = partitionsOf(String(before));
      unread.push(...(await this.#came(info, met, now, deadline)), ...this.#went(info, met, now));
    }
    return unread;
  }

  async #came(
    info: TableInfo,
    before: KnownPartitions,
    now: readonly Partition[],
    deadline: number,
  ): Promise<readonly UnreadRows[]> {
    const attached: Partition[] = [];
    const found: Record<EarlierRows, Partition[]> = { some: [], perhaps: [], none: [] };
    for (const partition of now) {
      const { attachment } = partition;
      if (attachment === undefined || isMet(before, partition) || isOfMet(before, attachment)) continue;
      const rows = await findEarlierRows(this.#sql, partition, deadline - performance.now());
      found[rows].push(partition);
      if (rows !== 'none' || attachment.created === 'earlier') attached.push(partition);
    }
    const label = streamLabel(info);
    if (attached.length > 0) await this.#warnOfOldServer(label, attached);
    if (found.perhaps.length > 0) {
      this.#log.warn(
        `tables were attached to ${label} as partitions: ${names(found.perhaps)}; rows that they held before, if any, are not in its collection`,
        { eventType: 'partitionsAttached', fix: `If there were any, ${rowsFix(found.perhaps)}` },
      );
    }
    if (found.some.length === 0) return [];
    const fix = rowsFix(found.some);
    return [
      {
        info,
        message: `tables were attached to ${label} as partitions, with rows that came by no change: ${names(found.some)}`,
        eventType: 'partitionsAttached',
        fix: `${fix.charAt(0).toUpperCase()}${fix.slice(1)}`,
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

  #went(info: TableInfo, before: KnownPartitions, now: readonly Partition[]): readonly UnreadRows[] {
    const label = streamLabel(info);
    const stayed = now.filter((partition) => isMet(before, partition));
    // One that is back was away: what was deleted from it meanwhile came by no change either.
    const present = new Set(stayed.map(({ oid }) => oid));
    const gone = [...before.keys()].filter((oid) => !present.has(oid)).length;
    const unread: UnreadRows[] = [];
    if (gone > 0)
      unread.push(
        ...this.#lost(info, `the table ${label} was left by partitions, detached or dropped: ${gone}`),
      );
    const renewed = stayed.filter(({ oid, file }) => before.get(oid)?.file !== file);
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

/** The statements change nothing, and have the rows come by the stream. */
function rowsFix(partitions: readonly Partition[]): string {
  const backfill = 'increment the backfill counter of its binding.';
  const statements = partitions.map(({ namespace, name, settable }) => {
    const column = settable === undefined ? undefined : quoteIdentifier(settable);
    return `UPDATE ONLY ${quoteQualified(namespace, name)} SET ${column} = ${column};`;
  });
  const isComplete = partitions.every(({ settable }) => settable !== undefined);
  return isComplete ? `run: ${statements.join(' ')} Or ${backfill}` : backfill;
}

/** The same partition as before, and in the meantime too. */
function isMet(before: KnownPartitions, { oid, links }: Partition): boolean {
  const known = before.get(oid);
  return known !== undefined && (known.links ?? links) === links;
}

/** It was born below a table that was already known as a part of the root. */
function isOfMet(before: KnownPartitions, { created, by }: Attachment): boolean {
  return created === 'later' && [...before.values()].some(({ links }) => links?.split('.').includes(by));
}

function partitionsOf(text: string): KnownPartitions {
  const parts = text.split(',').filter((part) => part !== '');
  return new Map(
    parts.map((part) => {
      const [oid = '', file = '', links] = part.split(':');
      return [oid, { file, links }];
    }),
  );
}

function names(partitions: readonly Partition[]): string {
  const first = partitions.slice(0, MOST_NAMES).map(({ namespace, name }) => `${namespace}.${name}`);
  const more = partitions.length - first.length;
  return `${first.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
