// One session of a materialization: Open, then transactions until it is stopped. Per transaction the connector sees
// Acknowledge, Load*, Flush, Store*, StartCommit, and answers Acknowledged and Loaded*, Flushed, StartedCommit.
//
// Pipelining: while the connector stores transaction N, and commits it, the documents of N+1 are read and combined. Their
// Loads go out after N's Acknowledge; N+1 is flushed only after N's Acknowledged. What is persisted when:
// state of Flushed and maximum keys before the first Store; state of StartedCommit together with the checkpoint; state
// of Acknowledged at once, by itself.
//
// A document that only a newer specification can read ends the session in front of it: what was read before is
// committed, and the connector sees whole transactions and then the end of its input. What else keeps a document of N+1
// from being read fails the session once N is acknowledged: until then the connector may still be committing it, which
// the end of the session would stop.

import { setImmediate } from 'node:timers/promises';
import { crashPoint } from '@weir/crash-point';
import {
  type Checkpoint,
  type ConnectorState,
  decodeCheckpoint,
  encodeCheckpoint,
  EXPLICIT_ZERO_CHECKPOINT,
  FULL_RANGE,
  type MaterializationSpec,
} from '@weir/protocol';
import type { ByteRange } from '../combine/byte-range.ts';
import type { Combiner } from '../combine/combiner.ts';
import type { CrashPoint } from '../crash-points.ts';
import type { Clock } from '../host/clock.ts';
import type { Store } from '../store/store.ts';
import type { MaterializeConnection } from './connection.ts';
import { ConnectorAnswers } from './connector-answers.ts';
import type { TaskState } from './connector-state.ts';
import type { DocumentSource } from './document-source.ts';
import { LoadDecision, loadEverything } from './load-decision.ts';
import { MaterializeTransaction } from './materialize-transaction.ts';
import type { MaterializedBinding } from './materialized-binding.ts';
import { TransactionReader } from './transaction-reader.ts';
import { WakeUp } from './wake-up.ts';

const crash = (point: CrashPoint): void => crashPoint(point);

export interface MaterializeCommit {
  readonly documents: number;
  readonly bytes: number;
  readonly stored: number;
}

export interface MaterializeSessionOptions {
  readonly materialization: MaterializationSpec;
  readonly version: string;
  readonly connection: MaterializeConnection;
  readonly bindings: readonly MaterializedBinding[];
  /** Two transactions take turns. */
  readonly combiners: readonly [Combiner, Combiner];
  /** Opened once the checkpoint to read from is known. */
  readonly openSource: (checkpoint: Checkpoint) => DocumentSource;
  readonly store: Store;
  readonly state: TaskState;
  readonly clock: Clock;
  /** Aborting ends the session at a transaction's end; what was read of another is dropped. */
  readonly signal: AbortSignal;
  /** A transaction of so many source bytes takes no more, and is closed as soon as it may be. Default 32 MiB. */
  readonly transactionBytes?: number;
  readonly maxTransactions?: number | undefined;
  /** Of a binding with a document that it cannot read: whether a specification that is built now may be able to. */
  readonly isOutdated?: (binding: number) => boolean;
  readonly onOpened?: () => void;
  readonly onState?: ((state: ConnectorState) => void) | undefined;
  readonly onCommit?: ((commit: MaterializeCommit) => void) | undefined;
  /** The source has nothing more, everything read is committed, and the connector has acknowledged it. */
  readonly onCaughtUp?: ((positions: Readonly<Record<string, number>>) => void) | undefined;
}

/**
 * stopped: by the signal. transactions: `maxTransactions` were committed. schemaChanged: a document does not satisfy its
 * read schema, which is outdated; it was left unread.
 */
export type MaterializeSessionEnd = 'stopped' | 'transactions' | 'schemaChanged';

/** Throws UnreadableDocument when a document does not satisfy its read schema, and that is not outdated. */
export async function runMaterializeSession(
  options: MaterializeSessionOptions,
): Promise<MaterializeSessionEnd> {
  const session = new MaterializeSession(options);
  return await session.run();
}

