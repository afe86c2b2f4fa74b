// Reductions of one binding's documents, over their bytes: what no reduction touches stays as it came.

import type { Reducer } from '@weir/schema';
import type { CombineBinding } from '../combine/combine-binding.ts';
import { type ParsedDocument, parseDocument } from './parsed-document.ts';

/**
 * `full`: reduce on top of what the destination holds, to one document per key. REDUCTION_FAILED when there is no
 * reducing them. `check` sees every document that a reduction made, and throws when it is not valid.
 */
export function documentReducer(
  collection: string,
  reducer: Reducer,
  full: boolean,
  check: (reduced: ParsedDocument) => void,
): CombineBinding {
  return {
    full,
    reduce(left, right, isFull) {
      const reduced = reducer.reduceBytes(left, right, isFull);
      if (reduced === 'not-associative') return reduced;
      if (reduced.value !== left && reduced.value !== right) {
        check(parseDocument(reduced.value, collection));
      }
      return { document: reduced.value, deleted: reduced.deleted };
    },
  };
}
