// A list that gives a token with each page, and what has changed since for the token: what it means only the API knows.
// The first request has none, and lists everything; so there is no backfill beside it, but one that upstream has begun: there
// changes begin at the time of the first session, and a backfill reads what was before. It goes on at its page. A token that the
// API has forgotten has everything listed again.

import { parsePointer, resolvePointer } from '@weir/schema';
import type { JsonValue } from '@weir/schema/json';
import {
  backfillNeeded,
  type ChangeEvent,
  type ChangesCall,
  type ChangeStream,
  type Deletions,
  type DocumentBatch,
  nextPage,
  type PageCall,
  type PageEvent,
  reached,
} from '../engine/stream.ts';
import { documents } from '../documents/document-batch.ts';
import { errors } from '../errors.ts';
import type { ApiRequest } from '../http/request.ts';
import { withParameter } from '../paging/paging.ts';
import type { TokenOptions } from './changes-options.ts';
import { knownIn, type StreamContext } from './stream-options.ts';
import { documentsOf } from './deleted-rows.ts';
import { readPage } from './list-reader.ts';
import { type FixedList, fixedList } from './list-options.ts';
import { baseRequest, listSource } from './list-source.ts';

/** No token yet. */
const NONE = '';

/** One answer, once its rows have been read. */
interface Told {
  readonly next: string;
  readonly count: number;
  /** There is more right now. */
  readonly hasMore: boolean;
}

export function tokenStream(
  name: string,
  options: TokenOptions,
  context: StreamContext,
): ChangeStream<string> {
  const { token, more, last, forgotten, isDeleted } = options;
  const at = parsePointer(token.at);
  const moreAt = more === undefined ? undefined : parsePointer(more);
  const lastAt = last === undefined ? undefined : parsePointer(last);
  const listAfter = (cursor: string) =>
    fixedList(options, { ...knownIn(context), after: cursor === NONE ? undefined : cursor }, context.query);
  const requestOf = (list: FixedList, cursor: string): ApiRequest => {
    const base = baseRequest(list);
    if (cursor === NONE) {
      return { ...base, query: { ...base.query, ...options.first?.(context.start) } };
    }
    const answers =
      forgotten === undefined ? [] : [{ ...forgotten, means: 'empty' as const }, ...(base.answers ?? [])];
    const known = forgotten === undefined ? base : { ...base, answers };
    if (token.kept === undefined) return withParameter(known, token.param, cursor);
    return { ...known, query: { ...known.query, ...token.kept.query(cursor) } };
  };
  const tokenIn = (envelope: JsonValue, before: string): string => {
    const value = resolvePointer(envelope, at);
    if (typeof value === 'string' && value !== '') return token.kept?.form(value) ?? value;
    if (typeof value === 'number' || typeof value === 'bigint') return value.toString();
    // Some APIs give none where nothing was new.
    if (before !== NONE) return before;
    throw errors.CDK_STREAM_DEFECT({
      message: `An answer of ${JSON.stringify(name)} has no token at ${token.at}.`,
    });
  };
  const isMore = (envelope: JsonValue, count: number): boolean => {
    if (moreAt !== undefined) return resolvePointer(envelope, moreAt) === true;
    return lastAt === undefined ? count > 0 : resolvePointer(envelope, lastAt) !== true;
  };
  /** undefined: the API no longer knows the token. */
  async function* answer(
    cursor: string,
    signal: AbortSignal,
  ): AsyncGenerator<DocumentBatch | Deletions, Told | undefined, void> {
    const list = listAfter(cursor);
    const records = readPage(context.client, listSource(list), requestOf(list, cursor), signal);
    let step = await records.next();
    for (; step.done !== true; step = await records.next()) yield* documentsOf(step.value, isDeleted);
    const { isEmpty, envelope, count } = step.value;
    if (isEmpty) return undefined;
    const told = { next: tokenIn(envelope, cursor), count, hasMore: isMore(envelope, count) };
    if (!told.hasMore || told.next !== cursor) return told;
    throw errors.CDK_PAGING_LOOP({
      message: `${JSON.stringify(name)} says that there is more, and gives the token again that was sent.`,
    });
  }
  return {
    initial: () => ({ cursor: NONE }),
    async *fetchChanges({ cursor, signal }: ChangesCall<string>): AsyncGenerator<ChangeEvent<string>> {
      const told = yield* answer(cursor, signal);
      if (told === undefined) {
        if (cursor !== NONE) yield backfillNeeded('the API no longer knows its token');
        return;
      }
      // A token is kept also where nothing was new: one that is never used runs out.
      if (told.count > 0 || told.next !== cursor) yield reached(told.next, !told.hasMore);
    },
    async *fetchPage({ page, signal }: PageCall<string>): AsyncGenerator<PageEvent> {
      const cursor = typeof page === 'string' ? page : NONE;
      const told = (yield* answer(cursor, signal)) ?? (yield* answer(NONE, signal));
      // What ends with a position is asked for again: this says that nothing is left.
      yield told?.hasMore === true ? nextPage(told.next) : documents([]);
    },
  };
}
