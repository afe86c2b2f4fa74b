// Which table reads its next chunk: the highest priority first, any of several with the same.

import type { SqlBinding } from './binding.ts';
import { isBackfilling } from './backfill-mode.ts';
import type { CaptureState } from './state.ts';

/** `random` in [0, 1). Undefined when no table is backfilling but those that wait. */
export function chooseTable(
  state: CaptureState,
  bindings: readonly SqlBinding[],
  random: () => number,
  waiting: ReadonlySet<number> = new Set(),
): number | undefined {
  let best: number[] = [];
  let bestPriority = -Infinity;
  for (const [table, binding] of bindings.entries()) {
    const mode = state.get(binding.stateKey)?.mode;
    if (mode === undefined || !isBackfilling(mode) || waiting.has(table)) continue;
    const priority = binding.resource.priority ?? 0;
    if (priority > bestPriority) [best, bestPriority] = [[table], priority];
    else if (priority === bestPriority) best.push(table);
  }
  return best.length < 2 ? best[0] : best[Math.floor(random() * best.length)];
}
