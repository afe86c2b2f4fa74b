// One session of a materialization: Open, then transactions until it is stopped. Per transaction the connector sees
// Acknowledge, Load*, Flush, Store*, StartCommit, and answers Acknowledged and Loaded*, Flushed, StartedCommit.
//
// Pipelining: while the connector commits and acknowledges transaction N, the documents of N+1 are read, combined and
// loaded; but N+1 is flushed only after N's Acknowledged. What is persisted when:
// state of Flushed and maximum keys before the first Store; state of StartedCommit together with the checkpoint; state
// of Acknowledged at once, by itself.
//
// A document that only a newer specification can read ends the session in front of it: what was read before is
// committed, and the connector sees whole transactions and then the end of its input.

import { crashPoint } from '@weir/crash-point';
import {
  type Checkpoint,
  type ConnectorState,
  decodeCheckpoint,
  encodeCheckpoint,
  EXPLICIT_ZERO_CHECKPOINT,
  FULL_RANGE,
  type MaterializationSpec,
  type MaterializeResponse,
} from '@weir/protocol';
import { ByteRange } from '../combine/byte-range.ts';
import type { Combiner } from '../combine/combiner.ts';
import type { CrashPoint } from '../crash-points.ts';
import { errors } from '../errors.ts';
import type { Clock } from '../host/clock.ts';
import type { Store } from '../store/store.ts';
import type { MaterializeConnection } from './connection.ts';
import type { TaskState } from './connector-state.ts';
import type { DocumentSource, SourceBatch } from './document-source.ts';
import { LoadDecision, loadEverything } from './load-decision.ts';
import { type MaterializedBinding, UnreadableDocument } from './materialized-binding.ts';
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
  readonly combiner: Combiner;
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

const newline = 0x0a;

type Awaited = 'opened' | 'flushed' | 'startedCommit';

class MaterializeSession {
  readonly #options: MaterializeSessionOptions;
  readonly #limitBytes: number;
  readonly #changed = new WakeUp();
  readonly #loads: LoadDecision[] = [];
  #source: DocumentSource | undefined;
  #acknowledged = false;
  #mayLoad = false;
  #expected: Awaited | undefined = 'opened';
  #answer: MaterializeResponse | undefined;
  #ended = false;
  /** The transaction being read has to end here. */
  #boundary = false;
  /** The next document cannot be read. */
  #outdated = false;
  #commits = 0;
  #caughtUpReported = false;
  /** Per binding: documents and bytes of the transaction being read. */
  #counts: { documents: number; bytes: number }[] = [];

  constructor(options: MaterializeSessionOptions) {
    this.#options = options;
    this.#limitBytes = options.transactionBytes ?? 32 << 20;
    this.#resetCounts();
  }

