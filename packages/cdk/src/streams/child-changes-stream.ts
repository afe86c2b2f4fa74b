// The lists below rows that have changed. A row above that changes has the list below it read again, and a list whose row
// above has not changed is not asked for: right where a change below is a change of the row above, which whoever says so has to know.
//
// The rows above are read to the end of their page or window first, and only their ids are kept: no answer stays open while
// others are asked for.

import { isJsonObject, parseJson, stringifyJson, type JsonObject, type JsonValue } from '@weir/schema/json';
import { documents } from '../documents/document-batch.ts';
import type {
  ChangeEvent,
  ChangesCall,
  ChangeStream,
  Cursor,
  DocumentBatch,
  PageCall,
  PageEvent,
} from '../engine/stream.ts';
import type { RecordBatch } from '../records/record-buffer.ts';
import type { ChildChangesOptions } from './below-options.ts';
import { knownIn, type StreamContext } from './stream-options.ts';
import { documentsOf } from './deleted-rows.ts';
import { readList } from './list-reader.ts';
import { batchOf, recordsOf } from './record-batches.ts';
import { fixedList } from './list-options.ts';
import { baseRequest, listSource } from './list-source.ts';
import { encodedId, type HeldIds, heldIds, idAbove, withMembers, withMeta } from './row-above.ts';

export class ChildChanges<C extends Cursor> implements ChangeStream<C> {
  readonly initial: ChangeStream<C>['initial'];
  readonly lagMs: number;
  readonly isLate: boolean;
  readonly #name: string;
  readonly #options: ChildChangesOptions;
  readonly #context: StreamContext;
  readonly #parents: ChangeStream<C>;

  constructor(name: string, options: ChildChangesOptions, context: StreamContext, parents: ChangeStream<C>) {
    this.#name = name;
    this.#options = options;
    this.#context = context;
    this.#parents = parents;
    this.initial = parents.initial;
    this.lagMs = parents.lagMs ?? 0;
    this.isLate = parents.isLate ?? false;
  }

  fetchChanges(call: ChangesCall<C>): AsyncGenerator<ChangeEvent<C>, void, void> {
    return this.#below(this.#parents.fetchChanges(call), call.signal);
  }

  fetchPage(call: PageCall<C>): AsyncGenerator<PageEvent, void, void> {
    return this.#below(this.#parents.fetchPage?.(call) ?? none(), call.signal);
  }

  async *#below<E extends PageEvent | ChangeEvent<C>>(
    parents: AsyncIterable<E>,
    signal: AbortSignal,
  ): AsyncGenerator<E | DocumentBatch, void, void> {
    let ids = new Map<string, JsonValue>();
    let isAtEnd = false;
    for await (const event of parents) {
      isAtEnd = event.kind === 'documents';
      if (event.kind === 'documents') {
        // A row above that is gone has no list.
        if (event.op !== 'd') yield* this.#taken(event, ids);
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
    for (const id of ids) {
      const held = heldIds([{ as: this.#options.as, id }]);
      const map = withMembers(held, this.#options.map);
      const encoded = encodedId(id);
      const list = {
        ...fixedList(
          { ...this.#options, path: this.#options.path(encoded) },
          { ...knownIn(this.#context), id: encoded, above: [] },
          this.#context.query,
        ),
        ...(map === undefined ? {} : { map }),
      };
      const { client } = this.#context;
      for await (const event of readList(client, listSource(list), baseRequest(list), undefined, signal)) {
        if (!('next' in event)) yield* this.#documents(event, held);
      }
    }
  }

  /** Yields the lists that rows above hold, and adds to `ids` those whose lists have to be asked for. */
  *#taken(above: DocumentBatch, ids: Map<string, JsonValue>): Generator<DocumentBatch, void, void> {
    const { id: at, as, map, has, held } = this.#options;
    const { bytes, ends, count } = above;
    for (const record of recordsOf({ bytes: Buffer.from(bytes), ends: Array.from(ends), count })) {
      const row = parseJson(record);
      if (isJsonObject(row) && has?.(row) === false) continue;
      const id = idAbove(this.#name, row, at);
      const list = isJsonObject(row) ? held?.(row) : undefined;
      const name = stringifyJson(id);
      if (list === undefined) ids.set(name, id);
      else {
        // The row as it was before is not asked for again: it would have the list of the row as it is now.
        ids.delete(name);
        const own = heldIds([{ as, id }]);
        yield* this.#documents(rowsOf(list, withMembers(own, map)), own);
      }
    }
  }

  *#documents(batch: RecordBatch, held: HeldIds): Generator<DocumentBatch, void, void> {
    for (const each of documentsOf(batch, this.#options.isDeleted)) yield withMeta(held, each);
  }
}

function rowsOf(list: readonly JsonObject[], map: ChildChangesOptions['map']): RecordBatch {
  const rows = map === undefined ? list : list.flatMap((row) => map(row) ?? []);
  return batchOf(rows.map((row) => Buffer.from(stringifyJson(row))));
}

async function* none(): AsyncGenerator<never, void, void> {}
