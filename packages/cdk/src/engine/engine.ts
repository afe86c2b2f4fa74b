// The engine of API captures. Every binding has a task for each of its halves (changes, backfill, snapshot), and of each
// named part of those; all run side by side, and each commits what it has read with the state that covers it.

import { bindingPatch, bindingState, type CaptureOutput, type StatePatch } from '@weir/capture';
import type { Clock, Logger } from '@weir/connector';
import { getProperty, isJsonObject, type JsonObject } from '@weir/schema/json';
import type { ApiBinding } from './api-binding.ts';
import { runBackfill } from './backfill-task.ts';
import { backfillsOf, dueRestart, partsOf, startBinding } from './binding-start.ts';
import { BindingState } from './binding-state.ts';
import { runChanges, type TaskContext } from './changes-task.ts';
import { runFeed } from './feed-task.ts';
import { runSnapshots } from './snapshot-task.ts';
import { PagesInFlight } from './pages-in-flight.ts';
import { SpoolBuffers } from './spool.ts';
import { Stopping } from './stopping.ts';
import type { ChangeStream, Cursor } from './stream.ts';
import type { TaskTargets } from './task-output.ts';
import { Turns } from './turns.ts';

/** A session ends by itself after a day and is started again, so that new configurations and tokens take effect. */
const SESSION_MS = 24 * 60 * 60_000;

const BACKFILL_REQUESTS = 'backfillRequests';

export interface ApiEngineOptions {
  readonly bindings: readonly ApiBinding[];
  /** The capture's state as it was committed. */
  readonly state: object;
  readonly output: CaptureOutput;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborted when the session has to end at once. */
  readonly signal: AbortSignal;
  /** Aborted when the session is to end at its tasks' next checkpoints; a task that ends with its reason has not failed. */
  readonly ending?: AbortSignal;
}

/** Captures until the signal ends it, a schedule is due, or a day has passed. Throws what a stream failed with first. */
export async function runApiCapture(options: ApiEngineOptions): Promise<void> {
  const { clock, log, signal } = options;
  const stopping = new Stopping(signal, clock, log, options.ending);
  const done = new AbortController();
  const session = new Session(options, stopping);
  const tasks = await session.start();
  const timers = [stopping.enforce(done.signal), session.endInTime(done.signal)];
  await Promise.all(
    tasks.map((task) =>
      task().catch((failure: unknown) => {
        if (!stopping.wasAskedWith(failure)) stopping.fail(failure);
      }),
    ),
  );
  done.abort();
  await Promise.all(timers);
  if (stopping.failure !== undefined) throw stopping.failure.reason;
}

class Session {
  readonly #options: ApiEngineOptions;
  readonly #stopping: Stopping;
  readonly #targets: TaskTargets;
  readonly #shared = new Map<ApiBinding, Pick<TaskContext, 'state' | 'pages' | 'lateRows' | 'turns'>>();
  /** Backfills that are not complete. */
  #backfills = 0;