  async run(): Promise<MaterializeSessionEnd> {
    const { signal, combiner } = this.#options;
    const onAbort = (): void => this.#changed.notify();
    signal.addEventListener('abort', onAbort);
    let stopListening: (() => void) | undefined;
    try {
      const source = await this.#open();
      stopListening = source.onMore(() => this.#changed.notify());
      for (;;) {
        await this.#acknowledge();
        if (!(await this.#read(source))) return await this.#end();
        await this.#flush();
        await this.#storeAndCommit(source);
        if (this.#outdated) return await this.#end();
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      stopListening?.();
      this.#source?.[Symbol.dispose]();
      combiner.clear();
    }
  }

  async #open(): Promise<DocumentSource> {
    const { connection, materialization, version, state, store } = this.#options;
    crash('runtime.materialize.before-open');
    connection.send({ kind: 'open', materialization, version, range: FULL_RANGE, state: state.text });
    void this.#receive();
    await connection.flush();
    const opened = await this.#await('opened');
    if (opened.kind !== 'opened') throw this.#protocolError(`expected opened, got ${opened.kind}`);
    const own = store.task(materialization.name)?.checkpoint;
    const checkpoint = startingCheckpoint(opened.runtimeCheckpoint, own);
    this.#decideLoads(checkpoint, opened.disableLoadOptimization);
    this.#source = this.#options.openSource(checkpoint);
    this.#options.onOpened?.();
    return this.#source;
  }

  /** A binding that has been read before, but of which no maximum is known, may hold any key. */
  #decideLoads(checkpoint: Checkpoint, disabled: boolean): void {
    const { materialization, store } = this.#options;
    const maxKeys = store.maxKeys(materialization.name);
    const sourceKeys = Object.keys(checkpoint.sources);
    for (const { stateKey, journalReadSuffix } of materialization.bindings) {
      const wasRead = sourceKeys.some((key) => key.endsWith(`;${journalReadSuffix}`));
      const maximum = maxKeys.get(stateKey) ?? (wasRead ? loadEverything : Buffer.alloc(0));
      this.#loads.push(new LoadDecision(maximum, !disabled));
    }
  }

  async #acknowledge(): Promise<void> {
    const { connection } = this.#options;
    this.#acknowledged = false;
    this.#mayLoad = true;
    connection.send({ kind: 'acknowledge' });
    await connection.flush();
  }

  /** Reads one transaction. False: the session is to end instead. */
  async #read(source: DocumentSource): Promise<boolean> {
    const { signal, combiner, maxTransactions } = this.#options;
    this.#boundary = false;
    for (;;) {
      this.#changed.throwIfFailed();
      if (this.#ended) throw this.#protocolError('it ended in the middle of a session');
      if (signal.aborted || (maxTransactions !== undefined && this.#commits >= maxTransactions)) return false;
      if (this.#outdated && combiner.documents === 0) return false;
      const isFull = combiner.sourceBytes >= this.#limitBytes;
      const next = this.#boundary || isFull ? undefined : source.next();
      if (next === 'commit') {
        this.#boundary = true;
      } else if (next !== undefined) {
        await this.#add(next, source);
      } else if (this.#acknowledged && (this.#boundary || combiner.documents > 0)) {
        return true;
      } else if (this.#acknowledged && source.lagBytes() === 0) {
        // Documents outside a binding's times are read and leave nothing to store.
        this.#reportCaughtUp(source);
        await this.#changed.wait();
      } else {
        await this.#changed.wait();
      }
    }
  }

  #reportCaughtUp(source: DocumentSource): void {
    if (this.#caughtUpReported) return;
    this.#caughtUpReported = true;
    const { sources } = source.checkpoint();
    this.#options.onCaughtUp?.(
      Object.fromEntries(Object.entries(sources).map(([key, { readThrough }]) => [key, Number(readThrough)])),
    );
  }

  async #add({ binding, bytes }: SourceBatch, source: DocumentSource): Promise<void> {
    const { connection, bindings, combiner, isOutdated } = this.#options;
    const rules = bindings[binding];
    const loads = this.#loads[binding];
    const count = this.#counts[binding];
    if (rules === undefined || loads === undefined || count === undefined)
      throw new RangeError(`no binding ${binding}`);
    this.#caughtUpReported = false;
    let keepsUp = true;
    const document = new ByteRange();
    for (let start = 0; start < bytes.length;) {
      const lineEnd = bytes.indexOf(newline, start);
      const end = lineEnd === -1 ? bytes.length : lineEnd;
      let isTaken: boolean;
      try {
        isTaken = rules.take(document.set(bytes, start, end));
      } catch (error) {
        if (!(error instanceof UnreadableDocument) || isOutdated?.(binding) !== true) throw error;
        source.giveBack(bytes.length - start);
        this.#outdated = true;
        this.#boundary = true;
        break;
      }
      start = end + 1;
      if (!isTaken) continue;
      const { key } = rules;
      combiner.add(binding, key, document, rules.note);
      count.documents += 1;
      count.bytes += document.length + 1;
      if (rules.spec.deltaUpdates || !loads.mustLoad(key)) continue;
      keepsUp = connection.send({ kind: 'load', binding, keyPacked: key.view() });
      crash('runtime.materialize.after-load');
    }
    if (keepsUp) connection.flush().catch((error: unknown) => this.#changed.fail(error));
    else await connection.flush();
  }

  async #flush(): Promise<void> {
    const { connection, store, state, materialization, bindings } = this.#options;
    crash('runtime.materialize.before-flush');
    this.#expected = 'flushed';
    connection.send({ kind: 'flush' });
    await connection.flush();
    const flushed = await this.#await('flushed');
    crash('runtime.materialize.after-flushed');
    const flushedState = flushed.kind === 'flushed' ? flushed.state : undefined;
    this.#applyState(flushedState);
    const grown = bindings
      .filter(({ spec }) => !spec.deltaUpdates)
      .map(({ index, spec }) => ({ stateKey: spec.stateKey, key: this.#loads[index]?.grown }))
      .filter((grown): grown is { stateKey: string; key: Buffer } => grown.key !== undefined);
    if (grown.length > 0 || flushedState !== undefined) {
      store.putMaxKeys(materialization.name, grown, flushedState === undefined ? undefined : state.text);
    }
    crash('runtime.materialize.after-max-keys');
  }

  async #storeAndCommit(source: DocumentSource): Promise<void> {
    const { connection, combiner, bindings, store, state, materialization, clock } = this.#options;
    let stored = 0;
    for (const combined of combiner.drain()) {
      const rules = bindings[combined.binding];
      if (rules === undefined) throw new RangeError(`no binding ${combined.binding}`);
      stored += 1;
      if (!connection.send(rules.storeOf(combined))) {
        await connection.flush();
        this.#changed.throwIfFailed();
      }
      crash('runtime.materialize.amid-store');
    }
    const checkpoint = source.checkpoint();
    crash('runtime.materialize.before-start-commit');
    this.#expected = 'startedCommit';
    connection.send({ kind: 'startCommit', runtimeCheckpoint: checkpoint });
    await connection.flush();
    const started = await this.#await('startedCommit');
    crash('runtime.materialize.after-started-commit');
    const startedState = started.kind === 'startedCommit' ? started.state : undefined;
    this.#applyState(startedState);
    store.commitMaterialization({
      task: materialization.name,
      state: startedState === undefined ? undefined : state.text,
      checkpoint: encodeCheckpoint(checkpoint),
      counts: this.#counts.map((count, index) => ({
        stateKey: bindings[index]?.spec.stateKey ?? '',
        ...count,
      })),
      nowMs: clock.nowMs(),
    });
    crash('runtime.materialize.after-commit');
    const { documents, sourceBytes } = combiner;
    for (const loads of this.#loads) loads.endTransaction();
    combiner.clear();
    this.#resetCounts();
    this.#commits += 1;
    this.#options.onCommit?.({ documents, bytes: sourceBytes, stored });
  }

  /** Ends at a transaction's border: what was read of the next one is dropped, and read again another time. */
  async #end(): Promise<MaterializeSessionEnd> {
    const { connection, signal, combiner, clock } = this.#options;
    if (combiner.documents === 0) {
      const timer = new AbortController();
      const late = clock.sleep(10_000, timer.signal);
      await connection.endInput();
      await Promise.race([this.#connectorEnd(), late]);
      timer.abort();
    }
    if (!this.#ended) await connection.stop();
    if (signal.aborted) return 'stopped';
    return this.#outdated ? 'schemaChanged' : 'transactions';
  }

  async #connectorEnd(): Promise<void> {
    while (!this.#ended) await this.#changed.wait();
  }

  async #await(kind: Awaited): Promise<MaterializeResponse> {
    this.#expected = kind;
    for (;;) {
      this.#changed.throwIfFailed();
      const answer = this.#answer;
      if (answer !== undefined) {
        this.#answer = undefined;
        return answer;
      }
      if (this.#ended) throw this.#protocolError(`it ended where ${kind} was expected`);
      await this.#changed.wait();
    }
  }

  /** Reads everything the connector sends. Never rejects: failures wake `run`. */
  async #receive(): Promise<void> {
    try {
      for (;;) {
        const messages = await this.#options.connection.messages();
        if (messages === undefined) break;
        for (const message of messages) this.#take(message);
        this.#changed.notify();
      }
      this.#ended = true;
      this.#changed.notify();
    } catch (error) {
      this.#changed.fail(error);
    }
  }

  #take(message: MaterializeResponse): void {
    switch (message.kind) {
      case 'acknowledged':
        if (this.#acknowledged || !this.#mayLoad) throw this.#protocolError('got acknowledged unasked');
        this.#takeAcknowledged(message.state);
        return;
      case 'loaded':
        this.#takeLoaded(message.binding, message.doc);
        return;
      case 'opened':
      case 'flushed':
      case 'startedCommit':
        if (message.kind !== this.#expected) throw this.#protocolError(`got ${message.kind} unasked`);
        this.#expected = undefined;
        this.#answer = message;
        if (message.kind === 'flushed') this.#mayLoad = false;
        return;
      case 'spec':
      case 'validated':
      case 'applied':
        throw this.#protocolError(`got ${message.kind} in a session`);
    }
  }

  #takeAcknowledged(update: ConnectorState | undefined): void {
    const { store, materialization, state } = this.#options;
    if (update !== undefined) {
      this.#applyState(update);
      store.putState(materialization.name, 'materialization', state.text);
    }
    this.#acknowledged = true;
    crash('runtime.materialize.after-acknowledged');
  }

  #takeLoaded(binding: number, doc: Buffer): void {
    const rules = this.#options.bindings[binding];
    if (rules === undefined) throw this.#protocolError(`got binding ${binding}, which does not exist`);
    if (!this.#acknowledged) throw this.#protocolError('got loaded before acknowledged');
    if (!this.#mayLoad) throw this.#protocolError('got loaded after flushed');
    rules.takeLoaded(doc);
    if (this.#loads[binding]?.answered(rules.key) !== true) {
      throw this.#protocolError('got loaded for a key that was not asked for, or a second time');
    }
    this.#options.combiner.addFront(binding, rules.key, doc);
  }

  #applyState(update: ConnectorState | undefined): void {
    if (update === undefined) return;
    this.#options.state.apply(update);
    this.#options.onState?.(update);
  }

  #resetCounts(): void {
    this.#counts = this.#options.bindings.map(() => ({ documents: 0, bytes: 0 }));
  }

  #protocolError(what: string): Error {
    return errors.CONNECTOR_PROTOCOL({
      message: `The connector of ${this.#options.materialization.name} broke the protocol: ${what}.`,
    });
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
