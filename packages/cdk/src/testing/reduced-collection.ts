// A collection as a reader of it sees it: the last document of each key, and none for a key whose last one is a deletion.

import { parsePointer } from '@weir/schema';
import { canonicalJson, getProperty, isJsonObject, resolvePointer, type JsonObject } from '@weir/schema/json';
import type { CommittedDocument } from './crashing-output.ts';

/** The rows of one binding by their keys as JSON, without `_meta`, in the order of the keys. */
export function reducedCollection(
  documents: Iterable<CommittedDocument>,
  binding: number,
  key: readonly string[],
): Map<string, JsonObject> {
  const pointers = key.map(parsePointer);
  const rows = new Map<string, JsonObject>();
  for (const { binding: of, document } of documents) {
    if (of !== binding) continue;
    const { _meta: meta, ...row } = document;
    const keyText = canonicalJson(pointers.map((pointer) => resolvePointer(document, pointer) ?? null));
    const isGone = isJsonObject(meta) && getProperty(meta, 'op') === 'd';
    if (isGone) rows.delete(keyText);
    else rows.set(keyText, row);
  }
  return new Map([...rows].sort(([left], [right]) => (left < right ? -1 : Number(left > right))));
}
