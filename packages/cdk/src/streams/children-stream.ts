// The lists below the rows of another list. The rows above are read to their end first, and only their ids are kept: no
// answer stays open while others are asked for. Their ids give the order, so that it is the same each time.

import { compareJson, parsePointer, resolvePointer } from '@weir/schema';
import { type JsonValue, parseJson, stringifyJson } from '@weir/schema/json';
import type { SnapshotStream } from '../engine/stream.ts';
import type { ChildrenOptions, ListsBelow } from './below-options.ts';
import { type FixedList, fixedList } from './list-options.ts';
import { knownIn, type StreamContext } from './stream-options.ts';
import { readList } from './list-reader.ts';
import { recordsOf } from './record-batches.ts';
import { baseRequest, listSource } from './list-source.ts';
import { encodedId, heldIds, idAbove, listsAbove, withMembers, withMeta } from './row-above.ts';
import { inOrder, keyOf } from './snapshot-stream.ts';

export function childrenStream(
  name: string,
  options: ChildrenOptions,
  context: StreamContext,
): SnapshotStream {
  return {
    async *fetchSnapshot({ signal }) {
      const first = onlyFirst(options.once);
      for (const above of await rowsAbove(name, options, context, signal)) {
        const { list, held } = listBelow(options, above, first, context);
        for await (const batch of inOrder(context.client, list, options, signal)) {
          yield withMeta(held, batch);
        }
      }
    },
    ...keyOf(options),
  };
}

/** The way down to a list: the ids of the rows above it, the topmost first, and what documents call them. */
type Way = readonly { readonly as: string | undefined; readonly id: JsonValue }[];

function listBelow(options: ListsBelow, way: Way, first: OnlyFirst, context: StreamContext) {
  const held = heldIds(way);
  const [nearest = '', ...above] = way.map(({ id }) => encodedId(id)).toReversed();
  const map = first(withMembers(held, options.map));
  const list: FixedList = {
    ...fixedList(
      { ...options, path: options.path(nearest, ...above) },
      { ...knownIn(context), id: nearest, above },
      context.query,
    ),
    ...(map === undefined ? {} : { map }),
  };
  return { list, held };
}

type OnlyFirst = (map: FixedList['map']) => FixedList['map'];

/** Leaves out records that are known by the same as one before, whichever list they are of. */
function onlyFirst(once: string | undefined): OnlyFirst {
  if (once === undefined) return (map) => map;
  const pointer = parsePointer(once);
  const seen = new Set<string>();
  return (map = (record) => record) =>
    (record) => {
      const known = stringifyJson(resolvePointer(record, pointer) ?? null);
      if (seen.has(known)) return undefined;
      seen.add(known);
      return map(record);
    };
}

/** The ways to all rows above, each once, in the order of their ids. */
async function rowsAbove(
  name: string,
  { of, id: at, as }: ListsBelow,
  context: StreamContext,
  signal: AbortSignal,
): Promise<Way[]> {
  const ways = new Map<string, Way>();
  const takeFrom = async (list: FixedList, above: Way): Promise<void> => {
    const base = baseRequest(list);
    for await (const event of readList(context.client, listSource(list), base, undefined, signal)) {
      if ('next' in event) continue;
      for (const record of recordsOf(event)) {
        const way = [...above, { as, id: idAbove(name, parseJson(record), at) }];
        ways.set(stringifyJson(idsOf(way)), way);
      }
    }
  };
  for (const list of listsAbove(of)) {
    if (!('of' in list)) await takeFrom(fixedList(list, knownIn(context), context.query), []);
    else {
      const first = onlyFirst(list.once);
      for (const above of await rowsAbove(name, list, context, signal)) {
        await takeFrom(listBelow(list, above, first, context).list, above);
      }
    }
  }
  return [...ways.values()].sort((left, right) => compareJson(idsOf(left), idsOf(right)));
}

function idsOf(way: Way): JsonValue[] {
  return way.map(({ id }) => id);
}
