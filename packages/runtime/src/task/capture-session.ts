// One session of a capture: Open, then documents and checkpoints until the connector ends or the session is stopped.
//
// Two transactions alternate: one fills with what the connector sends, the other is being committed. A transaction takes
// whole checkpoints until it holds 32 MiB; past that the connector waits for the commit. Documents behind the last
// checkpoint are held apart, so that an invalid one never takes the checkpoints before it down.

import { crashPoint } from '@weir/crash-point';
import {
  CapturedFrame,
  type CapturedResponse,
  type CaptureResponse,
  type CaptureSpec,
  FULL_RANGE,
  type JsonText,
} from '@weir/protocol';
import type { CrashPoint } from '../crash-points.ts';
import { errors } from '../errors.ts';
import type { Clock } from '../host/clock.ts';
import type { CaptureCommitter, CommitResult } from './capture-committer.ts';
import type { CaptureTransaction } from './capture-transaction.ts';
import type { CapturedBinding } from './captured-binding.ts';
import type { CaptureConnection } from './connection.ts';
import type { TaskState } from './connector-state.ts';
import { PendingDocuments } from './pending-documents.ts';
import { WakeUp } from './wake-up.ts';

const crash = (point: CrashPoint): void => crashPoint(point);

export interface CaptureSessionOptions {
  readonly capture: CaptureSpec;
  readonly version: string;
  readonly connection: CaptureConnection;
  readonly bindings: readonly CapturedBinding[];
  readonly committer: CaptureCommitter;
  readonly transactions: readonly [CaptureTransaction, CaptureTransaction];
  readonly state: TaskState;
  readonly clock: Clock;
  /** Aborting ends the session at the last whole checkpoint. */
  readonly signal: AbortSignal;
  /** A transaction that holds so many bytes takes no further checkpoint. Default 32 MiB. */
  readonly transactionBytes?: number;
  /** The connector must take an Acknowledge within this time. Default 10 s. */
  readonly acknowledgeTimeoutMs?: number;
  readonly onOpened?: () => void;
  /** Called when the first of something to be committed has come, and when everything is committed. */
  readonly onReceiving?: ((isReceiving: boolean) => void) | undefined;
  readonly onState?: ((state: { updated: JsonText; mergePatch: boolean }) => void) | undefined;
  readonly onCommit?: ((result: CommitResult) => void) | undefined;
  /** The session ends after so many commits. */
  readonly maxTransactions?: number | undefined;
  /** The pause between two commits. */
  readonly delayMs: number;
}

/** exited: the connector ended cleanly. stopped: by the signal. transactions: `maxTransactions` were committed. */
export type CaptureSessionEnd = 'exited' | 'stopped' | 'transactions';

export async function runCaptureSession(options: CaptureSessionOptions): Promise<CaptureSessionEnd> {
  const session = new CaptureSession(options);
  return await session.run();
}

class CaptureSession {
  readonly #options: CaptureSessionOptions;
  readonly #limitBytes: number;
  readonly #changed = new WakeUp();
  #filling: CaptureTransaction;
  #spare: CaptureTransaction;
  #committing = false;
  #commits = 0;
  #ended = false;
  /** Nothing more is committed: the session is over. */
  #closed = false;
  #commitWaiter: PromiseWithResolvers<void> | undefined;
  #explicitAcknowledgements = false;
  /** Sent since the last checkpoint. */
  readonly #pending = new PendingDocuments();
  #sourcedSchemas: { binding: number; schema: JsonText }[] = [];
  /** The documents behind the last checkpoint were too many to hold raw, and are in `#filling` already. */
  #overflowed = false;
  /** Adding documents to `#filling` has begun and not ended: some may be in it without their checkpoint. */
  #isTorn = false;
  #isReceiving = false;

