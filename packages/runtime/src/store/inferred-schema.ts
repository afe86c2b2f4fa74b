import type { JsonText } from '@weir/protocol';
import { canonicalJson, mergeInferredSchemas, parseJson } from '@weir/schema';
import type { Store } from './store.ts';

/** The inferred schema of a collection: the union of what each capture binding that writes to it has inferred. */
export function inferredSchemaOf(store: Store, collection: string): JsonText | undefined {
  const [first, ...rest] = store.inferredSchemas(collection).map(({ schema }) => schema);
  if (first === undefined || rest.length === 0) return first;
  return canonicalJson(rest.map((text) => parseJson(text)).reduce(mergeInferredSchemas, parseJson(first)));
}
