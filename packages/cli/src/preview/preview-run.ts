// A preview runs a task in sessions on a state folder that is thrown away: Apply and Open each time, a number of
// transactions, then the next session resumes from the state of the one before.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  applyCapture,
  applyMaterialization,
  openCapture,
  openEnvironment,
  openMaterialization,
  startConnector,
} from '@weir/runtime';
import type {
  BuiltCapture,
  BuiltMaterialization,
  CaptureConnection,
  OpenEnvironment,
  OpsLog,
  TaskEvent,
} from '@weir/runtime';
import { feedOf, FixtureSource } from './fixture-source.ts';
import type { FixtureStream } from './fixture-stream.ts';
import type { FixtureTransaction } from './fixture.ts';
import { appliedLine, documentLine, finalStateLine, stateLine } from './output-lines.ts';
import { splitSessions } from './sessions.ts';

export interface PreviewOptions {
  /** Transactions per session; undefined sets no limit. */
  readonly sessions: readonly (number | undefined)[];
  /** A session ends after so long without a transaction. */
  readonly timeoutMs: number | undefined;
  /** The pause between two transactions of a capture. */
  readonly delayMs: number;
  readonly initialState: string | undefined;
  readonly outputState: boolean;
  readonly outputApply: boolean;
  /** Transactions that are known, or a stream of them, which is for one session. */
  readonly fixture: readonly FixtureTransaction[] | FixtureStream;
  readonly onLog: (log: OpsLog) => void;
  readonly print: (line: string) => void;
  /** Ends the preview at the next transaction. */
  readonly signal: AbortSignal;
}

