// Carries out what table-policies.ts says of tables whose rows were exchanged: another table under the name of a bound
// one, another order of its key, a TRUNCATE. It is noticed at a start, at a discovery, or in the stream.

import { isReplicated } from './backfill-mode.ts';
import type { BoundTables } from './bound-tables.ts';
import type { Database, UnreadRows } from './database.ts';
import type { Discovery } from './discovery.ts';
import type { EngineSettings, EngineSurroundings } from './engine-settings.ts';
import { type FollowedTables, sameFacts } from './followed-tables.ts';
import { isFallbackKey } from './key-pointer.ts';
import type { BackfillProgress } from './progress.ts';
import { requireScanKey } from './scan-key.ts';
import type { TableState } from './state.ts';
import {
  awaitingWriters,
  distrustOfKey,
  goneError,
  isReordered,
  isReplaced,
  renewedError,
  renewedTable,
  replacedError,
  truncatedError,
} from './table-policies.ts';

type Policies = Pick<EngineSettings, 'isSkipped' | 'onReplaced' | 'onTruncate'>;

const RETYPED = 'has other types than before';

export class ExchangedTables {
  readonly #database: Database;
  readonly #tables: BoundTables;
  readonly #followed: FollowedTables;
  readonly #discovery: Discovery;
  readonly #progress: BackfillProgress;
  readonly #policies: Policies;
  readonly #around: Pick<EngineSurroundings, 'log'>;
  readonly #reportedTruncates = new Set<number>();

  constructor(
    database: Database,
    tables: BoundTables,
    followed: FollowedTables,
    discovery: Discovery,
    progress: BackfillProgress,
    policies: Policies,
    around: Pick<EngineSurroundings, 'log'>,
  ) {
    this.#database = database;
    this.#tables = tables;
    this.#followed = followed;
    this.#discovery = discovery;
    this.#progress = progress;
    this.#policies = policies;
    this.#around = around;
  }

  /**
   * After each discovery. Throws when changes of tables may be missing. Nothing is known of a table that is new to the
   * state, or another one than before; but it has to be published as well. A table whose rows have changed hands is read
   * again, before the facts that tell it get into its state.
   */
  async checkUnbroken(continues: boolean): Promise<void> {
    const tables = this.#tables.numbers().flatMap((table) => {
      const { mode, metadata } = this.#tables.state(table);
      const info = this.#discovery.info(this.#tables.binding(table));
      if (info === undefined || !info.isBaseTable || mode === 'Ignore') return [];
      const isTheSame = continues && isReplicated(mode) && !isReplaced(metadata, this.#followed.facts(table));
      return [{ info, known: isTheSame ? (metadata ?? {}) : undefined }];
    });
    for (const unread of await this.#database.checkUnbroken(tables)) this.#readAgain(unread);
  }

