// The lists below rows that have changed. A row above that changes has the list below it read again, and a list whose row
// above has not changed is not asked for: right where a change below is a change of the row above, which whoever says so has to know.
//
// The rows above are read to the end of their page or window first, and only their ids are kept: no answer stays open while
// others are asked for.

import { parsePointer, resolvePointer } from '@weir/schema';
import { isJsonObject, parseJson, stringifyJson, type JsonValue } from '@weir/schema/json';
import { documents } from '../documents/document-batch.ts';
import type {
  ChangeEvent,
  ChangesCall,
  ChangeStream,
  DocumentBatch,
  PageCall,
  PageEvent,
} from '../engine/stream.ts';
import { errors } from '../errors.ts';
import type { Instant } from '../time/instant.ts';
import type { ChildChangesOptions, StreamContext } from './definition.ts';
import { documentsOf } from './deleted-rows.ts';
import { readList, recordsOf } from './list-reader.ts';
import { baseRequest, listSource } from './list-source.ts';

export class ChildChanges implements ChangeStream<Instant> {
  readonly initial: ChangeStream<Instant>['initial'];
  readonly lagMs: number;
  readonly isLate: boolean;
  readonly #name: string;
  readonly #options: ChildChangesOptions;
  readonly #context: StreamContext;
  readonly #parents: ChangeStream<Instant>;

  constructor(
    name: string,
    options: ChildChangesOptions,
    context: StreamContext,
    parents: ChangeStream<Instant>,
  ) {
    this.#name = name;
    this.#options = options;
    this.#context = context;
    this.#parents = parents;
    this.initial = parents.initial;
    this.lagMs = parents.lagMs ?? 0;
    this.isLate = parents.isLate ?? false;
  }

  fetchChanges(call: ChangesCall<Instant>): AsyncGenerator<ChangeEvent<Instant>, void, void> {
    return this.#below(this.#parents.fetchChanges(call), call.signal);
  }

  fetchPage(call: PageCall<Instant>): AsyncGenerator<PageEvent, void, void> {
    return this.#below(this.#parents.fetchPage?.(call) ?? none(), call.signal);
  }

  async *#below<E extends PageEvent | ChangeEvent<Instant>>(
    parents: AsyncIterable<E>,
    signal: AbortSignal,
  ): AsyncGenerator<E | DocumentBatch, void, void> {
    let ids = new Map<string, JsonValue>();
    let isAtEnd = false;
    for await (const event of parents) {
      isAtEnd = event.kind === 'documents';
      if (event.kind === 'documents') {
        // A row above that is gone has no list.
        if (event.op !== 'd') for (const id of this.#idsOf(event)) ids.set(stringifyJson(id), id);
        continue;
      }
      yield* this.#lists(ids.values(), signal);
      ids = new Map();
      yield event;
    }
    yield* this.#lists(ids.values(), signal);
    // A backfill whose last event is a position is asked for more: this says that the rows above have ended.
    if (isAtEnd) yield documents([]);
  }

  async *#lists(ids: Iterable<JsonValue>, signal: AbortSignal): AsyncGenerator<DocumentBatch, void, void> {
    const { path, as, isDeleted } = this.#options;
    for (const id of ids) {
      const text = typeof id === 'string' ? id : stringifyJson(id);
      const list = { ...this.#options, path: path(encodeURIComponent(text)) };
      const source = listSource(list);
      const meta = { [as]: id };
      for await (const event of readList(
        this.#context.client,
        source,
        baseRequest(list),
        undefined,
        signal,
      )) {
        if ('next' in event) continue;
        for (const batch of documentsOf(event, isDeleted)) yield { ...batch, meta };
      }
    }
  }

  *#idsOf({ bytes, ends, count }: DocumentBatch): Generator<JsonValue, void, void> {
    const pointer = parsePointer(this.#options.id);
    for (const record of recordsOf({ bytes: Buffer.from(bytes), ends: Array.from(ends), count })) {
      const row = parseJson(record);
      if (isJsonObject(row) && this.#options.has?.(row) === false) continue;
      const id = resolvePointer(row, pointer);
      // An empty id would ask for the list above again.
      if (id === undefined || id === null || id === '' || typeof id === 'object') {
        throw errors.CDK_STREAM_DEFECT({
          message: `A row above ${JSON.stringify(this.#name)} has no id at ${this.#options.id}.`,
        });
      }
      yield id;
    }
  }
}

async function* none(): AsyncGenerator<never, void, void> {}
