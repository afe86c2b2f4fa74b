// Lists that an API makes a file of: a job is created for a window of time, asked after until it is done, and read.
//
// The id of a backfill's job is in its position, so that a restart goes on waiting instead of having the same made again;
// a job that has run out is created anew. A window with too much in it is halved. The rows of a file are as old as the job,
// so the changes wait with what they commit from its creation until its rows have left (`isOpen`).

import { WeirError } from '@weir/protocol';
import { parsePointer, resolvePointer } from '@weir/schema';
import { isJsonObject, type JsonObject, type JsonValue } from '@weir/schema/json';
import { documents } from '../documents/document-batch.ts';
import {
  type Call,
  type ChangeEvent,
  type ChangesCall,
  type ChangeStream,
  type DocumentBatch,
  nextPage,
  type PageCall,
  type PageEvent,
  type PagePosition,
  reached,
} from '../engine/stream.ts';
import { errors } from '../errors.ts';
import { isoDurationMs, type Span, spanMs } from '../time/duration.ts';
import { horizon, Instant } from '../time/instant.ts';
import type { ExportJob, ExportOptions } from './export-options.ts';
import type { Bounds, StreamContext } from './stream-options.ts';
import { documentsOf } from './deleted-rows.ts';
import type { AnswerRule, ApiRequest } from '../http/request.ts';
import { readPage } from './list-reader.ts';
import { listSource } from './list-source.ts';
import { claimedLagMs, initialWindow } from './timestamp.ts';

/** A job, or its file, that is gone so often, each time soon after it was made, is refused and not gone. */
const GONE_TIMES = 3;
/** So long a session that is cut off tries to cancel a job. */
const CANCEL_MS = 5000;

interface Window {
  readonly from: Instant;
  readonly to: Instant;
}

type Caller = Pick<Call, 'signal' | 'log'>;

/** How a job ended: with an answer that says where its files are, or without. */
type Ended =
  | { readonly is: 'done'; readonly answer: JsonObject }
  | { readonly is: 'failed'; readonly reason: string | undefined }
  | { readonly is: 'too large' }
  | { readonly is: 'gone' };

export class ExportStream implements ChangeStream<Instant> {
  readonly lagMs: number;
  readonly readsOn = true;
  readonly #name: string;
  readonly #options: ExportOptions;
  readonly #context: StreamContext;
  /** How often in turn what was made for a window was gone, by the beginning of it. */
  readonly #gone = new Map<string, number>();

  constructor(name: string, options: ExportOptions, context: StreamContext) {
    this.#name = name;
    this.#options = options;
    this.#context = context;
    this.lagMs = claimedLagMs(options.cursor);
  }

