// The capture loop. Existing rows are read chunk by chunk while the change stream goes on, so that no table is ever
// locked or withheld: after each chunk the stream is relayed up to a fence, a position that covers everything
// committed when the chunk was done, and chunk, changes and progress leave as one transaction.
//
// What holds at every checkpoint: applying the emitted documents in order gives, for every row a table's mode has
// reached, its state at the checkpoint's position; every later change lies after that position in the stream; and
// rows not reached yet will be read by a snapshot newer than any change already passed over. In a table without a key
// nothing merges a row that is both read and streamed: a watershed, taken when its backfill begins, gives the rows of
// every transaction to one of the two, until the stream is past it.

import { crashPoint } from '@weir/crash-point';
import { activateTable } from './activate.ts';
import { isReplicated } from './backfill-mode.ts';
import type { SqlBinding } from './binding.ts';
import { chooseTable } from './chunk-choice.ts';
import type { SqlCaptureCrashPoint } from './crash-points.ts';
import type {
  ByteList,
  ChangeEvent,
  Database,
  Position,
  ReplicationStream,
  RowSink,
  StreamHealth,
} from './database.ts';
import { errors } from './errors.ts';
import { KeyOrder } from './key-order.ts';
import { lagText } from './lag-text.ts';
import { PendingCheckpoints } from './pending-checkpoints.ts';
import { BackfillProgress } from './progress.ts';
import { reconcileState, skipBackfills } from './reconcile.ts';
import { resourceStream } from './resource.ts';
import { findStream, streamLabel } from './stream-id.ts';
import type { CaptureState, TableMetadata, TableState } from './state.ts';
import type { TableInfo } from './table-info.ts';
import {
  awaitingWriters,
  awaitsWriters,
  goneError,
  isReordered,
  isReplaced,
  renewedError,
  renewedTable,
  replacedError,
  type ReplacePolicy,
  tableFacts,
  truncatedError,
  type TruncatePolicy,
} from './table-policies.ts';

const reach: (name: SqlCaptureCrashPoint) => void = crashPoint;

export interface EngineOutput {
  /** The bytes may be reused after the call. */
  document(binding: number, document: Buffer): void;
  /** As `count` calls of `document`. */
  documents(binding: number, count: number, documents: ByteList): void;
  sourcedSchema(binding: number, schema: string): void;
  /** A merge patch; commits all documents since the last one. Leaves the process without delay. */
  checkpoint(patch: string): void;
  /** Resolves when the reader of the documents has kept up. */
  drained(): Promise<void>;
}

export interface EngineSettings {
  readonly isSkipped: (binding: SqlBinding) => boolean;
  readonly emitSourcedSchemas: boolean;
  /** Mean time between two looks at the tables' columns. */
  readonly rediscoveryIntervalMs: number;
  /** How long an idle capture keeps the source from forgetting its log, at most. */
  readonly idleCheckpointMs: number;
  /** Between two reports of lag and progress. */
  readonly reportIntervalMs: number;
  /** End after the backfills and one last fence instead of streaming on. */
  readonly stopWhenCaughtUp: boolean;
  readonly onTruncate: TruncatePolicy;
  readonly onReplaced: ReplacePolicy;
}

export interface EngineSurroundings {
  readonly signal: AbortSignal;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** `caughtUp`: everything that the source held when this is said has been emitted. */
  readonly status: (message: string, caughtUp: boolean) => void;
  readonly log: (
    level: 'debug' | 'info' | 'warn',
    message: string,
    fields?: Readonly<Record<string, unknown>>,
  ) => void;
}

/** Bytes of documents between two waits for the reader. */
const DRAIN_BYTES = 256 * 1024;
/** What a checkpoint counts for against it, about. */
const CHECKPOINT_BYTES = 64;
const LONGEST_WAIT_MS = 1000;
/** Between two looks whether the transactions have ended that a backfill waits for. */
const WRITERS_POLL_MS = 500;
const FIRST_NUDGE_MS = 5;
const SLOWEST_NUDGE_MS = 500;

interface RelayGoal {
  /** Stop at the first boundary at or past this position. */
  readonly fence?: Position;
  /** Stop at the first boundary after this time. */
  readonly untilMs?: number;
  /** Every commit becomes a checkpoint; otherwise the caller writes one. */
  readonly checkpoints: boolean;
}

