// Reductions of one binding's documents, over their bytes: what no reduction touches stays as it came.

import type { JsonObject, Reducer, ValidationFailure } from '@weir/schema';
import type { CombineBinding } from '../combine/combine-binding.ts';
import { invalidDocument, parseDocument } from './parsed-document.ts';

/**
 * `full`: reduce on top of what the destination holds, to one document per key. Reduced documents are validated again:
 * DOCUMENT_INVALID when a reduction makes an invalid one, REDUCTION_FAILED when there is no reducing them.
 */
export function documentReducer(
  collection: string,
  reducer: Reducer,
  full: boolean,
  validate: (plain: unknown, value: JsonObject) => readonly ValidationFailure[] | undefined,
): CombineBinding {
  return {
    full,
    reduce(left, right, isFull) {
      const reduced = reducer.reduceBytes(left, right, isFull);
      if (reduced === 'not-associative') return reduced;
      if (reduced.value !== left && reduced.value !== right) {
        const { value, plain } = parseDocument(reduced.value, collection);
        const failures = validate(plain, value);
        if (failures !== undefined)
          throw invalidDocument(collection, 'schema after a reduction', failures, value);
      }
      return { document: reduced.value, deleted: reduced.deleted };
    },
  };
}
