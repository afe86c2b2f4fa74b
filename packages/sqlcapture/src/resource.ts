// The configuration of one binding: which table, and how its existing rows are read.

import type { BackfillMode } from './backfill-mode.ts';
import { errors } from './errors.ts';
import type { StreamId } from './stream-id.ts';

export interface ResourceConfig {
  readonly namespace: string;
  readonly stream: string;
  readonly mode?: BackfillMode | undefined;
  /** Higher first; 0 when absent. */
  readonly priority?: number | undefined;
  readonly advanced?: {
    /** A boolean SQL expression that backfilled rows have to satisfy. */
    readonly additional_backfill_filter?: string | undefined;
  };
  /** Backfills in the order of these columns instead of the collection's key. */
  readonly primary_key?: readonly string[] | undefined;
  /** Of old catalogs; has no meaning. */
  readonly syncMode?: string | undefined;
}

export function resourceStream(resource: ResourceConfig): StreamId {
  return { namespace: resource.namespace, name: resource.stream };
}

export function backfillFilter(resource: ResourceConfig): string | undefined {
  const filter = resource.advanced?.additional_backfill_filter;
  return filter === undefined || filter === '' ? undefined : filter;
}

/** The rules that a JSON schema cannot say. Throws SQL_RESOURCE_INVALID. */
export function validateResource(resource: ResourceConfig): void {
  const filter = backfillFilter(resource);
  if (resource.namespace === '' || resource.stream === '') {
    throw errors.SQL_RESOURCE_INVALID({
      message: 'a binding names no table: `namespace` and `stream` are required',
    });
  }
  if (filter === undefined) return;
  const table = `${resource.namespace}.${resource.stream}`;
  if (filter.trim() === '') {
    throw errors.SQL_RESOURCE_INVALID({
      message: `the additional backfill filter of ${table} is only blanks`,
    });
  }
  if (resource.mode === 'Precise') {
    throw errors.SQL_RESOURCE_INVALID({
      message: `the binding of ${table} has an additional backfill filter, which the mode "Precise" cannot use`,
      fix: 'Remove the filter, or choose another backfill mode.',
    });
  }
}