export class CaptureEngine {
  readonly #database: Database;
  readonly #bindings: readonly SqlBinding[];
  readonly #state: CaptureState;
  readonly #output: EngineOutput;
  readonly #settings: EngineSettings;
  readonly #around: EngineSurroundings;
  readonly #pending = new PendingCheckpoints();
  readonly #progress: BackfillProgress;
  /** Per table, as in the state: read for every change. */
  readonly #tables: TableState[] = [];
  /** Tables whose state still holds a watershed. */
  readonly #divided = new Set<number>();
  readonly #sentSchemas = new Map<number, string>();
  /** As last discovered. */
  #infos: readonly TableInfo[] = [];
  /** Tables under an old name that may have to wait for early writers before they are read. */
  readonly #unread = new Set<number>();
  readonly #reportedTruncates = new Set<number>();
  #stream: ReplicationStream | undefined;
  #acknowledgedEarly: Position | undefined;
  /** The last boundary of the stream: everything before it has been emitted. */
  #position: Position | undefined;
  #atBoundary = true;
  #documents = 0;
  #undrainedBytes = 0;
  #lastCheckpointMs = 0;
  #lastCheckpointCursor: string | undefined;
  #rediscoverAtMs = 0;
  #reportAtMs = 0;
  #health: StreamHealth | undefined;
  #isStreaming = false;
  /** Tables are pending until transactions have ended that the stream may leave out. */
  #awaitsWriters = false;

  constructor(
    database: Database,
    bindings: readonly SqlBinding[],
    state: CaptureState,
    output: EngineOutput,
    settings: EngineSettings,
    around: EngineSurroundings,
  ) {
    this.#database = database;
    this.#bindings = bindings;
    this.#state = state;
    this.#output = output;
    this.#settings = settings;
    this.#around = around;
    this.#progress = new BackfillProgress(bindings.length);
  }

