// The loop of a batch capture: each binding is polled on its schedule, a few of them at a time. A poll's documents and
// the state they amount to leave as one checkpoint, so a restart goes on after the last row that was committed.

import type { CaptureOutput } from '@weir/capture';
import { bindingPatch, bindingState } from '@weir/capture';
import type { Clock, Logger } from '@weir/connector';
import { crashPoint } from '@weir/crash-point';
import type { BatchBinding } from './binding.ts';
import type { SqlBatchCrashPoint } from './crash-points.ts';
import type { BatchDatabase, Poller } from './database.ts';
import { DocumentGroup } from './document-group.ts';
import { errors } from './errors.ts';
import { Poll } from './poll.ts';
import { Slots } from './slots.ts';
import { type BindingState, initialState, readState, statePatch, underMode } from './state.ts';

const CONCURRENT_POLLS = 5;
const SCHEMA_INTERVAL_MS = 5 * 60_000;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;

export interface BatchEngineOptions {
  readonly database: BatchDatabase;
  readonly bindings: readonly BatchBinding[];
  /** The capture's state as it was committed. */
  readonly state: object;
  readonly output: CaptureOutput;
  readonly emitSourcedSchemas: boolean;
  /** Each binding is polled once, when it is due. */
  readonly stopAfterPoll: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Captures until the signal ends it, or for ever. Throws what no retry mends. */
export async function runBatchCapture(options: BatchEngineOptions): Promise<void> {
  if (options.bindings.length === 0) return;
  const broken = new AbortController();
  const signal = AbortSignal.any([options.signal, broken.signal]);
  const shared: Shared = {
    options: { ...options, signal },
    slots: new Slots(CONCURRENT_POLLS),
    schemas: new SchemaReports({ ...options, signal }),
  };
  const workers = options.bindings.map((binding) => new Worker(shared, binding));
  await shared.schemas.send();
  options.log.status(
    `Polling ${options.bindings.length === 1 ? 'one binding' : `${options.bindings.length} bindings`}`,
  );
  const running = workers.map((worker) =>
    worker.run().catch((error: unknown) => {
      // The session may end for what the first of them failed with; what they fail with then is its consequence.
      if (!options.signal.aborted) broken.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(running);
  broken.signal.throwIfAborted();
  options.signal.throwIfAborted();
}

interface Shared {
  readonly options: BatchEngineOptions;
  readonly slots: Slots;
  readonly schemas: SchemaReports;
}

/** The schemas of tables, told at the start and again before polls, at most every five minutes. */
class SchemaReports {
  readonly #options: BatchEngineOptions;
  #nextMs = 0;

  constructor(options: BatchEngineOptions) {
    this.#options = options;
  }

  async send(): Promise<void> {
    const { database, bindings, output, clock, emitSourcedSchemas } = this.#options;
    if (!emitSourcedSchemas || clock.now() < this.#nextMs) return;
    this.#nextMs = clock.now() + SCHEMA_INTERVAL_MS;
    const described = bindings.filter(({ template, table }) => template === undefined && table !== undefined);
    if (described.length === 0) return;
    const schemas = await database.sourcedSchemas(described);
    if (schemas.size === 0) return;
    await output.transaction((transaction) => {
      for (const [binding, schema] of schemas) transaction.sourcedSchema(binding, schema);
      transaction.checkpoint({});
    });
  }
}

class Worker {
  readonly #shared: Shared;
  readonly #binding: BatchBinding;
  readonly #poller: Poller;
  readonly #log: Logger;
  #state: BindingState;
  /** The state has to be replaced as a whole by the first checkpoint, because it starts over. */
  #startsOver: BindingState | undefined;

  constructor(shared: Shared, binding: BatchBinding) {
    const { database, state, log } = shared.options;
    this.#shared = shared;
    this.#binding = binding;
    this.#log = log.with({ binding: binding.resource.name });
    const stored = readState(bindingState(state, binding.stateKey), binding.resource.name);
    this.#poller = database.poller(binding, stored);
    const { state: own, reset } = underMode(stored, this.#poller.mode, binding.cursor);
    this.#state = own;
    if (reset) {
      this.#startsOver = stored;
      this.#log.warn('the way in which the binding is polled has changed: it starts over', {
        before: stored.mode,
        now: own.mode,
        cursorBefore: stored.cursorNames,
        cursorNow: own.cursorNames,
      });
    }
  }

  async run(): Promise<void> {
    const { options, slots } = this.#shared;
    const { clock, signal } = options;
    if (this.#startsOver !== undefined) await this.#writeStartOver(this.#startsOver);
    let retryMs = FIRST_RETRY_MS;
    for (;;) {
      await clock.until(this.#binding.schedule.next(Date.parse(this.#state.lastPolled)), signal);
      const polledMs = clock.now();
      const done = await slots.use(() => this.#poll(polledMs));
      if (done) {
        retryMs = FIRST_RETRY_MS;
        if (options.stopAfterPoll) return;
        continue;
      }
      await clock.until(clock.now() + retryMs, signal);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    }
  }

  async #writeStartOver(stored: BindingState): Promise<void> {
    const patch = statePatch(this.#state, { ...initialState, facts: stored.facts });
    await this.#shared.options.output.checkpoint(bindingPatch(this.#binding.stateKey, patch));
  }

  /** False when the server broke the query off and it should be tried again. */
  async #poll(polledMs: number): Promise<boolean> {
    const { options, schemas } = this.#shared;
    const { database, output, signal } = options;
    signal.throwIfAborted();
    await schemas.send();
    const group = new DocumentGroup(output, this.#binding.index);
    const polled = new Date(polledMs).toISOString().replace(/\.?0*Z$/, 'Z');
    const poll = new Poll(
      this.#binding,
      { state: this.#state, polled },
      group,
      { log: this.#log, signal },
      (state) => {
        this.#state = state;
      },
    );
    this.#log.debug('polling', { mode: this.#poller.mode, lastPolled: this.#state.lastPolled });
    try {
      await this.#poller.poll(poll);
    } catch (error) {
      const wasOpen = group.isOpen;
      const isInterruption = database.isInterruption(error);
      await group.abandon(error);
      if (!isInterruption || signal.aborted) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      if (wasOpen) {
        throw errors.SQLBATCH_POLL_INTERRUPTED({
          message: `the query of ${JSON.stringify(this.#binding.resource.name)} broke off: ${reason}`,
          cause: error,
        });
      }
      this.#log.warn('the query broke off and is tried again', { reason });
      return false;
    }
    crash('sqlbatch.after-poll');
    this.#log.debug('polled', { documents: poll.documents });
    return true;
  }
}

function crash(name: SqlBatchCrashPoint): void {
  crashPoint(name);
}
