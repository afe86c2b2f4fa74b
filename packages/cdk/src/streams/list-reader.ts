// Reads a list page by page: the loop that every stream of an API is made of.

import { stringifyJson, type JsonObject, type JsonValue } from '@weir/schema/json';
import type { DocumentBatch } from '../engine/stream.ts';
import { errors } from '../errors.ts';
import type { HttpClient } from '../http/http-client.ts';
import type { BudgetLeft } from '../http/rate-limit.ts';
import type { ApiRequest } from '../http/request.ts';
import type { ResponseHeaders } from '../http/transport.ts';
import type { ListPosition, Paging } from '../paging/paging.ts';
import type { RecordBatch } from '../records/record-buffer.ts';
import { readRecords, type RecordFormat } from '../records/read-records.ts';
import { batchOf, mapped, objectsOf, type RecordMap } from './record-batches.ts';
import { type NestedRows, RowTree } from './row-tree.ts';

/** A record with what it lacks; `ask`: the whole answer to a request. */
export interface CompleteRecord {
  (
    record: JsonObject,
    page: ApiRequest,
    ask: (request: ApiRequest) => Promise<JsonValue>,
  ): Promise<JsonObject>;
  /** What it may ask, for the plan. */
  readonly queries?: readonly string[];
}

export interface ListSource {
  readonly paging: Paging;
  readonly format: RecordFormat;
  /** Changes a record, or leaves it out. Without it records keep their bytes. */
  readonly map?: RecordMap | undefined;
  /** Lines of a file that belong below others of it. */
  readonly nested?: NestedRows | undefined;
  /** Asks for what the records of a page lack. The page is held for it. */
  readonly complete?: CompleteRecord | undefined;
  /** Throws when what is around the records says that they are not all, or that something failed. */
  readonly check?: ((envelope: JsonValue) => void) | undefined;
  /** What an answer tells of a budget of points. */
  readonly budget?: ((envelope: JsonValue) => BudgetLeft | undefined) | undefined;
}

/** `next`: where the list goes on, behind the last batch of each page. */
export type ListEvent = RecordBatch | { readonly next: ListPosition };

/** A list that comes back to one of so many pages goes in a circle. */
const REMEMBERED_PAGES = 1000;

/** What a page was, once all of it has been read. */
export interface PageRead {
  readonly headers: ResponseHeaders;
  readonly envelope: JsonValue;
  readonly count: number;
  readonly first?: Buffer | undefined;
  readonly last: Buffer | undefined;
  /** The rules of the request say that there is nothing. */
  readonly isEmpty: boolean;
}

/** The records of one answer. */
export async function* readPage(
  client: HttpClient,
  source: Omit<ListSource, 'paging'>,
  request: ApiRequest,
  signal: AbortSignal,
): AsyncGenerator<RecordBatch, PageRead, void> {
  const { headers, isEmpty, body } = await client.open(request, signal);
  if (isEmpty) return { headers, envelope: null, count: 0, last: undefined, isEmpty };
  const records = readRecords(body, source.format);
  const tree = source.nested === undefined ? undefined : new RowTree(source.nested);
  const held: RecordBatch[] = [];
  let count = 0;
  let first: Buffer | undefined;
  let last: Buffer | undefined;
  let step = await records.next();
  for (; step.done !== true; step = await records.next()) {
    count += step.value.count;
    // A copy: the bytes of a batch are its own until the next one is read.
    first ??= Buffer.from(firstOf(step.value));
    last = lastOf(step.value);
    const batch = tree === undefined ? step.value : tree.add(step.value);
    if (source.complete === undefined) yield* changed(batch, source.map);
    else held.push(batch);
  }
  source.check?.(step.value);
  const left = source.budget?.(step.value);
  if (left !== undefined) client.budgetLeft(request, left);
  if (tree !== undefined) yield* changed(tree.end(), source.map);
  for (const batch of held)
    yield* changed(await completed(client, source, request, batch, signal), source.map);
  return { headers, envelope: step.value, count, first, last, isEmpty };
}

async function completed(
  client: HttpClient,
  { complete }: Omit<ListSource, 'paging'>,
  page: ApiRequest,
  batch: RecordBatch,
  signal: AbortSignal,
): Promise<RecordBatch> {
  const whole: Buffer[] = [];
  for (const record of objectsOf(batch)) {
    const row = (await complete?.(record, page, (request) => client.json(request, signal))) ?? record;
    whole.push(Buffer.from(stringifyJson(row)));
  }
  return batchOf(whole);
}

function* changed(batch: RecordBatch, map: RecordMap | undefined): Generator<RecordBatch, void, void> {
  const kept = map === undefined ? batch : mapped(batch, map);
  if (kept.count > 0) yield kept;
}

export async function* readList(
  client: HttpClient,
  source: ListSource,
  base: ApiRequest,
  from: ListPosition | undefined,
  signal: AbortSignal,
): AsyncGenerator<ListEvent, void, void> {
  const seen = new Set<string>();
  let position = from;
  for (;;) {
    const page = yield* readPage(client, source, source.paging.request(base, position), signal);
    if (page.isEmpty) return;
    const next = source.paging.next({ ...page, position });
    if (next === undefined) return;
    const name = JSON.stringify(next);
    if (seen.has(name) || (position !== undefined && name === JSON.stringify(position))) {
      throw errors.CDK_PAGING_LOOP({
        message: `The pages of ${base.url} lead back to one that was read already (${source.paging.name}).`,
      });
    }
    if (seen.size === REMEMBERED_PAGES) seen.clear();
    seen.add(name);
    position = next;
    yield { next };
  }
}

export function asDocuments(batch: RecordBatch): DocumentBatch {
  return { kind: 'documents', ...batch };
}

function firstOf({ bytes, ends }: RecordBatch): Buffer {
  return bytes.subarray(0, ends[0]);
}

function lastOf({ bytes, ends, count }: RecordBatch): Buffer {
  return bytes.subarray(count > 1 ? ends[count - 2] : 0, ends[count - 1]);
}
