import type { CollectionSpec, JsonText, Projection } from '@weir/protocol';
import type { Verdict } from './base-constraint.ts';

export interface BindingToConstrain {
  readonly resourcePath: readonly string[];
  readonly collection: CollectionSpec;
  readonly fieldConfig: Readonly<Record<string, JsonText>>;
  readonly deltaUpdates: boolean;
  readonly backfill: number;
  /** The fields that identify a row, when they are not those of the collection's key. */
  readonly groupBy: readonly string[];
}

/** What one projection has been found to be; a field may have several constraints. */
export interface FieldVerdict extends Verdict {
  readonly projection: Projection;
}

/** Projections in the order of their fields, which is the order of the answer. */
export function sortedProjections(collection: CollectionSpec): readonly Projection[] {
  return collection.projections.toSorted((left, right) =>
    left.field < right.field ? -1 : left.field > right.field ? 1 : 0,
  );
}