  readonly initial = (nowMs: number): { cursor: Instant; cutoff?: Instant } =>
    initialWindow(this.#options.cursor, this.#context.start, nowMs);

  async *fetchChanges({
    cursor: seen,
    nowMs,
    signal,
    log,
  }: ChangesCall<Instant>): AsyncGenerator<ChangeEvent<Instant>, void, void> {
    const { tickNs, lagMs } = this.#options.cursor;
    const end = horizon(nowMs, tickNs, lagMs);
    let from = seen;
    let to = this.#windowEnd(from, end);
    while (end.isAfter(from)) {
      const id = await this.#create({ from, to }, to, { signal, log });
      const ended = await this.#endOrCancel(id, signal);
      if (ended.is === 'failed') throw this.#failed(id, ended.reason);
      if (ended.is === 'too large') {
        to = this.#half({ from, to });
        continue;
      }
      if (ended.is === 'gone' || !(yield* this.#files(ended.answer, id, signal))) {
        await this.#missed(from, id, { signal, log });
        continue;
      }
      this.#gone.delete(from.toString());
      yield reached(to);
      from = to;
      to = this.#windowEnd(from, end);
    }
  }

  async *fetchPage({ page, cutoff, signal, log }: PageCall<Instant>): AsyncGenerator<PageEvent, void, void> {
    const { window, job } = this.#position(page, cutoff);
    if (!window.to.isAfter(window.from)) {
      yield documents([]);
      return;
    }
    if (job === undefined) {
      const created = await this.#create(window, cutoff, { signal, log });
      yield nextPage(positionOf(window, created), true);
      return;
    }
    const ended = await this.#end(job, signal);
    if (ended.is === 'failed') {
      // The next session has it made anew.
      yield nextPage(positionOf(window));
      throw this.#failed(job, ended.reason);
    }
    if (ended.is === 'too large') {
      yield nextPage(positionOf({ ...window, to: this.#half(window) }));
      return;
    }
    if (ended.is === 'gone' || !(yield* this.#files(ended.answer, job, signal))) {
      yield nextPage(positionOf(window));
      await this.#missed(window.from, job, { signal, log });
      return;
    }
    this.#gone.delete(window.from.toString());
    // What ends with a position is asked for again.
    const next = { from: window.to, to: this.#windowEnd(window.to, cutoff) };
    yield cutoff.isAfter(window.to) ? nextPage(positionOf(next)) : documents([]);
  }

  #position(page: PagePosition | undefined, cutoff: Instant): { window: Window; job: string | undefined } {
    // A time alone is where upstream's backfill of such a list goes on.
    const { from: begins, to: ends, job } = isJsonObject(page) ? page : { from: page ?? null };
    const from = (typeof begins === 'string' ? Instant.parse(begins) : undefined) ?? this.#context.start;
    const to = typeof ends === 'string' ? Instant.parse(ends) : undefined;
    return {
      window: { from, to: to ?? this.#windowEnd(from, cutoff) },
      job: typeof job === 'string' ? job : undefined,
    };
  }

  #bounds({ from, to }: Window): Bounds {
    const { cursor } = this.#options;
    return { from: cursor.print(from, 'from'), to: cursor.print(to, 'to') };
  }

  /** `since`: no job of this window is older. */
  async #create(window: Window, since: Instant, { signal, log }: Caller): Promise<string> {
    const { client, clock } = this.#context;
    const { job } = this.#options;
    for (const pause of this.#pauses()) {
      const found = await this.#find(window, since, signal);
      if (found !== undefined) return found;
      const answer = await client.json(job.create(this.#bounds(window)), signal).catch((failure: unknown) => {
        // Whether the job was created is not known: it is looked for first.
        if (job.find === undefined || !isUnanswered(failure)) throw failure;
        log.warn('whether an export was made is not known, and it is looked for', {
          reason: failure.message,
        });
        return undefined;
      });
      if (answer !== undefined && !isBusy(answer, job.busy)) return this.#idIn(answer);
      const untilMs = pause();
      if (untilMs === undefined) break;
      await clock.until(untilMs, signal);
    }
    throw errors.CDK_JOB_FAILED({
      message: `The API made no export of ${JSON.stringify(this.#name)} within ${job.patience}: it is making others, or gives no answer.`,
    });
  }

  /** The id of a job that was created, and whose id nobody could note. */
  async #find(window: Window, since: Instant, signal: AbortSignal): Promise<string | undefined> {
    const { cursor, job } = this.#options;
    const found = job.find?.(this.#bounds(window), cursor.print(since, 'from'));
    if (found === undefined) return undefined;
    return found.id(await this.#context.client.json({ ...found.request, isSafe: true }, signal));
  }

  #idIn(answer: JsonValue): string {
    const { job } = this.#options;
    const id = resolvePointer(answer, parsePointer(job.id));
    if (typeof id === 'string' && id !== '') return id;
    if (typeof id === 'number' || typeof id === 'bigint') return id.toString();
    throw errors.CDK_STREAM_DEFECT({
      message: `The answer that creates an export of ${JSON.stringify(this.#name)} has no id at ${job.id}.`,
    });
  }

  /** One attempt after another. Each is given when the next one is due: undefined when that is too late. */
  *#pauses(): Generator<() => number | undefined, void, void> {
    const { clock } = this.#context;
    const { wait, patience } = this.#options.job;
    const [firstMs, longestMs] = wait.map(spanMs) as [number, number];
    const givenUpMs = clock.now() + spanMs(patience);
    for (let waitMs = firstMs; ; waitMs = Math.min(2 * waitMs, longestMs)) {
      yield () => (clock.now() + waitMs > givenUpMs ? undefined : clock.now() + waitMs);
    }
  }

  /** A job of the changes is in no state: where the session is cut off, nobody will come back to it. */
  async #endOrCancel(id: string, signal: AbortSignal): Promise<Ended> {
    try {
      return await this.#end(id, signal);
    } catch (failure) {
      const { cancel } = this.#options.job;
      if (signal.aborted && cancel !== undefined) {
        await this.#context.client
          .json({ ...cancel(id), isSafe: true }, AbortSignal.timeout(CANCEL_MS))
          // It ends by itself as well; what matters is what it was cut off by.
          .catch(() => undefined);
      }
      throw failure;
    }
  }

  async #end(id: string, signal: AbortSignal): Promise<Ended> {
    const { client, clock } = this.#context;
    const { job } = this.#options;
    for (const pause of this.#pauses()) {
      const answer = await client.json(this.#poll(id), signal);
      if (answer === null) return { is: 'gone' };
      const ended = endOf(answer, job);
      if (ended !== undefined) return ended;
      const untilMs = pause();
      if (untilMs === undefined) break;
      await clock.until(untilMs, signal);
    }
    throw errors.CDK_JOB_FAILED({
      message: `The export ${id} of ${JSON.stringify(this.#name)} was not done within ${job.patience}.`,
    });
  }

  #poll(id: string): ApiRequest {
    const { poll, gone } = this.#options.job;
    return orEmpty({ ...poll(id), isSafe: true }, gone);
  }

  /** False when a file is no longer kept. */
  async *#files(
    answer: JsonObject,
    id: string,
    signal: AbortSignal,
  ): AsyncGenerator<DocumentBatch, boolean, void> {
    const { job, isDeleted } = this.#options;
    const source = listSource(this.#options);
    const files = job.files(answer, id);
    if (files === undefined) return false;
    for (const file of files) {
      const request = orEmpty({ ...file, isSafe: true }, job.forgotten);
      const batches = readPage(this.#context.client, source, request, signal);
      let step = await batches.next();
      for (; step.done !== true; step = await batches.next()) yield* documentsOf(step.value, isDeleted);
      if (step.value.isEmpty && job.forgotten !== undefined) return false;
    }
    return true;
  }

  /** What was made for the window from `from` is gone. It may be made anew, unless that is of no use. */
  async #missed(from: Instant, id: string, { signal, log }: Caller) {
    const { clock } = this.#context;
    const times = (this.#gone.get(from.toString()) ?? 0) + 1;
    this.#gone.set(from.toString(), times);
    if (times === GONE_TIMES) {
      throw errors.CDK_JOB_FAILED({
        message: `The export ${id} of ${JSON.stringify(this.#name)}, or its file, is said to be gone, as the ${times - 1} before it that were made for the same time.`,
      });
    }
    log.warn('an export, or its file, is gone and is made anew', { export: id, times });
    if (times > 1) await clock.until(clock.now() + spanMs(this.#options.job.wait[1]), signal);
  }

  #windowEnd(from: Instant, end: Instant): Instant {
    const longest = from.plusMs(longestExportMs(this.#options, this.#context));
    // Shorter than a tick, it would end where it begins, as if nothing were left.
    const shortest = from.plusNs(this.#options.cursor.tickNs);
    const to = longest.isAfter(shortest) ? longest : shortest;
    return to.isAfter(end) ? end : to;
  }

  #half({ from, to }: Window): Instant {
    const { tickNs } = this.#options.cursor;
    const half = new Instant((from.nanoseconds + to.nanoseconds) / 2n).floor(tickNs);
    if (half.isAfter(from)) return half;
    throw errors.CDK_TICK_TOO_FULL({
      message: `An export of ${JSON.stringify(this.#name)} is too large, though it is of ${from.toString()} alone.`,
    });
  }

  #failed(id: string, reason: string | undefined): Error {
    return errors.CDK_JOB_FAILED({
      message: `The export ${id} of ${JSON.stringify(this.#name)} failed at the API${reason === undefined ? '' : `: ${reason}`}.`,
    });
  }
}

/** Of a window. */
export function longestExportMs(
  { longestWindow }: ExportOptions,
  context: Pick<StreamContext, 'config'>,
): number {
  return typeof longestWindow === 'function' ? longestWindow(context) : spanMs(longestWindow);
}

/** A length of time that the user configures, as an ISO 8601 duration at a JSON pointer; `otherwise` where it is none. */
export function configuredMs(
  pointer: string,
  otherwise: Span,
): (context: Pick<StreamContext, 'config'>) => number {
  const path = parsePointer(pointer);
  return ({ config }) => {
    const value = resolvePointer((config ?? null) as JsonValue, path);
    return (typeof value === 'string' ? isoDurationMs(value) : undefined) ?? spanMs(otherwise);
  };
}

/** How a job has ended, if it has. */
function endOf(
  answer: JsonValue,
  { state, done, failed, reason, tooLarge = [] }: ExportJob,
): Ended | undefined {
  const textAt = (pointer: string): string | undefined => {
    const value = resolvePointer(answer, parsePointer(pointer));
    return typeof value === 'string' ? value : undefined;
  };
  const is = textAt(state);
  const why = reason === undefined ? undefined : textAt(reason);
  const says = (words: readonly string[], word: string | undefined): boolean =>
    word !== undefined && words.includes(word);
  if (says(done, is)) return { is: 'done', answer: isJsonObject(answer) ? answer : {} };
  if (says(tooLarge, is)) return { is: 'too large' };
  if (!says(failed, is)) return undefined;
  return says(tooLarge, why) ? { is: 'too large' } : { is: 'failed', reason: why };
}

function isBusy(answer: JsonValue, busy: ExportJob['busy']): boolean {
  if (busy === undefined) return false;
  const said = resolvePointer(answer, parsePointer(busy.at));
  return typeof said === 'string' && busy.says.includes(said);
}

function isUnanswered(failure: unknown): failure is WeirError {
  return (
    failure instanceof WeirError &&
    (failure.code === 'CDK_HTTP_UNREACHABLE' || failure.code === 'CDK_HTTP_UNAVAILABLE')
  );
}

function orEmpty(request: ApiRequest, rule: Pick<AnswerRule, 'status' | 'text'> | undefined): ApiRequest {
  if (rule === undefined) return request;
  return { ...request, answers: [{ ...rule, means: 'empty' as const }, ...(request.answers ?? [])] };
}

function positionOf({ from, to }: Window, job?: string): JsonObject {
  return { from: from.toString(), to: to.toString(), ...(job === undefined ? {} : { job }) };
}
