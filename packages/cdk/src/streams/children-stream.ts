// The lists below the rows of another list. The rows above are read to their end first, and only their ids are kept: no
// answer stays open while others are asked for. Their ids give the order, so that it is the same each time.

import { compareJson, parsePointer, resolvePointer } from '@weir/schema';
import { parseJson, stringifyJson, type JsonValue } from '@weir/schema/json';
import type { SnapshotStream } from '../engine/stream.ts';
import { errors } from '../errors.ts';
import type { ChildrenOptions, StreamContext } from './definition.ts';
import { readList, recordsOf } from './list-reader.ts';
import { baseRequest, listSource } from './list-source.ts';
import { inOrder, keyOf } from './snapshot-stream.ts';

export function childrenStream(
  name: string,
  options: ChildrenOptions,
  context: StreamContext,
): SnapshotStream {
  return {
    async *fetchSnapshot({ signal }) {
      for (const id of await parentIds(name, options, context, signal)) {
        const text = typeof id === 'string' ? id : stringifyJson(id);
        const list = { ...options, path: options.path(encodeURIComponent(text)) };
        const meta = { [options.as]: id };
        for await (const batch of inOrder(context.client, list, signal)) yield { ...batch, meta };
      }
    },
    ...keyOf(options),
  };
}

/** Each once, in their order. */
async function parentIds(
  name: string,
  { of, id: at, query }: ChildrenOptions,
  { client }: StreamContext,
  signal: AbortSignal,
): Promise<JsonValue[]> {
  const pointer = parsePointer(at);
  const ids = new Map<string, JsonValue>();
  const base = baseRequest({ ...of, query: { ...query, ...of.query } });
  for await (const event of readList(client, listSource(of), base, undefined, signal)) {
    if ('next' in event) continue;
    for (const record of recordsOf(event)) {
      const id = resolvePointer(parseJson(record), pointer);
      // An empty id would ask for the list above again.
      if (id === undefined || id === null || id === '' || typeof id === 'object') {
        throw errors.CDK_STREAM_DEFECT({
          message: `A row above ${JSON.stringify(name)} has no id at ${at}.`,
        });
      }
      ids.set(stringifyJson(id), id);
    }
  }
  return [...ids.values()].sort(compareJson);
}