  #readAgain({ info, message, eventType, fix }: UnreadRows): void {
    const bound = this.#tables.numbers();
    const table = bound.find((each) => this.#discovery.info(this.#tables.binding(each)) === info);
    if (table === undefined) return;
    const renewed = this.#isRead(table)
      ? renewedTable(this.#tables.binding(table), this.#tables.state(table))
      : undefined;
    this.#around.log('warn', `${message}${renewed === undefined ? '' : '; the table is read again'}`, {
      eventType,
      ...(renewed !== undefined || fix === undefined ? {} : { fix }),
    });
    if (renewed === undefined) return;
    this.#tables.set(table, renewed);
    this.#followed.follow(table);
    this.#progress.restart(table);
  }

  /** A table of the state, at a start that goes on with it. Throws when the policy is to stop. */
  meetAgain(table: number): void {
    const binding = this.#tables.binding(table);
    const state = this.#tables.state(table);
    const facts = this.#followed.facts(table);
    if (this.#discovery.info(binding) === undefined) throw goneError(binding);
    if (isReplaced(state.metadata, facts)) this.#renew(table, state);
    else if (state.scanned !== undefined && isReordered(state.metadata, facts))
      this.#reread(table, state, RETYPED);
  }

  /**
   * At a start, and after a discovery: whatever began a precise backfill may have gone by another order, and any keyed one
   * along columns that do not tell rows apart. Throws SQL_KEY_NOT_UNIQUE.
   */
  distrustKey(table: number): void {
    const binding = this.#tables.binding(table);
    const state = this.#tables.state(table);
    const info = this.#discovery.info(binding);
    const distrust = info === undefined ? undefined : distrustOfKey(state, info);
    if (distrust !== undefined) this.#reread(table, state, distrust);
    if (info !== undefined && !this.#policies.isSkipped(binding))
      requireScanKey(info, this.#tables.state(table));
  }

  /**
   * After a discovery, before its facts get into the state. Throws when a table is gone, when it is another one than
   * before, which the next start deals with, or when changes of it may be missing.
   */
  async recognise(): Promise<void> {
    for (const table of this.#tables.numbers()) {
      const binding = this.#tables.binding(table);
      const state = this.#tables.state(table);
      if (!isReplicated(state.mode)) continue;
      if (this.#discovery.info(binding) === undefined) throw goneError(binding);
      const facts = this.#followed.facts(table);
      if (isReplaced(state.metadata, facts)) {
        throw this.#policies.onReplaced === 'stop' ? replacedError(binding) : renewedError(binding);
      }
      if (state.scanned !== undefined && isReordered(state.metadata, facts))
        this.#reread(table, state, RETYPED);
      this.distrustKey(table);
      if (this.#tables.state(table) !== state) this.#followed.follow(table);
    }
    await this.checkUnbroken(true);
    for (const table of this.#tables.numbers()) this.#keepFacts(table);
  }

  #keepFacts(table: number): void {
    const { mode, metadata } = this.#tables.state(table);
    const facts = this.#followed.facts(table);
    if (!isReplicated(mode) || sameFacts(metadata, facts)) return;
    this.#tables.update(table, { metadata: { ...metadata, ...facts } });
    this.#followed.follow(table);
  }

  /** In the middle of a transaction: what is decided leaves with its checkpoint. */
  truncated(table: number): void {
    const binding = this.#tables.binding(table);
    if (this.#policies.onTruncate === 'stop') throw truncatedError(binding);
    const renewed =
      this.#policies.onTruncate === 'backfill' && this.#isRead(table)
        ? renewedTable(binding, this.#tables.state(table))
        : undefined;
    if (renewed !== undefined) {
      this.#tables.set(table, renewed);
      this.#followed.follow(table);
      this.#progress.restart(table);
      this.#discovery.hasten(0);
    } else this.#endScan(table);
    if (renewed === undefined && this.#reportedTruncates.has(table)) return;
    this.#reportedTruncates.add(table);
    this.#around.log(
      'warn',
      `the table ${this.#tables.label(table)} was truncated: ${renewed === undefined ? '' : 'it is read again, and '}the rows that were in it stay in its collection until that is reset`,
    );
  }

  /** Of a table whose rows are divided between scan and stream, the stream has all that come after a TRUNCATE. */
  #endScan(table: number): void {
    const isUnmerged = isFallbackKey(this.#tables.binding(table).collectionKey);
    if (this.#tables.state(table).mode !== 'KeylessBackfill' || !isUnmerged) return;
    this.#tables.update(table, { mode: 'Active', scanned: undefined });
    this.#progress.advance(table, this.#tables.state(table).backfilled, true);
  }

  /** Reads another table with the name of this one, as far as it is to be read at all. */
  #renew(table: number, state: TableState): void {
    const binding = this.#tables.binding(table);
    const renewed = renewedTable(binding, state);
    const isRead = this.#isRead(table);
    if (this.#policies.onReplaced === 'stop' || (renewed === undefined && isRead))
      throw replacedError(binding);
    this.#around.log(
      'warn',
      `another table has the name ${this.#tables.label(table)}: ${isRead ? 'it is read from the beginning, and ' : ''}rows that only the old table had stay in the collection until it is reset`,
    );
    if (renewed !== undefined && isRead) this.#tables.set(table, awaitingWriters(renewed));
  }

  /** The place where a backfill stands is worth nothing any more. */
  #reread(table: number, state: TableState, why: string): void {
    const renewed = renewedTable(this.#tables.binding(table), state);
    if (renewed === undefined) return;
    this.#around.log('warn', `the key of ${this.#tables.label(table)} ${why}: its backfill starts over`);
    this.#tables.set(table, renewed);
    this.#progress.restart(table);
  }

  #isRead(table: number): boolean {
    const binding = this.#tables.binding(table);
    return binding.resource.mode !== 'Only Changes' && !this.#policies.isSkipped(binding);
  }
}