  /** The `count` oldest checkpoints are durable downstream. */
  acknowledged(count: number): void {
    const position = this.#pending.acknowledge(count);
    if (position === undefined) return;
    reach('sqlcapture.before-acknowledge');
    if (this.#stream === undefined) this.#acknowledgedEarly = position;
    else this.#stream.acknowledge(position);
  }

  /** Runs until the signal is aborted, or until caught up when the settings say so. */
  async run(): Promise<void> {
    await this.#discover();
    reconcileState(this.#state, this.#bindings);
    this.#checkpoint();
    await using stream = await this.#openStream();
    this.#around.status('Catching up on CDC history', false);
    await stream.begin();
    if (!(await this.#relay({ fence: await stream.fence(), checkpoints: true }))) return;
    this.#scheduleRediscovery();
    await this.#activatePending();
    this.#checkpoint();
    while (!this.#around.signal.aborted) {
      if (this.#around.now() >= this.#rediscoverAtMs) await this.#rediscover();
      await this.#report();
      const table = chooseTable(this.#state, this.#bindings, this.#around.random, this.#unread);
      if (table !== undefined) await this.#backfillChunk(table);
      else if (this.#settings.stopWhenCaughtUp && !this.#awaitsWriters) break;
      else await this.#streamChanges();
    }
    if (this.#settings.stopWhenCaughtUp && !this.#around.signal.aborted) this.#checkpoint();
  }

  // --- Start ---------------------------------------------------------------------------------------------------

  async #openStream(): Promise<ReplicationStream> {
    const live = this.#bindings.flatMap((binding) => {
      const table = this.#state.get(binding.stateKey);
      return table !== undefined && isReplicated(table.mode) ? [table] : [];
    });
    const stream = await this.#database.openReplication(
      this.#state.cursor,
      this.#bindings,
      live.flatMap((table) => (table.metadata === undefined ? [] : [table.metadata])),
    );
    this.#stream = stream;
    if (this.#acknowledgedEarly !== undefined) stream.acknowledge(this.#acknowledgedEarly);
    this.#position = stream.start;
    this.#state.cursor = stream.start.toString();
    for (const [table, binding] of this.#bindings.entries()) {
      const state = this.#state.get(binding.stateKey);
      if (state === undefined || !isReplicated(state.mode)) continue;
      if (stream.continues) this.#meetAgain(table, state);
      const current = this.#tableState(table);
      const metadata = { ...current.metadata, ...this.#facts(table) };
      if (!sameFacts(current.metadata, metadata)) this.#state.update(binding.stateKey, { metadata });
      if (awaitsWriters(current)) this.#unread.add(table);
    }
    skipBackfills(this.#state, this.#bindings, this.#settings.isSkipped);
    for (const table of this.#bindings.keys()) this.#activate(table);
    return stream;
  }

  /** A table of the state, at a start that goes on with it. Throws when the policy is to stop. */
  #meetAgain(table: number, state: TableState): void {
    const binding = this.#binding(table);
    const facts = this.#facts(table);
    if (this.#info(table) === undefined) throw goneError(binding);
    if (isReplaced(state.metadata, facts)) this.#renew(table, state);
    else if (state.scanned !== undefined && isReordered(state.metadata, facts)) this.#reread(table, state);
  }

  /** Reads another table with the name of this one, as far as it is to be read at all. */
  #renew(table: number, state: TableState): void {
    const binding = this.#binding(table);
    const renewed = renewedTable(binding, state);
    const isRead = binding.resource.mode !== 'Only Changes' && !this.#settings.isSkipped(binding);
    if (this.#settings.onReplaced === 'stop' || (renewed === undefined && isRead))
      throw replacedError(binding);
    const label = streamLabel(resourceStream(binding.resource));
    this.#around.log(
      'warn',
      `another table has the name ${label}: ${isRead ? 'it is read from the beginning, and ' : ''}rows that only the old table had stay in the collection until it is reset`,
    );
    if (renewed !== undefined && isRead) this.#state.set(binding.stateKey, awaitingWriters(renewed));
  }

  /** The place where a backfill stands is worth nothing any more. */
  #reread(table: number, state: TableState): void {
    const binding = this.#binding(table);
    const renewed = renewedTable(binding, state);
    if (renewed === undefined) return;
    this.#around.log(
      'warn',
      `the key of ${streamLabel(resourceStream(binding.resource))} has other types than before: its backfill starts over`,
    );
    this.#state.set(binding.stateKey, renewed);
    this.#progress.restart(table);
  }

  #info(table: number): TableInfo | undefined {
    return findStream(this.#infos, resourceStream(this.#binding(table).resource));
  }

  /** What the state keeps of a table but a watershed. */
  #facts(table: number): TableMetadata {
    const { keyColumns } = this.#tableState(table);
    return { ...this.#stream?.metadata, ...tableFacts(this.#info(table), keyColumns) };
  }

  async #activatePending(): Promise<void> {
    const isPending = (table: number) => {
      const { mode } = this.#tableState(table);
      return mode === 'Pending' || mode === 'Missing';
    };
    const pending = [...this.#bindings.keys()].filter((table) => isPending(table) || this.#unread.has(table));
    const ready = await this.#database.readyToScan(pending);
    this.#awaitsWriters = ready.size < pending.length;
    if (this.#awaitsWriters) {
      this.#rediscoverAtMs = Math.min(this.#rediscoverAtMs, this.#around.now() + WRITERS_POLL_MS);
    }
    const keyless: string[] = [];
    for (const table of ready) {
      const binding = this.#binding(table);
      if (this.#unread.delete(table)) {
        this.#state.update(binding.stateKey, { metadata: this.#facts(table) });
        continue;
      }
      const activated = activateTable(binding, this.#info(table), undefined);
      this.#state.set(binding.stateKey, activated);
      const state = { ...activated, metadata: this.#facts(table) };
      this.#state.set(binding.stateKey, state);
      if (state.mode === 'KeylessBackfill') keyless.push(binding.stateKey);
      const label = streamLabel(resourceStream(binding.resource));
      this.#around.log('info', `starting ${label}`, {
        eventType: 'backfillTriggered',
        mode: state.mode,
        keyColumns: state.keyColumns,
      });
    }
    skipBackfills(this.#state, this.#bindings, this.#settings.isSkipped);
    await this.#divide(keyless.filter((stateKey) => this.#state.get(stateKey)?.mode === 'KeylessBackfill'));
    for (const table of this.#bindings.keys()) this.#activate(table);
  }

  /** Must precede the first change and the first row of these tables. */
  async #divide(stateKeys: readonly string[]): Promise<void> {
    if (stateKeys.length === 0) return;
    const watershed = await this.#database.watershed();
    for (const stateKey of stateKeys) {
      const metadata = { ...this.#state.get(stateKey)?.metadata, ...watershed };
      this.#state.update(stateKey, { metadata });
    }
  }

  /** A watershed that the stream is past keeps nothing from anybody any more. */
  #forgetWatersheds(): void {
    for (const table of this.#divided) {
      const { mode, metadata } = this.#tableState(table);
      const stream = this.#liveStream();
      if (mode !== 'Active' || this.#position === undefined) continue;
      if (metadata !== undefined && !stream.isPast(metadata, this.#position)) continue;
      this.#state.update(this.#binding(table).stateKey, { metadata: this.#facts(table) });
      this.#activate(table);
    }
  }

  /** Brings the cached state and the stream in line with the state of one table. */
  #activate(table: number): void {
    const state = this.#tableState(table);
    this.#tables[table] = state;
    const known = this.#facts(table);
    if (Object.keys(state.metadata ?? {}).some((name) => !(name in known))) this.#divided.add(table);
    else this.#divided.delete(table);
    if (isReplicated(state.mode)) this.#stream?.activate(table, state);
    else this.#stream?.deactivate(table);
  }

  #tableState(table: number): TableState {
    const state = this.#state.get(this.#binding(table).stateKey);
    if (state === undefined) throw new Error(`no state for table ${table}`);
    return state;
  }

  #binding(table: number): SqlBinding {
    const binding = this.#bindings[table];
    if (binding === undefined) throw new Error(`no binding ${table}`);
    return binding;
  }

  // --- Discovery -----------------------------------------------------------------------------------------------

  async #discover(): Promise<void> {
    const wanted = this.#bindings.map((binding) => resourceStream(binding.resource));
    this.#infos = await this.#database.discover(wanted);
    if (this.#settings.emitSourcedSchemas && this.#emitSourcedSchemas() > 0) this.#checkpoint();
  }

  /** How many schemas were sent; one that was sent before is not sent again. */
  #emitSourcedSchemas(): number {
    let sent = 0;
    for (const [table, binding] of this.#bindings.entries()) {
      const info = this.#info(table);
      if (info === undefined) continue;
      const schema = this.#database.sourcedSchema(info);
      if (this.#sentSchemas.get(binding.index) === schema) continue;
      this.#sentSchemas.set(binding.index, schema);
      this.#output.sourcedSchema(binding.index, schema);
      sent += 1;
    }
    return sent;
  }

  async #rediscover(): Promise<void> {
    this.#scheduleRediscovery();
    await this.#discover();
    this.#recogniseTables();
    await this.#activatePending();
  }

  /** Throws when a table is gone, or is another one than before: the next start deals with it. */
  #recogniseTables(): void {
    for (const [table, binding] of this.#bindings.entries()) {
      const state = this.#tableState(table);
      if (!isReplicated(state.mode)) continue;
      if (this.#info(table) === undefined) throw goneError(binding);
      const facts = this.#facts(table);
      if (isReplaced(state.metadata, facts)) {
        const isStop = this.#settings.onReplaced === 'stop';
        throw isStop ? replacedError(binding) : renewedError(binding);
      }
      if (!isReordered(state.metadata, facts)) continue;
      if (state.scanned !== undefined) this.#reread(table, state);
      this.#state.update(binding.stateKey, { metadata: { ...this.#tableState(table).metadata, ...facts } });
      this.#activate(table);
    }
  }

  /** Half to one and a half times the interval, so that many captures of one server drift apart. */
  #scheduleRediscovery(): void {
    const interval = this.#settings.rediscoveryIntervalMs;
    this.#rediscoverAtMs = this.#around.now() + interval * (0.5 + this.#around.random());
  }

  // --- Backfill ------------------------------------------------------------------------------------------------

  async #backfillChunk(table: number): Promise<void> {
    const stream = this.#liveStream();
    const binding = this.#binding(table);
    const before = this.#tableState(table);
    await this.#progress.begin(table, before.backfilled, this.#around.now(), () =>
      this.#database.estimateRows(table),
    );
    this.#around.status(`Backfilling Tables ${this.#progress.summary()}`, false);
    const precise = before.mode === 'Backfill';
    const result = await this.#database.scanChunk(
      { table, mode: before.mode === 'KeylessBackfill' ? 'keyless' : 'keyed', precise, state: before },
      this.#rowSink(binding, precise ? before.scanned : undefined),
    );
    if (result === undefined) return this.#rediscover();
    const backfilled = before.backfilled + result.rows;
    reach('sqlcapture.after-chunk');
    this.#state.update(
      binding.stateKey,
      result.complete
        ? { mode: 'Active', scanned: undefined, backfilled }
        : { scanned: result.scanned ?? before.scanned, backfilled },
    );
    this.#tables[table] = this.#tableState(table);
    this.#progress.advance(table, backfilled, result.complete);
    if (await this.#relay({ fence: await stream.fence(), checkpoints: false })) this.#checkpoint();
  }

  #rowSink(binding: SqlBinding, scanned: Buffer | undefined): RowSink {
    const order = new KeyOrder(scanned, (last, key) => keyOrderError(binding, last, key));
    return {
      rows: (count, documents, keys) => {
        if (keys !== undefined) order.check(count, keys);
        this.#output.documents(binding.index, count, documents);
        this.#documents += count;
        this.#undrainedBytes += documents.ends[count - 1] ?? 0;
      },
      drained: async () => {
        reach('sqlcapture.mid-chunk');
        await this.#drain();
      },
    };
  }