/** Aborts after a time without a commit, or with the preview as a whole. */
class SessionTimer implements Disposable {
  readonly #controller = new AbortController();
  readonly #timeoutMs: number | undefined;
  readonly signal: AbortSignal;
  #timer: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number | undefined, whole: AbortSignal) {
    this.#timeoutMs = timeoutMs;
    this.signal = AbortSignal.any([this.#controller.signal, whole]);
    this.restart();
  }

  end(): void {
    this.#controller.abort();
  }

  restart(): void {
    clearTimeout(this.#timer);
    if (this.#timeoutMs === undefined) return;
    this.#timer = setTimeout(() => this.end(), this.#timeoutMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** Turns the events of a task into lines. */
class EventPrinter {
  readonly #options: PreviewOptions;
  readonly #protocol: 'capture' | 'materialize';
  #described = false;
  #statesSinceCommit = 0;
  /** A capture's state is printed behind the documents that it commits with. */
  #held: string[] = [];

  constructor(options: PreviewOptions, protocol: 'capture' | 'materialize') {
    this.#options = options;
    this.#protocol = protocol;
  }

  onEvent(event: TaskEvent): void {
    const { outputState, print } = this.#options;
    if (event.kind === 'applied') this.#printApplied(event.actionDescription);
    if (event.kind === 'state') {
      this.#statesSinceCommit += 1;
      if (outputState) {
        if (this.#protocol === 'capture') this.#held.push(stateLine(event.state));
        else print(stateLine(event.state));
      }
    }
    if (event.kind === 'commit') {
      // So that commits can be counted.
      if (outputState && this.#protocol === 'materialize' && this.#statesSinceCommit === 0) {
        print(stateLine({ updated: '{}', mergePatch: true }));
      }
      this.#statesSinceCommit = 0;
      this.#release();
    }
  }

  #release(): void {
    for (const line of this.#held) this.#options.print(line);
    this.#held = [];
  }

  /** Each session's Apply has a line, also when there was nothing to do. */
  afterApply(): void {
    if (!this.#described) this.#printApplied('');
    this.#release();
    this.#described = false;
    this.#statesSinceCommit = 0;
  }

  #printApplied(actionDescription: string): void {
    this.#described = true;
    if (this.#options.outputApply) this.#options.print(appliedLine(actionDescription));
  }
}

async function inThrowawayFolder(
  task: string,
  options: PreviewOptions,
  run: (environment: OpenEnvironment) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-preview-'));
  try {
    using environment = openEnvironment(folder);
    await run(environment);
    const state = environment.store.task(task)?.state;
    if (options.outputState && state !== undefined) options.print(finalStateLine(state));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The process that answered the first Apply lives as long as the preview: what it holds at the source (a temporary
 * replication slot) lets each session go on where the one before ended, and is gone with it.
 */
class KeptProcess implements AsyncDisposable {
  readonly #kept: CaptureConnection[] = [];

  readonly keep = (connection: CaptureConnection): void => {
    this.#kept.push(connection);
  };

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#kept) await connection.stop();
  }
}

export async function previewCapture(built: BuiltCapture, options: PreviewOptions): Promise<void> {
  const { spec: capture, version, endpoint } = built;
  await inThrowawayFolder(capture.name, options, async (environment) => {
    const printer = new EventPrinter(options, 'capture');
    await using first = new KeptProcess();
    for (const [session, limit] of options.sessions.entries()) {
      if (options.signal.aborted) return;
      using timer = new SessionTimer(options.timeoutMs, options.signal);
      const task = {
        environment,
        capture,
        version,
        connect: () => startConnector('capture', endpoint, { onLog: options.onLog }),
        signal: timer.signal,
        onEvent: (event: TaskEvent) => {
          if (event.kind === 'commit') timer.restart();
          printer.onEvent(event);
        },
        onDocument: (collection: string, document: Buffer) =>
          options.print(documentLine(collection, document.toString('utf8').trimEnd())),
        delayMs: options.delayMs,
        ...(options.initialState === undefined ? {} : { initialState: options.initialState }),
        ...(limit === undefined ? {} : { maxTransactions: limit }),
      };
      await applyCapture(task, session === 0 && options.sessions.length > 1 ? first.keep : undefined);
      printer.afterApply();
      if (limit !== 0) await openCapture(task);
    }
  });
}

export async function previewMaterialization(
  built: BuiltMaterialization,
  options: PreviewOptions,
): Promise<void> {
  const { spec } = built;
  const { fixture, sessions, signal, timeoutMs } = options;
  await inThrowawayFolder(spec.name, options, async (environment) => {
    const run = materializationSession(built, options, environment);
    if (!isList(fixture)) {
      using timer = new SessionTimer(timeoutMs, signal);
      await runStream(spec, fixture, sessions[0], timer, run);
      return;
    }
    let before = 0;
    for (const transactions of splitSessions(fixture, sessions)) {
      if (signal.aborted) return;
      using timer = new SessionTimer(timeoutMs, signal);
      const source = new FixtureSource(spec, feedOf(transactions), before);
      await run({ timer, source, limit: transactions.length });
      before += transactions.length;
    }
  });
}

interface MaterializationSession {
  readonly timer: SessionTimer;
  readonly source: FixtureSource;
  /** Transactions, after which it ends; of 0 only Apply runs. */
  readonly limit: number | undefined;
  readonly onCommit?: () => void;
}

function materializationSession(
  { spec: materialization, version, endpoint }: BuiltMaterialization,
  options: PreviewOptions,
  environment: OpenEnvironment,
): (session: MaterializationSession) => Promise<void> {
  const { initialState, onLog } = options;
  const printer = new EventPrinter(options, 'materialize');
  return async ({ timer, source, limit, onCommit }) => {
    const task = {
      environment,
      materialization,
      version,
      connect: () => startConnector('materialize', endpoint, { onLog }),
      signal: timer.signal,
      onEvent: (event: TaskEvent) => {
        printer.onEvent(event);
        if (event.kind !== 'commit') return;
        timer.restart();
        onCommit?.();
      },
      openSource: () => source,
      ...(limit === undefined ? {} : { maxTransactions: limit }),
      ...(initialState === undefined ? {} : { initialState }),
    };
    await applyMaterialization(task);
    printer.afterApply();
    if (limit !== 0) await openMaterialization(task);
  };
}

function isList(fixture: PreviewOptions['fixture']): fixture is readonly FixtureTransaction[] {
  return Array.isArray(fixture);
}

/** One session, which ends when the stream has ended and everything of it is committed. */
async function runStream(
  spec: BuiltMaterialization['spec'],
  stream: FixtureStream,
  limit: number | undefined,
  timer: SessionTimer,
  run: (session: MaterializationSession) => Promise<void>,
): Promise<void> {
  const source = new FixtureSource(spec, stream, 0);
  // A transaction that is too large is committed in parts, and given once.
  let committed = 0;
  const endWhenDone = (): void => {
    if (stream.total !== undefined && committed >= stream.total) timer.end();
  };
  stream.onMore(endWhenDone);
  const onCommit = (): void => {
    committed = source.given;
    endWhenDone();
  };
  await run({ timer, source, limit, onCommit });
}