class MaterializeSession {
  readonly #options: MaterializeSessionOptions;
  readonly #changed = new WakeUp();
  readonly #answers: ConnectorAnswers;
  readonly #loads: LoadDecision[] = [];
  /** What is read goes here. */
  #filling: MaterializeTransaction;
  /** Is being stored, or empty. */
  #storing: MaterializeTransaction;
  /** The connector has taken in everything that was sent. */
  #keepsUp = true;
  #commits = 0;
  #caughtUpReported = false;
  /** Reading has failed, which is told once the transaction before is acknowledged. */
  #failedRead: { readonly error: unknown } | undefined;

  constructor(options: MaterializeSessionOptions) {
    this.#options = options;
    const { connection, materialization, bindings, combiners } = options;
    this.#filling = new MaterializeTransaction(combiners[0], bindings.length);
    this.#storing = new MaterializeTransaction(combiners[1], bindings.length);
    this.#answers = new ConnectorAnswers({
      name: materialization.name,
      connection,
      changed: this.#changed,
      onAcknowledged: (state) => this.#takeAcknowledged(state),
      onLoaded: (binding, doc) => this.#takeLoaded(binding, doc),
    });
  }

  async run(): Promise<MaterializeSessionEnd> {
    const { signal } = this.#options;
    const onAbort = (): void => this.#changed.notify();
    signal.addEventListener('abort', onAbort);
    let stopListening: (() => void) | undefined;
    let source: DocumentSource | undefined;
    try {
      source = await this.#open();
      stopListening = source.onMore(() => this.#changed.notify());
      const reader = this.#readerOf(source);
      for (;;) {
        await this.#acknowledge();
        if (!(await this.#read(reader, source))) return await this.#end(reader);
        await this.#flush();
        await this.#storeAndCommit(reader, source);
        if (reader.isOutdated && this.#filling.isEmpty) return await this.#end(reader);
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      stopListening?.();
      source?.[Symbol.dispose]();
      this.#filling.clear();
      this.#storing.clear();
    }
  }

  async #open(): Promise<DocumentSource> {
    const { connection, materialization, version, state, store } = this.#options;
    crash('runtime.materialize.before-open');
    connection.send({ kind: 'open', materialization, version, range: FULL_RANGE, state: state.text });
    void this.#answers.receive();
    await connection.flush();
    const opened = await this.#answers.next('opened');
    const own = store.task(materialization.name)?.checkpoint;
    const checkpoint = startingCheckpoint(opened.runtimeCheckpoint, own);
    this.#decideLoads(checkpoint, opened.disableLoadOptimization);
    const source = this.#options.openSource(checkpoint);
    this.#options.onOpened?.();
    return source;
  }

  /** A binding that has been read before, but of which no maximum is known, may hold any key. */
  #decideLoads(checkpoint: Checkpoint, disabled: boolean): void {
    const { materialization, store } = this.#options;
    const maxKeys = store.maxKeys(materialization.name);
    const firsts = new Map(store.journals().map(({ name, first }) => [name, first]));
    const sources = Object.entries(checkpoint.sources);
    for (const { stateKey, journalReadSuffix } of materialization.bindings) {
      const suffix = `;${journalReadSuffix}`;
      // A journal that was reset is in the checkpoint from where it begins, as soon as something else is committed.
      const wasRead = sources.some(
        ([key, { readThrough, producers }]) =>
          key.endsWith(suffix) &&
          (producers.length > 0 || readThrough !== BigInt(firsts.get(key.slice(0, -suffix.length)) ?? 0)),
      );
      const maximum = maxKeys.get(stateKey) ?? (wasRead ? loadEverything : Buffer.alloc(0));
      this.#loads.push(new LoadDecision(maximum, !disabled));
    }
  }

  #readerOf(source: DocumentSource): TransactionReader {
    const { bindings, isOutdated, transactionBytes } = this.#options;
    return new TransactionReader({
      source,
      bindings,
      loads: this.#loads,
      limitBytes: transactionBytes ?? 32 << 20,
      isOutdated,
      load: (binding, key) => this.#load(binding, key),
    });
  }

  /** Asks for what is left of the transaction before; loads what was read ahead. */
  async #acknowledge(): Promise<void> {
    const { connection } = this.#options;
    this.#answers.expectAcknowledged();
    connection.send({ kind: 'acknowledge' });
    await connection.flush();
    for (const load of this.#filling.waitingLoads.take()) {
      // The keys of a transaction that will not be are not asked for.
      if (this.#failedRead !== undefined || this.#isToEnd(this.#commits)) return;
      this.#filling.isBegun = true;
      if (!connection.send(load)) await connection.flush();
      crash('runtime.materialize.after-load');
    }
    await connection.flush();
  }

  #load(binding: number, key: ByteRange): void {
    if (!this.#answers.mayLoad) {
      this.#filling.waitingLoads.add(binding, key);
      return;
    }
    this.#filling.isBegun = true;
    this.#keepsUp = this.#options.connection.send({ kind: 'load', binding, keyPacked: key.view() });
    crash('runtime.materialize.after-load');
  }

  /** Reads what is left of a transaction. False: the session is to end instead. */
  async #read(reader: TransactionReader, source: DocumentSource): Promise<boolean> {
    const { connection } = this.#options;
    for (;;) {
      this.#changed.throwIfFailed();
      if (this.#answers.hasEnded) throw this.#answers.protocolError('it ended in the middle of a session');
      if (this.#isToEnd(this.#commits)) return false;
      const { isAcknowledged } = this.#answers;
      if (this.#failedRead !== undefined) {
        if (isAcknowledged) throw this.#failedRead.error;
        await this.#changed.wait();
        continue;
      }
      const transaction = this.#filling;
      if (reader.isOutdated && transaction.isEmpty) return false;
      if (this.#readBatch(reader)) {
        if (this.#keepsUp) connection.flush().catch((error: unknown) => this.#changed.fail(error));
        else await connection.flush();
        this.#keepsUp = true;
        continue;
      }
      if (this.#failedRead !== undefined) continue;
      if (isAcknowledged && (transaction.isClosed || !transaction.isEmpty)) return true;
      // Documents outside a binding's times are read and leave nothing to store.
      if (isAcknowledged && source.lagBytes() === 0) this.#reportCaughtUp(source);
      await this.#changed.wait();
    }
  }

  /** False: there is nothing now, or reading has failed. */
  #readBatch(reader: TransactionReader): boolean {
    try {
      const isRead = reader.read(this.#filling);
      if (isRead) this.#caughtUpReported = false;
      return isRead;
    } catch (error) {
      this.#failedRead = { error };
      return false;
    }
  }

  /** After so many commits. */
  #isToEnd(commits: number): boolean {
    const { signal, maxTransactions } = this.#options;
    return signal.aborted || (maxTransactions !== undefined && commits >= maxTransactions);
  }

  /** Waits for something of the transaction that is being stored. The next one is read meanwhile. */
  async #meanwhileReading<T>(reader: TransactionReader, awaited: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    awaited.then(settle, settle);
    for (;;) {
      // What has come from the connector, and what it has taken, goes first.
      await setImmediate();
      if (isSettled || !this.#readAhead(reader)) return await awaited;
    }
  }

  #readAhead(reader: TransactionReader): boolean {
    if (this.#isToEnd(this.#commits + 1) || this.#failedRead !== undefined) return false;
    return this.#readBatch(reader);
  }

  #reportCaughtUp(source: DocumentSource): void {
    if (this.#caughtUpReported) return;
    this.#caughtUpReported = true;
    const { sources } = source.checkpoint();
    this.#options.onCaughtUp?.(
      Object.fromEntries(Object.entries(sources).map(([key, { readThrough }]) => [key, Number(readThrough)])),
    );
  }

  async #flush(): Promise<void> {
    const { connection, store, state, materialization, bindings } = this.#options;
    crash('runtime.materialize.before-flush');
    this.#filling.isBegun = true;
    this.#answers.expect('flushed');
    connection.send({ kind: 'flush' });
    await connection.flush();
    const flushed = await this.#answers.next('flushed');
    crash('runtime.materialize.after-flushed');
    this.#applyState(flushed.state);
    const grown = bindings
      .filter(({ spec }) => !spec.deltaUpdates)
      .map(({ index, spec }) => ({ stateKey: spec.stateKey, key: this.#loads[index]?.grown }))
      .filter((grown): grown is { stateKey: string; key: Buffer } => grown.key !== undefined);
    if (grown.length > 0 || flushed.state !== undefined) {
      store.putMaxKeys(materialization.name, grown, flushed.state === undefined ? undefined : state.text);
    }
    crash('runtime.materialize.after-max-keys');
    // Every key of this transaction is known: what is read from here on is of the next.
    for (const loads of this.#loads) loads.endTransaction();
  }

  async #storeAndCommit(reader: TransactionReader, source: DocumentSource): Promise<void> {
    const { connection, bindings, store, state, materialization, clock } = this.#options;
    // Before anything is read ahead.
    const checkpoint = source.checkpoint();
    const transaction = this.#filling;
    this.#filling = this.#storing;
    this.#storing = transaction;
    let stored = 0;
    for (const combined of transaction.combiner.drain()) {
      const rules = bindings[combined.binding];
      if (rules === undefined) throw new RangeError(`no binding ${combined.binding}`);
      stored += 1;
      if (!connection.send(rules.storeOf(combined))) {
        await this.#meanwhileReading(reader, connection.flush());
        this.#changed.throwIfFailed();
      }
      crash('runtime.materialize.amid-store');
    }
    crash('runtime.materialize.before-start-commit');
    this.#answers.expect('startedCommit');
    connection.send({ kind: 'startCommit', runtimeCheckpoint: checkpoint });
    await connection.flush();
    const started = await this.#meanwhileReading(reader, this.#answers.next('startedCommit'));
    crash('runtime.materialize.after-started-commit');
    this.#applyState(started.state);
    store.commitMaterialization({
      task: materialization.name,
      state: started.state === undefined ? undefined : state.text,
      checkpoint: encodeCheckpoint(checkpoint),
      counts: bindings.map(({ index, spec }) => ({ stateKey: spec.stateKey, ...transaction.count(index) })),
      nowMs: clock.nowMs(),
    });
    crash('runtime.materialize.after-commit');
    const { documents, sourceBytes } = transaction.combiner;
    transaction.clear();
    this.#commits += 1;
    this.#options.onCommit?.({ documents, bytes: sourceBytes, stored });
  }

  /** Ends at a transaction's border: what was read of the next one is dropped, and read again another time. */
  async #end(reader: TransactionReader): Promise<MaterializeSessionEnd> {
    const { connection, signal, clock } = this.#options;
    if (!this.#filling.isBegun) {
      const timer = new AbortController();
      const late = clock.sleep(10_000, timer.signal);
      await connection.endInput();
      await Promise.race([this.#answers.end(), late]);
      timer.abort();
    }
    if (!this.#answers.hasEnded) await connection.stop();
    if (signal.aborted) return 'stopped';
    return reader.isOutdated ? 'schemaChanged' : 'transactions';
  }

  #takeAcknowledged(update: ConnectorState | undefined): void {
    const { store, materialization, state } = this.#options;
    if (update !== undefined) {
      this.#applyState(update);
      store.putState(materialization.name, 'materialization', state.text);
    }
    crash('runtime.materialize.after-acknowledged');
  }

  #takeLoaded(binding: number, doc: Buffer): boolean {
    const rules = this.#options.bindings[binding];
    if (rules === undefined)
      throw this.#answers.protocolError(`got binding ${binding}, which does not exist`);
    rules.takeLoaded(doc);
    if (this.#loads[binding]?.answered(rules.key) !== true) return false;
    this.#filling.combiner.addFront(binding, rules.key, doc);
    return true;
  }

  #applyState(update: ConnectorState | undefined): void {
    if (update === undefined) return;
    this.#options.state.apply(update);
    this.#options.onState?.(update);
  }
}

/** The destination's own checkpoint holds over the runtime's; its explicit zero means: read everything again. */
function startingCheckpoint(
  opened: Checkpoint | typeof EXPLICIT_ZERO_CHECKPOINT | undefined,
  own: Buffer | undefined,
): Checkpoint {
  const found = opened ?? (own === undefined ? undefined : decodeCheckpoint(own));
  return found === undefined || found === EXPLICIT_ZERO_CHECKPOINT ? { sources: {}, ackIntents: {} } : found;
}