  // --- Changes -------------------------------------------------------------------------------------------------

  async #streamChanges(): Promise<void> {
    this.#isStreaming = true;
    this.#tellStreaming();
    await this.#relay({ untilMs: this.#rediscoverAtMs, checkpoints: true });
    this.#isStreaming = false;
  }

  #tellStreaming(): void {
    this.#around.status(`Streaming CDC Events${lagText(this.#health)}`, !this.#awaitsWriters);
  }

  /**
   * Relays events until a boundary of the stream meets the goal. False when the signal was aborted before: then part
   * of a transaction may have been emitted, and nothing may be checkpointed any more.
   */
  async #relay(goal: RelayGoal): Promise<boolean> {
    const stream = this.#liveStream();
    let nudgeMs = FIRST_NUDGE_MS;
    let nudgeAtMs =
      this.#around.now() + (goal.fence === undefined ? this.#settings.idleCheckpointMs : nudgeMs);
    for (;;) {
      if (this.#atBoundary && this.#meets(goal)) return true;
      const event = stream.next();
      if (event === undefined) {
        await this.#drain();
        if (this.#around.signal.aborted) return false;
        await this.#report();
        const now = this.#around.now();
        if (now >= nudgeAtMs) {
          stream.nudge();
          nudgeMs =
            goal.fence === undefined
              ? this.#settings.idleCheckpointMs
              : Math.min(nudgeMs * 2, SLOWEST_NUDGE_MS);
          nudgeAtMs = now + nudgeMs;
        }
        const until = Math.min(nudgeAtMs, goal.untilMs ?? Infinity) - now;
        await stream.wait(Math.min(Math.max(until, 0), LONGEST_WAIT_MS));
        continue;
      }
      switch (event.kind) {
        case 'change':
          this.#atBoundary = false;
          if (this.#wants(event)) this.#emit(this.#binding(event.table).index, event.document());
          reach('sqlcapture.mid-transaction');
          if (this.#undrainedBytes >= DRAIN_BYTES) await this.#drain();
          break;
        case 'commit':
          this.#boundary(event.position);
          if (goal.checkpoints && this.#documents > 0) this.#checkpoint();
          break;
        case 'keepalive':
          this.#boundary(event.position);
          if (goal.checkpoints && this.#idleCheckpointDue()) this.#checkpoint();
          break;
        case 'tableChanged':
          this.#rediscoverAtMs = Math.min(this.#rediscoverAtMs, this.#around.now());
          break;
        case 'truncated':
          this.#truncated(event.table);
          break;
      }
    }
  }

  /** In the middle of a transaction: what is decided leaves with its checkpoint. */
  #truncated(table: number): void {
    const binding = this.#binding(table);
    const state = this.#tableState(table);
    if (this.#settings.onTruncate === 'stop') throw truncatedError(binding);
    const isRead = binding.resource.mode !== 'Only Changes' && !this.#settings.isSkipped(binding);
    const renewed =
      this.#settings.onTruncate === 'backfill' && isRead ? renewedTable(binding, state) : undefined;
    if (renewed !== undefined) {
      this.#state.set(binding.stateKey, renewed);
      this.#activate(table);
      this.#progress.restart(table);
      this.#rediscoverAtMs = Math.min(this.#rediscoverAtMs, this.#around.now());
    } else if (this.#reportedTruncates.has(table)) return;
    this.#reportedTruncates.add(table);
    const label = streamLabel(resourceStream(binding.resource));
    this.#around.log(
      'warn',
      `the table ${label} was truncated: ${renewed === undefined ? '' : 'it is read again, and '}the rows that were in it stay in its collection until that is reset`,
    );
  }

  #meets(goal: RelayGoal): boolean {
    if (goal.fence !== undefined && this.#position?.atLeast(goal.fence) === true) return true;
    return goal.untilMs !== undefined && this.#around.now() >= Math.min(goal.untilMs, this.#rediscoverAtMs);
  }

  /** A precise backfill meets rows past its last key later; their changes are passed over until then. */
  #wants(event: ChangeEvent): boolean {
    const state = this.#tables[event.table];
    if (state === undefined) return false;
    switch (state.mode) {
      case 'Active':
      case 'UnfilteredBackfill':
      case 'KeylessBackfill':
        return true;
      case 'Backfill':
        return state.scanned !== undefined && Buffer.compare(event.key(), state.scanned) <= 0;
      case 'Pending':
      case 'Ignore':
      case 'Missing':
        return false;
      default:
        return false;
    }
  }

  #boundary(position: Position): void {
    this.#atBoundary = true;
    this.#position = position;
  }

  #idleCheckpointDue(): boolean {
    return (
      this.#around.now() - this.#lastCheckpointMs >= this.#settings.idleCheckpointMs &&
      this.#position?.toString() !== this.#lastCheckpointCursor
    );
  }

  /** Now and then, while nothing else is asked of the database. A report that fails says nothing of the capture. */
  async #report(): Promise<void> {
    const now = this.#around.now();
    if (this.#position === undefined || now < this.#reportAtMs) return;
    this.#reportAtMs = now + this.#settings.reportIntervalMs;
    try {
      const health = await this.#liveStream().health(this.#position);
      const backfills = this.#progress.reports(now).map(({ table, ...progress }) => ({
        table: streamLabel(resourceStream(this.#binding(table).resource)),
        ...progress,
      }));
      const before = lagText(this.#health);
      this.#health = health;
      if (this.#isStreaming && lagText(health) !== before) this.#tellStreaming();
      const behindSeconds = Math.round(health.behindMs / 1000);
      this.#around.log('info', 'progress', {
        eventType: 'captureProgress',
        behindBytes: health.behindBytes,
        behindSeconds,
        ...health.details,
        ...(backfills.length === 0 ? {} : { backfills }),
      });
    } catch (error) {
      this.#around.log('warn', 'cannot tell how far the capture is', { error: String(error) });
    }
  }

  // --- Output --------------------------------------------------------------------------------------------------

  #emit(binding: number, document: Buffer): void {
    this.#output.document(binding, document);
    this.#documents += 1;
    this.#undrainedBytes += document.length;
  }

  async #drain(): Promise<void> {
    if (this.#undrainedBytes === 0) return;
    this.#undrainedBytes = 0;
    await this.#output.drained();
  }

  #checkpoint(): void {
    if (this.#position !== undefined) this.#state.cursor = this.#position.toString();
    this.#forgetWatersheds();
    reach('sqlcapture.before-checkpoint');
    this.#pending.push(this.#position);
    this.#output.checkpoint(this.#state.takePatch());
    reach('sqlcapture.after-checkpoint');
    this.#documents = 0;
    this.#undrainedBytes += CHECKPOINT_BYTES;
    this.#lastCheckpointMs = this.#around.now();
    this.#lastCheckpointCursor = this.#state.cursor;
  }

  #liveStream(): ReplicationStream {
    if (this.#stream === undefined) throw new Error('the change stream is not open');
    return this.#stream;
  }
}

/** Of two that `b` was made from `a` by adding and replacing. */
function sameFacts(a: TableMetadata | undefined, b: TableMetadata): boolean {
  return Object.entries(b).every(([name, value]) => a?.[name] === value);
}

function keyOrderError(binding: SqlBinding, last: Buffer, key: Buffer) {
  const table = streamLabel(resourceStream(binding.resource));
  return errors.SQL_KEY_ORDER({
    message: `the backfill of ${table} met the key ${key.toString('hex')} after ${last.toString('hex')}, which is greater`,
  });
}
