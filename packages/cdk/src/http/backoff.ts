// Waits between attempts: they double from one second, and chance spreads them so that tasks that failed together do not
// come back together.

export interface Random {
  /** In [0, 1). */
  next(): number;
}

export const systemRandom: Random = { next: () => Math.random() };

const FIRST_MS = 1000;
const LONGEST_MS = 60_000;

/** Before attempt `attempt` + 1, from half of it to all of it. `attempt` counts from 1. */
export function backoffMs(attempt: number, random: Random): number {
  const whole = Math.min(FIRST_MS * 2 ** (attempt - 1), LONGEST_MS);
  return Math.round(whole * (0.5 + random.next() / 2));
}
