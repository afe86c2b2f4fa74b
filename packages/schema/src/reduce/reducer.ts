// Combines the documents of one key as the `reduce` annotations of their schema say.

import { annotationsOf, type Location } from '../annotation/location.ts';
import type { Probe } from '../annotation/probe.ts';
import { canonicalJson, type JsonValue, parseJson, type Pointer } from '../json/index.ts';
import type { CompileOptions } from '../validate/index.ts';
import { BytesMerger } from './merge-bytes.ts';
import { NotAssociative, reduceAt, type Reduction, strategyOf } from './reduction.ts';
import { readStrategy, type Strategy } from './strategy.ts';

export interface Reduced<T> {
  readonly value: T;
  /** The reduction asks for the document to be deleted. Only a full reduction does. */
  readonly deleted: boolean;
}

export interface Reducer {
  /**
   * Combines a newer document (right) into an older one. `full`: the left one is the root-most of its key, so that
   * deletes take effect; else both are later changes, and 'not-associative' says that both have to be kept apart.
   * Without a left document nothing is reduced and the right one comes back as it is.
   *
   * The right document must be valid under the schema. Throws REDUCTION_FAILED with the location.
   */
  reduce(
    left: JsonValue | undefined,
    right: JsonValue,
    full: boolean,
  ): Reduced<JsonValue> | 'not-associative';
  /**
   * The same over the documents' bytes. The result is one of the arguments, or new bytes with sorted properties;
   * properties that no annotation concerns are copied, not parsed.
   */
  reduceBytes(left: Buffer | undefined, right: Buffer, full: boolean): Reduced<Buffer> | 'not-associative';
  /** Whether this document, as the newest of its key, asks for the key to be deleted, whatever came before it. */
  deletes(document: JsonValue): boolean;
  /** The only locations of a document that `deletes` looks at; undefined when it looks at all of it. */
  readonly deletionPointers: readonly Pointer[] | undefined;
}

/** Throws SCHEMA_INVALID for a schema or an annotation that cannot be used. */
export function compileReducer(schemaText: string, options: CompileOptions = {}): Reducer {
  const root: Location<Strategy> = annotationsOf(schemaText, 'reduce', readStrategy, options);
  const bytes = new BytesMerger(root);
  const reduceValues = (left: JsonValue, right: JsonValue, full: boolean): Reduced<JsonValue> => {
    const run: Reduction = { full, path: [], deleted: false };
    const value = reduceAt(root, left, right, run);
    return { value, deleted: run.deleted };
  };
  return {
    reduce(left, right, full) {
      if (left === undefined) return { value: right, deleted: false };
      return orNotAssociative(() => reduceValues(left, right, full));
    },
    reduceBytes(left, right, full) {
      if (left === undefined || root.inert) return { value: right, deleted: false };
      return orNotAssociative(() => {
        const merged = bytes.reduce(left, right, { full, path: [], deleted: false });
        if (merged !== 'parse') return merged;
        const { value, deleted } = reduceValues(parseJson(left), parseJson(right), full);
        return { value: Buffer.from(canonicalJson(value)), deleted };
      });
    },
    deletes(document) {
      if (root.inert) return false;
      const strategy = strategyOf(root.resolve(document), []);
      return 'delete' in strategy && strategy.delete;
    },
    deletionPointers: root.probe === undefined ? [] : pointersOf(root.probe),
  };
}

function orNotAssociative<T>(reduce: () => T): T | 'not-associative' {
  try {
    return reduce();
  } catch (error) {
    if (error instanceof NotAssociative) return 'not-associative';
    throw error;
  }
}

function pointersOf(probe: Probe): readonly Pointer[] | undefined {
  if (probe.whole) return undefined;
  return [...probe.properties].flatMap(([name, inner]) => {
    const below = inner.properties.size === 0 ? undefined : pointersOf(inner);
    return below?.map((pointer) => [name, ...pointer]) ?? [[name]];
  });
}
