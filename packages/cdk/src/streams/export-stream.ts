// Lists that an API makes a file of: a job is created for a window of time, asked after until it is done, and read.
//
// The id of a backfill's job is in its position, so that a restart goes on waiting instead of having the same made again;
// a job that has run out is created anew. A window with too much in it is halved. The rows of a file are as old as the job,
// so the changes wait with what they commit from its creation until its rows have left (`isOpen`).

import { parsePointer, resolvePointer } from '@weir/schema';
import { isJsonObject, type JsonObject, type JsonValue } from '@weir/schema/json';
import { documents } from '../documents/document-batch.ts';
import {
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
import { spanMs } from '../time/duration.ts';
import { horizon, Instant } from '../time/instant.ts';
import type { ExportOptions, StreamContext } from './definition.ts';
import { documentsOf } from './deleted-rows.ts';
import { readPage } from './list-reader.ts';
import { listSource } from './list-source.ts';
import { claimedLagMs, initialWindow } from './timestamp.ts';

/** So long a session that is cut off tries to cancel a job. */
const CANCEL_MS = 5000;

interface Window {
  readonly from: Instant;
  readonly to: Instant;
}

/** How a job ended: with an answer that says where its files are, or without. */
type Ended = { readonly answer: JsonObject } | 'too large' | 'failed' | 'gone';

export class ExportStream implements ChangeStream<Instant> {
  readonly lagMs: number;
  readonly #name: string;
  readonly #options: ExportOptions;
  readonly #context: StreamContext;

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
  }: ChangesCall<Instant>): AsyncGenerator<ChangeEvent<Instant>, void, void> {
    const { tickNs, lagMs } = this.#options.cursor;
    const end = horizon(nowMs, tickNs, lagMs);
    let from = seen;
    let to = this.#windowEnd(from, end);
    while (end.isAfter(from)) {
      const id = await this.#create({ from, to }, signal);
      const ended = await this.#endOrCancel(id, signal);
      if (ended === 'gone') continue;
      if (ended === 'failed') throw this.#failed(id);
      if (ended === 'too large') {
        to = this.#half({ from, to });
        continue;
      }
      yield* this.#files(ended.answer, id, signal);
      yield reached(to);
      from = to;
      to = this.#windowEnd(from, end);
    }
  }

  async *fetchPage({ page, cutoff, signal }: PageCall<Instant>): AsyncGenerator<PageEvent, void, void> {
    const { window, job } = this.#position(page, cutoff);
    if (!window.to.isAfter(window.from)) {
      yield documents([]);
      return;
    }
    if (job === undefined) {
      const created = await this.#create(window, signal);
      yield nextPage(positionOf(window, created), true);
      return;
    }
    const ended = await this.#end(job, signal);
    if (ended === 'gone' || ended === 'failed') {
      // The next session has it made anew.
      yield nextPage(positionOf(window));
      if (ended === 'failed') throw this.#failed(job);
      return;
    }
    if (ended === 'too large') {
      yield nextPage(positionOf({ ...window, to: this.#half(window) }));
      return;
    }
    yield* this.#files(ended.answer, job, signal);
    // What ends with a position is asked for again.
    const next = { from: window.to, to: this.#windowEnd(window.to, cutoff) };
    yield cutoff.isAfter(window.to) ? nextPage(positionOf(next)) : documents([]);
  }

  #position(page: PagePosition | undefined, cutoff: Instant): { window: Window; job: string | undefined } {
    const { from: begins, to: ends, job } = isJsonObject(page) ? page : {};
    const from = (typeof begins === 'string' ? Instant.parse(begins) : undefined) ?? this.#context.start;
    const to = typeof ends === 'string' ? Instant.parse(ends) : undefined;
    return {
      window: { from, to: to ?? this.#windowEnd(from, cutoff) },
      job: typeof job === 'string' ? job : undefined,
    };
  }

  async #create({ from, to }: Window, signal: AbortSignal): Promise<string> {
    const { cursor, job } = this.#options;
    const bounds = { from: cursor.print(from, 'from'), to: cursor.print(to, 'to') };
    const answer = await this.#context.client.json(job.create(bounds), signal);
    const id = resolvePointer(answer, parsePointer(job.id));
    if (typeof id === 'string' && id !== '') return id;
    if (typeof id === 'number' || typeof id === 'bigint') return id.toString();
    throw errors.CDK_STREAM_DEFECT({
      message: `The answer that creates an export of ${JSON.stringify(this.#name)} has no id at ${job.id}.`,
    });
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
    const [firstMs, longestMs] = job.wait.map(spanMs) as [number, number];
    const givenUpMs = clock.now() + spanMs(job.patience);
    for (let waitMs = firstMs; ; waitMs = Math.min(2 * waitMs, longestMs)) {
      const answer = await client.json(this.#poll(id), signal);
      if (answer === null) return 'gone';
      const state = resolvePointer(answer, parsePointer(job.state));
      const is = (states: readonly JsonValue[] = []): boolean =>
        state !== undefined && states.includes(state);
      if (is(job.done)) return { answer: isJsonObject(answer) ? answer : {} };
      if (is(job.tooLarge)) return 'too large';
      if (is(job.failed)) return 'failed';
      if (clock.now() + waitMs > givenUpMs) {
        throw errors.CDK_JOB_FAILED({
          message: `The export ${id} of ${JSON.stringify(this.#name)} was not done within ${job.patience}.`,
        });
      }
      await clock.until(clock.now() + waitMs, signal);
    }
  }

  #poll(id: string) {
    const { poll, gone } = this.#options.job;
    const request = { ...poll(id), isSafe: true };
    if (gone === undefined) return request;
    return { ...request, answers: [{ ...gone, means: 'empty' as const }, ...(request.answers ?? [])] };
  }

  async *#files(
    answer: JsonObject,
    id: string,
    signal: AbortSignal,
  ): AsyncGenerator<DocumentBatch, void, void> {
    const source = listSource({ path: '', ...this.#options });
    for (const request of this.#options.job.files(answer, id)) {
      for await (const batch of readPage(
        this.#context.client,
        source,
        { ...request, isSafe: true },
        signal,
      )) {
        yield* documentsOf(batch, this.#options.isDeleted);
      }
    }
  }

  #windowEnd(from: Instant, end: Instant): Instant {
    const longest = from.plusMs(spanMs(this.#options.longestWindow));
    return longest.isAfter(end) ? end : longest;
  }

  #half({ from, to }: Window): Instant {
    const { tickNs } = this.#options.cursor;
    const half = new Instant((from.nanoseconds + to.nanoseconds) / 2n).floor(tickNs);
    if (half.isAfter(from)) return half;
    throw errors.CDK_TICK_TOO_FULL({
      message: `An export of ${JSON.stringify(this.#name)} is too large, though it is of ${from.toString()} alone.`,
    });
  }

  #failed(id: string): Error {
    return errors.CDK_JOB_FAILED({
      message: `The export ${id} of ${JSON.stringify(this.#name)} failed at the API.`,
    });
  }
}

function positionOf({ from, to }: Window, job?: string): JsonObject {
  return { from: from.toString(), to: to.toString(), ...(job === undefined ? {} : { job }) };
}