  constructor(options: ApiEngineOptions, stopping: Stopping) {
    this.#options = options;
    this.#stopping = stopping;
    this.#targets = {
      output: options.output,
      bindings: new Map(options.bindings.map((binding) => [binding.name, binding])),
      writers: new Map(),
      buffers: new SpoolBuffers(),
    };
  }

  /** Commits what bindings begin with, and returns their tasks. */
  async start(): Promise<(() => Promise<void>)[]> {
    const { bindings } = this.#options;
    for (const binding of bindings) await this.#startBinding(binding);
    const tasks = bindings.flatMap((binding) => this.#tasksOf(binding));
    this.#reportStatus();
    return tasks;
  }

  /** Asks the session to end after a day, or when the first schedule is due. */
  async endInTime(done: AbortSignal): Promise<void> {
    const { bindings, clock } = this.#options;
    const now = clock.now();
    const ends = [now + SESSION_MS];
    for (const { schedule } of bindings) ends.push(schedule?.next(now, now + SESSION_MS) ?? now + SESSION_MS);
    await clock.until(Math.min(...ends), done).then(
      () => this.#stopping.ask('its time is over, or a backfill is due'),
      () => undefined,
    );
  }

  async #startBinding(binding: ApiBinding): Promise<void> {
    const { state: stored, clock, log, output } = this.#options;
    const state = new BindingState(binding.name, bindingState(stored, binding.stateKey));
    const { stream } = binding;
    const atOnce = stream.kind === 'changes' ? stream.atOnce : undefined;
    const turns = atOnce === undefined ? undefined : new Turns(atOnce);
    this.#shared.set(binding, { state, pages: new PagesInFlight(), lateRows: new PagesInFlight(), turns });
    const isRequested = hasRequest(stored, binding.stateKey);
    const { start, json } = startBinding(binding, state, isRequested, clock.now());
    const patch = state.replace(json);
    if (isRequested) log.info('the stream starts over, as it asked for', { stream: binding.name });
    else if (start === 'begins again by schedule')
      log.info('a scheduled backfill begins', { stream: binding.name });
    const request: JsonObject = isRequested ? { [BACKFILL_REQUESTS]: { [binding.stateKey]: null } } : {};
    if (isRequested || !isJsonObject(patch) || Object.keys(patch).length > 0) {
      await output.checkpoint({ ...bindingPatch(binding.stateKey, patch), ...request });
    }
  }

  #tasksOf(binding: ApiBinding): (() => Promise<void>)[] {
    const { stream } = binding;
    switch (stream.kind) {
      case 'feed':
        return [() => runFeed(this.#context(binding, undefined), stream.feed)];
      case 'snapshot':
        return partsOf(stream.parts).map(
          ([part, each]) =>
            () =>
              runSnapshots(this.#context(binding, part), each),
        );
      case 'changes':
        return [
          ...partsOf(stream.parts).flatMap(([part, each]) => this.#changesOf(binding, part, each)),
          ...backfillsOf(stream).flatMap(([part, each]) => this.#backfillOf(binding, part, each)),
        ];
    }
  }

  #changesOf(
    binding: ApiBinding,
    part: string | undefined,
    stream: ChangeStream<Cursor>,
  ): (() => Promise<void>)[] {
    const context = this.#context(binding, part);
    const cursor = context.state.cursor(part);
    if (cursor === undefined) return [];
    return [() => runChanges(context, stream, cursor, (reason) => this.#requestBackfill(binding, reason))];
  }

  #backfillOf(
    binding: ApiBinding,
    part: string | undefined,
    stream: ChangeStream<Cursor>,
  ): (() => Promise<void>)[] {
    const context = this.#context(binding, part);
    if (context.state.backfill(part) === undefined) return [];
    this.#backfills += 1;
    return [
      async () => {
        if (!(await runBackfill(context, stream))) return;
        this.#backfills -= 1;
        this.#reportStatus();
        if (dueRestart(binding, context.state, context.clock.now())) this.#stopping.ask('a backfill is due');
      },
    ];
  }

  #context(binding: ApiBinding, part: string | undefined): TaskContext {
    const { clock, log } = this.#options;
    const shared = this.#shared.get(binding);
    if (shared === undefined) throw new TypeError('a task of a binding not started');
    return {
      targets: this.#targets,
      binding,
      part,
      ...shared,
      clock,
      stopping: this.#stopping,
      log: log.with(part === undefined ? { stream: binding.name } : { stream: binding.name, part }),
    };
  }

  async #requestBackfill({ name, stateKey }: ApiBinding, reason: string): Promise<void> {
    const { log, output } = this.#options;
    log.warn('the stream cannot go on from its cursor and starts over', { stream: name, reason });
    const request: StatePatch = { [BACKFILL_REQUESTS]: { [stateKey]: true } };
    await output.checkpoint(request);
    this.#stopping.ask('a stream starts over');
  }

  #reportStatus(): void {
    const { bindings, log } = this.#options;
    if (bindings.length === 0) return;
    log.status(
      this.#backfills > 0
        ? `Backfilling ${this.#backfills} out of ${bindings.length} bindings`
        : `Streaming change events (all ${bindings.length} bindings are backfilled)`,
    );
  }
}

function hasRequest(state: object, stateKey: string): boolean {
  const requests = getProperty(state as JsonObject, BACKFILL_REQUESTS);
  return isJsonObject(requests) && Object.hasOwn(requests, stateKey);
}