  constructor(options: CaptureSessionOptions) {
    this.#options = options;
    this.#limitBytes = options.transactionBytes ?? 32 << 20;
    [this.#filling, this.#spare] = options.transactions;
  }

  async run(): Promise<CaptureSessionEnd> {
    const { signal, connection } = this.#options;
    const onAbort = (): void => this.#changed.notify();
    signal.addEventListener('abort', onAbort);
    try {
      await this.#open();
      void this.#receive();
      for (;;) {
        if (this.#isFinished()) {
          await this.#finishCommit();
          this.#closed = true;
          if (!this.#ended) await connection.stop();
          return this.#ended ? 'exited' : signal.aborted ? 'stopped' : 'transactions';
        }
        this.#commitIfReady();
        await this.#changed.wait();
      }
    } finally {
      this.#closed = true;
      signal.removeEventListener('abort', onAbort);
      while (this.#committing) await this.#commitEnd();
      for (const transaction of this.#options.transactions) transaction.clear();
    }
  }

  async #open(): Promise<void> {
    const { connection, capture, version, state } = this.#options;
    crash('runtime.capture.before-open');
    connection.send({ kind: 'open', capture, version, range: FULL_RANGE, state: state.text });
    await connection.flush();
  }

  #isFinished(): boolean {
    const { maxTransactions, signal } = this.#options;
    if (maxTransactions !== undefined && this.#commits >= maxTransactions) return true;
    return this.#ended || signal.aborted;
  }

  /** Commits what is left of whole checkpoints, unless enough was committed. */
  async #finishCommit(): Promise<void> {
    const { maxTransactions } = this.#options;
    while (this.#committing) await this.#changed.wait();
    if (maxTransactions !== undefined && this.#commits >= maxTransactions) return;
    this.#commitIfReady();
    while (this.#committing) await this.#changed.wait();
  }

  /** Reads everything the connector sends, in order. Never rejects: failures wake `run`. */
  async #receive(): Promise<void> {
    const { connection } = this.#options;
    try {
      let opened = false;
      for (;;) {
        const messages = await connection.messages();
        if (this.#closed) return;
        if (messages === undefined) break;
        for (const message of messages) {
          if (!opened) opened = this.#takeOpened(message);
          else if (message.kind === 'captured') this.#takeDocument(message);
          else await this.#take(message);
          if (this.#pending.byteLength > this.#limitBytes) await this.#overflow();
          // What is left of the batch may be overwritten by then.
          if (this.#closed) return;
        }
        this.#reportReceiving();
        // After the whole batch: what came together commits together.
        this.#changed.notify();
      }
      if (!opened) throw this.#protocolError('it ended before Opened');
      if (this.#pending.byteLength > 0 || this.#overflowed) {
        throw this.#protocolError('it ended after documents that no checkpoint follows; they were not kept');
      }
      this.#ended = true;
      this.#changed.notify();
    } catch (error) {
      await this.#keepWholeCheckpoints();
      this.#changed.fail(error);
    }
  }

  #reportReceiving(): void {
    const isReceiving =
      this.#pending.byteLength > 0 || this.#overflowed || this.#committing || this.#filling.checkpoints > 0;
    if (isReceiving === this.#isReceiving) return;
    this.#isReceiving = isReceiving;
    this.#options.onReceiving?.(isReceiving);
  }

  /** What came before a failure, up to its last checkpoint, is good. */
  async #keepWholeCheckpoints(): Promise<void> {
    if (this.#closed || this.#overflowed || this.#isTorn || this.#changed.failed) return;
    try {
      await this.#finishCommit();
    } catch (error) {
      this.#changed.fail(error);
    }
  }

  #takeOpened(message: CaptureResponse): true {
    if (message.kind !== 'opened') throw this.#protocolError(`expected opened, got ${message.kind}`);
    this.#explicitAcknowledgements = message.explicitAcknowledgements;
    this.#options.onOpened?.();
    return true;
  }

  /** Waits for nothing: nearly every message is a document. */
  #takeDocument(message: CapturedResponse): void {
    const { binding } = message;
    this.#bindingAt(binding);
    if (message instanceof CapturedFrame) {
      this.#pending.add(binding, message.bytes, message.docStart, message.docEnd);
    } else {
      this.#pending.add(binding, message.doc, 0, message.doc.length);
    }
  }

  async #take(message: Exclude<CaptureResponse, CapturedResponse>): Promise<void> {
    switch (message.kind) {
      case 'sourcedSchema':
        this.#bindingAt(message.binding);
        this.#sourcedSchemas.push({ binding: message.binding, schema: message.schema });
        return;
      case 'checkpoint':
        this.#checkpoint(message.state);
        // Not while a checkpoint is half taken: the transaction may be committed as soon as this waits.
        while (this.#filling.bytes >= this.#limitBytes && this.#committing) await this.#commitDone();
        return;
      case 'spec':
      case 'discovered':
      case 'validated':
      case 'applied':
      case 'opened':
        throw this.#protocolError(`got ${message.kind} in a session`);
    }
  }

  /** One connector transaction is larger than a runtime transaction: it gets one of its own, which may spill to disk. */
  async #overflow(): Promise<void> {
    while (!this.#overflowed && (this.#committing || this.#filling.checkpoints > 0)) {
      this.#changed.notify();
      await this.#commitDone();
    }
    this.#pending.check(this.#options.bindings);
    this.#overflowed = true;
    this.#takePending();
  }

  #checkpoint(state: { updated: JsonText; mergePatch: boolean } | undefined): void {
    if (state === undefined) throw this.#protocolError('got a checkpoint without a state');
    this.#pending.check(this.#options.bindings);
    const sourced = Map.groupBy(this.#sourcedSchemas, ({ binding }) => binding);
    for (const [index, found] of sourced)
      this.#bindingAt(index).addSourcedSchemas(found.map(({ schema }) => schema));
    this.#sourcedSchemas = [];
    // A reduction may fail, or the disk be full, with half of them added.
    this.#isTorn = true;
    this.#takePending();
    this.#filling.addCheckpoint(state);
    this.#isTorn = false;
    this.#overflowed = false;
    crash('runtime.capture.after-checkpoint');
  }

  #takePending(): void {
    this.#filling.add(this.#pending);
    this.#pending.clear();
  }

  #bindingAt(index: number): CapturedBinding {
    const binding = this.#options.bindings[index];
    if (binding === undefined) throw this.#protocolError(`got binding ${index}, which does not exist`);
    return binding;
  }

  #commitIfReady(): void {
    if (this.#closed || this.#committing || this.#overflowed || this.#filling.checkpoints === 0) return;
    const transaction = this.#filling;
    this.#filling = this.#spare;
    this.#spare = transaction;
    this.#committing = true;
    void this.#commit(transaction);
  }

  /** Never rejects: failures wake `run`. */
  async #commit(transaction: CaptureTransaction): Promise<void> {
    const { state, committer, onState, onCommit, delayMs, clock, signal } = this.#options;
    try {
      for (const patch of transaction.states) {
        state.apply(patch);
        onState?.(patch);
      }
      const result = await committer.commit(transaction, state);
      transaction.clear();
      this.#commits += 1;
      onCommit?.(result);
      await this.#acknowledge(result.checkpoints);
      crash('runtime.capture.after-acknowledge');
      if (delayMs > 0 && !this.#isFinished()) await clock.sleep(delayMs, signal);
    } catch (error) {
      this.#changed.fail(error);
    } finally {
      this.#committing = false;
      this.#reportReceiving();
      this.#changed.notify();
      this.#commitWaiter?.resolve();
      this.#commitWaiter = undefined;
    }
  }

  /** For the reader: resolves when a commit ends; throws when it failed. */
  async #commitDone(): Promise<void> {
    this.#changed.throwIfFailed();
    await this.#commitEnd();
    this.#changed.throwIfFailed();
  }

  async #commitEnd(): Promise<void> {
    this.#commitWaiter ??= Promise.withResolvers();
    await this.#commitWaiter.promise;
  }

  async #acknowledge(checkpoints: number): Promise<void> {
    if (!this.#explicitAcknowledgements || this.#ended) return;
    const { connection, clock, capture } = this.#options;
    const timeoutMs = this.#options.acknowledgeTimeoutMs ?? 10_000;
    connection.send({ kind: 'acknowledge', checkpoints });
    const timer = new AbortController();
    const late = clock.sleep(timeoutMs, timer.signal).then(() => !timer.signal.aborted);
    const isLate = await Promise.race([connection.flush().then(() => false), late]);
    timer.abort();
    if (!isLate) return;
    throw errors.CONNECTOR_STALLED({
      message: `The connector of ${capture.name} asked for acknowledgements, but has not read its input for ${timeoutMs / 1000} s.`,
    });
  }

  #protocolError(what: string): Error {
    return errors.CONNECTOR_PROTOCOL({
      message: `The connector of ${this.#options.capture.name} broke the protocol: ${what}.`,
    });
  }
}
