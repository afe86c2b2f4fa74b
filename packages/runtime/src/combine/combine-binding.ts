// How the documents of one binding combine. The combiner itself never looks into a document.

import { Combined } from './combined.ts';

/** One document made of two. `deleted`: the reduction says that the document is to be deleted. */
export interface Reduction {
  readonly document: Buffer;
  readonly deleted: boolean;
}

export interface CombineBinding {
  /**
   * true: exactly one document per key, reduced on top of what the destination holds (standard materializations).
   * false: an unknown older document may precede, so the first document of a key stays as it is and the others are
   * reduced to one behind it (captures, delta updates).
   */
  readonly full: boolean;
  /**
   * Reduces `right`, the newer document, into `left`. `full`: `left` is known to be the root-most document of its key.
   * 'not-associative': both have to be kept, which a full reduction never answers. Bytes that no reduction has to
   * change are returned as they are. Throws when the documents cannot be reduced, or the result is invalid.
   */
  reduce(left: Buffer, right: Buffer, full: boolean): Reduction | 'not-associative';
}

/** Everything added for one key: oldest first. */
export interface KeyDocuments {
  front: Buffer | undefined;
  readonly documents: Buffer[];
}

/**
 * Adds the newest document of a key. The oldest is left alone, because whether it is the root-most is known only when
 * everything was added; the ones behind it are reduced as far as they are associative.
 */
export function addDocument(binding: CombineBinding, entry: KeyDocuments, document: Buffer): void {
  const { documents } = entry;
  const last = documents.length > 1 ? documents.at(-1) : undefined;
  const reduced = last === undefined ? 'not-associative' : binding.reduce(last, document, false);
  if (reduced === 'not-associative') documents.push(document);
  else documents[documents.length - 1] = reduced.document;
}

/** The documents that come out for one key. */
export function* combineKey(
  bindings: readonly CombineBinding[],
  binding: number,
  key: string,
  entry: KeyDocuments,
): Generator<Combined> {
  const rules = bindings[binding];
  if (rules === undefined) throw new RangeError(`no binding ${binding}`);
  const exists = entry.front !== undefined;
  if (!rules.full) {
    for (const document of entry.documents) yield Combined.of({ binding, key, document, exists });
    return;
  }
  const [first, ...rest] = exists ? [entry.front, ...entry.documents] : entry.documents;
  // A loaded document that nothing was added to is not stored again.
  if (first === undefined || entry.documents.length === 0) return;
  let document = first;
  let deleted = false;
  for (const next of rest) {
    if (next === undefined) continue;
    const reduced = rules.reduce(document, next, true);
    if (reduced === 'not-associative') throw new Error('a full reduction is always associative');
    ({ document, deleted } = reduced);
  }
  yield Combined.of({ binding, key, document, exists, deleted });
}
