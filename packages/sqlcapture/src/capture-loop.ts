// The capture loop. Existing rows are read chunk by chunk while the change stream goes on, so that no table is ever
// locked or withheld, and no other table waits for the one that is read.
//
// What holds at every checkpoint: applying the emitted documents in order gives, for every row a table's mode has
// reached, its state at the checkpoint's position; every later change lies after that position in the stream; and
// rows not reached yet will be read by a snapshot newer than any change already passed over. How rows and changes of the
// table that is being read keep to this is in chunk-in-flight.ts. In a table without a key nothing merges a row that is
// both read and streamed: a watershed, taken when its backfill begins, gives the rows of every transaction to one of the
// two, until the stream is past it.

import { Backfill } from './backfill.ts';
import { isReplicated } from './backfill-mode.ts';
import type { BoundTables } from './bound-tables.ts';
import type { CheckpointedOutput } from './checkpointed-output.ts';
import type { ChunkInFlight } from './chunk-in-flight.ts';
import { chooseTable } from './chunk-choice.ts';
import type { Database, ReplicationStream } from './database.ts';
import type { Discovery } from './discovery.ts';
import type { EngineSettings, EngineSurroundings } from './engine-settings.ts';
import { ExchangedTables } from './exchanged-tables.ts';
import { FollowedTables, sameFacts } from './followed-tables.ts';
import { BackfillProgress } from './progress.ts';
import { skipBackfills } from './reconcile.ts';
import { Relay } from './relay.ts';
import { Reports } from './reports.ts';
import { TableActivation } from './table-activation.ts';

export class CaptureLoop {
  readonly #stream: ReplicationStream;
  readonly #tables: BoundTables;
  readonly #discovery: Discovery;
  readonly #output: CheckpointedOutput;
  readonly #settings: EngineSettings;
  readonly #around: EngineSurroundings;
  readonly #followed: FollowedTables;
  readonly #activation: TableActivation;
  readonly #exchanged: ExchangedTables;
  readonly #backfill: Backfill;
  readonly #reports: Reports;
  readonly #relay: Relay;
  readonly #database: Database;
  #chunk: ChunkInFlight | undefined;
  /** A table is to be read again after a TRUNCATE, which no checkpoint says yet. */
  #isRenewalUnsaid = false;

  /** `stream` is open and has not begun. */
  constructor(
    database: Database,
    stream: ReplicationStream,
    tables: BoundTables,
    discovery: Discovery,
    output: CheckpointedOutput,
    settings: EngineSettings,
    around: EngineSurroundings,
  ) {
    const progress = new BackfillProgress(tables.bindings.length);
    const followed = new FollowedTables(tables, stream, discovery);
    this.#database = database;
    this.#stream = stream;
    this.#tables = tables;
    this.#discovery = discovery;
    this.#output = output;
    this.#settings = settings;
    this.#around = around;
    this.#followed = followed;
    this.#activation = new TableActivation(database, tables, followed, discovery, settings, around);
    this.#exchanged = new ExchangedTables(database, tables, followed, discovery, progress, settings, around);
    this.#backfill = new Backfill(database, tables, output, progress, settings, around);
    this.#reports = new Reports(stream, tables, progress, settings.reportIntervalMs, around);
    this.#relay = new Relay(stream, tables, output, settings.idleCheckpointMs, around, {
      checkpoint: () => this.#checkpoint(),
      tableChanged: () => discovery.hasten(0),
      truncated: (table) => this.#truncated(table),
      idle: () => this.#report(),
    });
  }

  /** Runs until the signal is aborted, or until caught up when the settings say so. */
  async run(): Promise<void> {
    const { signal } = this.#around;
    await this.#meetTables();
    this.#around.status('Catching up on CDC history', false);
    await this.#stream.begin();
    if (!(await this.#catchUp())) return;
    this.#discovery.schedule();
    await this.#activation.activatePending();
    this.#checkpoint();
    while (!signal.aborted) {
      if (this.#discovery.isDue()) await this.#rediscover();
      await this.#report();
      const table = chooseTable(this.#tables, this.#around.random, this.#activation.unread);
      if (table !== undefined) await this.#backfillChunk(table);
      else if (this.#settings.stopWhenCaughtUp && !this.#activation.isWaiting) break;
      else await this.#streamChanges();
    }
    if (this.#settings.stopWhenCaughtUp && !signal.aborted) this.#checkpoint();
  }

  /** With everything that was committed before. False when the signal was aborted. */
  async #catchUp(): Promise<boolean> {
    return this.#relay.run({ fence: await this.#stream.fence(), checkpoints: true });
  }

  /** The tables of the state meet those of the database. */
  async #meetTables(): Promise<void> {
    await this.#exchanged.checkUnbroken(this.#stream.continues);
    for (const table of this.#tables.numbers()) {
      if (!isReplicated(this.#tables.state(table).mode)) continue;
      if (this.#stream.continues) this.#exchanged.meetAgain(table);
      this.#exchanged.distrustKey(table);
      this.#backfill.repackKey(table);
      const current = this.#tables.state(table).metadata;
      const metadata = { ...current, ...this.#followed.facts(table) };
      if (!sameFacts(current, metadata)) this.#tables.update(table, { metadata });
      this.#activation.resume(table);
    }
    skipBackfills(this.#tables, this.#settings.isSkipped);
    this.#followed.followAll();
  }

  async #rediscover(): Promise<void> {
    this.#discovery.schedule();
    const sentSchemas = await this.#discovery.discover();
    await this.#exchanged.recognise();
    if (sentSchemas) this.#checkpoint();
    await this.#activation.activatePending();
  }

  async #backfillChunk(table: number): Promise<void> {
    if (this.#isRenewalUnsaid) this.#checkpoint();
    const { end, atBoundary } = await this.#backfill.readChunk(
      table,
      () => this.#relay.wake(),
      (chunk) => {
        this.#chunk = chunk;
        return this.#relay.run({ chunk, checkpoints: true });
      },
    );
    // What was committed while the last rows were read has to be emitted before the table counts as caught up; and only
    // then the stream has told whether it was a TRUNCATE that rewrote the table.
    const isAsked = end === 'complete' || end === 'rewritten';
    if (!atBoundary || (isAsked && !(await this.#catchUp()))) return;
    if (end === 'rewritten') await this.#activation.readAgain(table);
    if (end === 'complete') this.#followed.follow(table);
    this.#checkpoint();
    if (end === 'outdated') await this.#rediscover();
  }

  #truncated(table: number): void {
    const before = this.#tables.state(table);
    this.#exchanged.truncated(table);
    if (this.#tables.state(table) === before) return;
    this.#isRenewalUnsaid = true;
    if (this.#chunk?.table === table) this.#chunk.void();
  }

  async #streamChanges(): Promise<void> {
    const discovery = this.#discovery;
    await this.#database.restScans();
    this.#reports.beginStreaming(!this.#activation.isWaiting);
    await this.#relay.run({ until: () => discovery.isDue(), untilMs: discovery.dueAtMs, checkpoints: true });
    this.#reports.endStreaming();
  }

  #report(): Promise<void> {
    return this.#reports.reportWhenDue(this.#output.position ?? this.#stream.start);
  }

  #checkpoint(): void {
    this.#followed.forgetWatersheds(this.#output.position ?? this.#stream.start);
    this.#output.checkpoint();
    this.#isRenewalUnsaid = false;
  }
}
