// Some settings of a binding only take effect with a new backfill. Changing one without asking for a backfill would
// leave rows that were read under the old setting, so it is refused.

import type { WeirError } from '@weir/protocol';
import { errors } from './errors.ts';
import { backfillFilter, resourceStream, type ResourceConfig } from './resource.ts';
import { streamKey, streamLabel } from './stream-id.ts';

export interface BindingVersion {
  readonly resource: ResourceConfig;
  /** How often its backfill has been asked for. */
  readonly backfill: number;
}

/** One SQL_BACKFILL_REQUIRED for each such setting of each binding. A filter may be taken away at any time. */
export function backfillChangeFailures(
  bindings: readonly BindingVersion[],
  last: readonly BindingVersion[],
): WeirError[] {
  const before = new Map(last.map((binding) => [streamKey(resourceStream(binding.resource)), binding]));
  return bindings.flatMap((binding) => {
    const stream = resourceStream(binding.resource);
    const previous = before.get(streamKey(stream));
    if (previous === undefined || binding.backfill > previous.backfill) return [];
    const failures: WeirError[] = [];
    const [mode, oldMode] = [binding.resource.mode ?? '', previous.resource.mode ?? ''];
    const table = streamLabel(stream);
    if (mode !== oldMode) {
      failures.push(
        errors.SQL_BACKFILL_REQUIRED({
          message: `the backfill mode of ${table} changed from ${JSON.stringify(oldMode)} to ${JSON.stringify(mode)}, which needs a new backfill`,
        }),
      );
    }
    const filter = backfillFilter(binding.resource);
    if (filter !== undefined && filter !== backfillFilter(previous.resource)) {
      failures.push(
        errors.SQL_BACKFILL_REQUIRED({
          message: `the additional backfill filter of ${table} changed, which needs a new backfill`,
        }),
      );
    }
    return failures;
  });
}
