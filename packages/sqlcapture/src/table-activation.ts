// How a bound table comes to life: it waits until the transactions have ended whose changes the stream may leave out,
// then gets its mode and its key; one that is read by its storage also gets what that takes, before the first change and
// the first row of it.

import { activateTable } from './activate.ts';
import type { BoundTables } from './bound-tables.ts';
import type { Database } from './database.ts';
import type { Discovery } from './discovery.ts';
import type { EngineSettings, EngineSurroundings } from './engine-settings.ts';
import type { FollowedTables } from './followed-tables.ts';
import { isFallbackKey } from './key-pointer.ts';
import { skipBackfills } from './reconcile.ts';
import { requireScanKey } from './scan-key.ts';
import type { TableMetadata } from './state.ts';
import { awaitsWriters, rewrittenError } from './table-policies.ts';

/** Between two looks whether the transactions have ended that a backfill waits for. */
const WRITERS_POLL_MS = 500;

export class TableActivation {
  readonly #database: Database;
  readonly #tables: BoundTables;
  readonly #followed: FollowedTables;
  readonly #discovery: Discovery;
  readonly #settings: Pick<EngineSettings, 'isSkipped'>;
  readonly #around: Pick<EngineSurroundings, 'log'>;
  /** Tables under an old name that may have to wait for early writers before they are read. */
  readonly #unread = new Set<number>();
  #isWaiting = false;

  constructor(
    database: Database,
    tables: BoundTables,
    followed: FollowedTables,
    discovery: Discovery,
    settings: Pick<EngineSettings, 'isSkipped'>,
    around: Pick<EngineSurroundings, 'log'>,
  ) {
    this.#database = database;
    this.#tables = tables;
    this.#followed = followed;
    this.#discovery = discovery;
    this.#settings = settings;
    this.#around = around;
  }

  /** Some tables are pending until transactions have ended. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Tables in a mode of backfilling that may not be read yet. */
  get unread(): ReadonlySet<number> {
    return this.#unread;
  }

  /** At the start: a table that another one replaced waited when the capture ended, and waits on. */
  resume(table: number): void {
    if (awaitsWriters(this.#tables.state(table))) this.#unread.add(table);
  }

  async activatePending(): Promise<void> {
    const pending = this.#tables.numbers().filter((table) => this.#isPending(table));
    const ready = await this.#database.readyToScan(pending);
    this.#isWaiting = ready.size < pending.length;
    if (this.#isWaiting) this.#discovery.hasten(WRITERS_POLL_MS);
    const started: number[] = [];
    for (const table of ready) {
      if (this.#unread.delete(table)) this.#tables.update(table, { metadata: this.#followed.facts(table) });
      else {
        this.#start(table);
        started.push(table);
      }
    }
    skipBackfills(this.#tables, this.#settings.isSkipped);
    await this.#prepare(started.filter((table) => this.#tables.state(table).mode === 'KeylessBackfill'));
    this.#followed.followAll();
  }

  #isPending(table: number): boolean {
    const { mode } = this.#tables.state(table);
    return mode === 'Pending' || mode === 'Missing' || this.#unread.has(table);
  }

  #start(table: number): void {
    const binding = this.#tables.binding(table);
    this.#tables.set(table, activateTable(binding, this.#discovery.info(binding), undefined));
    this.#tables.update(table, { metadata: this.#followed.facts(table) });
    this.#requireScanKey(table);
    const { mode, keyColumns } = this.#tables.state(table);
    this.#around.log('info', `starting ${this.#tables.label(table)}`, {
      eventType: 'backfillTriggered',
      mode,
      keyColumns,
    });
  }

  #requireScanKey(table: number): void {
    const binding = this.#tables.binding(table);
    const info = this.#discovery.info(binding);
    if (info === undefined || this.#settings.isSkipped(binding)) return;
    requireScanKey(info, this.#tables.state(table));
  }

  /** The storage first: what is rewritten between the two is noticed. */
  async #prepare(tables: readonly number[]): Promise<void> {
    for (const table of tables) this.#know(table, await this.#database.storage(table));
    const unmerged = tables.filter((table) => this.#isUnmerged(table));
    if (unmerged.length === 0) return;
    const watershed = await this.#database.watershed();
    for (const table of unmerged) this.#know(table, watershed);
  }

  #know(table: number, facts: TableMetadata): void {
    this.#tables.update(table, { metadata: { ...this.#tables.state(table).metadata, ...facts } });
  }

  /** Nothing merges a row that is both read and streamed. */
  #isUnmerged(table: number): boolean {
    return isFallbackKey(this.#tables.binding(table).collectionKey);
  }

  /**
   * The storage of a table was rewritten while it was read. Its rows are read once more where they are merged by key;
   * elsewhere it cannot be told any more which of them came. After a TRUNCATE there is nothing left to read.
   */
  async readAgain(table: number): Promise<void> {
    if (this.#tables.state(table).mode !== 'KeylessBackfill') return;
    if (this.#isUnmerged(table)) throw rewrittenError(this.#tables.binding(table));
    this.#around.log(
      'warn',
      `the table ${this.#tables.label(table)} was rewritten while it was read page by page: its backfill starts over`,
    );
    this.#tables.update(table, { scanned: undefined, backfilled: 0 });
    await this.#prepare([table]);
    this.#followed.follow(table);
  }
}
