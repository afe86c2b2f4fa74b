// What a collection's schema has to say about the collection's key.

import { errors } from '../errors.ts';
import { parsePointer } from '../json/pointer.ts';
import { locate } from '../shape/locate.ts';
import type { Shape } from '../shape/shape.ts';
import { BOOLEAN, INTEGER, NULL, OBJECT, STRING, typeNames } from '../shape/types.ts';

/**
 * Checks that documents are objects, and that every key location holds one string, integer or boolean: present in
 * every document, or with a `default` that stands in where it is missing or null.
 * `what` names the schema in messages: `the read schema`. Throws COLLECTION_SCHEMA_NOT_OBJECT or COLLECTION_KEY_INVALID.
 */
export function checkKey(shape: Shape, key: readonly string[], what: string): void {
  if (shape.types !== OBJECT) {
    throw errors.COLLECTION_SCHEMA_NOT_OBJECT({
      message: `${what} allows documents of ${described(shape.types)}; documents are objects`,
    });
  }
  if (key.length === 0) {
    throw errors.COLLECTION_KEY_INVALID({ message: 'the key names no location' });
  }
  for (const pointer of key) {
    const problem = keyProblem(shape, pointer);
    if (problem !== undefined) {
      throw errors.COLLECTION_KEY_INVALID({ message: `the key '${pointer}' ${problem} in ${what}` });
    }
  }
}

function keyProblem(root: Shape, pointer: string): string | undefined {
  const { shape, exists } = locate(root, parsePointer(pointer));
  const hasDefault = shape.default !== undefined && shape.default !== null;
  if (exists === 'CANNOT') return 'cannot exist';
  if (exists !== 'MUST' && !hasDefault)
    return 'may be missing from a document: it, or a parent, is not required';
  const types = hasDefault ? shape.types & ~NULL : shape.types;
  return isKeyable(types)
    ? undefined
    : `has ${described(shape.types)}, not one of string, integer or boolean`;
}

/** Whether values of exactly these types can be part of a key. */
export function isKeyable(types: number): boolean {
  return types === STRING || types === INTEGER || types === BOOLEAN;
}

function described(types: number): string {
  const names = typeNames(types);
  return names.length === 0 ? 'no type' : `type ${names.join(' or ')}`;
}
