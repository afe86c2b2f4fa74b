// Which table reads its next chunk: the highest priority first, any of several with the same.

import { isBackfilling } from './backfill-mode.ts';
import type { BoundTables } from './bound-tables.ts';

/** `random` in [0, 1). Undefined when no table is backfilling but those that wait. */
export function chooseTable(
  tables: BoundTables,
  random: () => number,
  waiting: ReadonlySet<number>,
): number | undefined {
  let best: number[] = [];
  let bestPriority = -Infinity;
  for (const [table, binding] of tables.bindings.entries()) {
    if (!isBackfilling(tables.state(table).mode) || waiting.has(table)) continue;
    const priority = binding.resource.priority ?? 0;
    if (priority > bestPriority) [best, bestPriority] = [[table], priority];
    else if (priority === bestPriority) best.push(table);
  }
  return best.length < 2 ? best[0] : best[Math.floor(random() * best.length)];
}
