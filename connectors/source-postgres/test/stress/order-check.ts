// What holds for all documents together: the state never moves back, the changes of a key come in the order of the log,
// each once, and so do the changes of all tables whose backfill is done, with each transaction within one checkpoint.
// Changes of a table that is being backfilled may be held until the rows that they change have been read, so they come
// after later changes of other rows, and maybe with a later checkpoint.

import type { Group } from './committed.ts';

export function orderProblems(groups: readonly Group[]): string[] {
  const problems: string[] = [];
  const all = new Sequence();
  const keys = new Map<string, Sequence>();
  const seen = new Set<string>();
  let cursor = 0n;
  for (const [index, group] of groups.entries()) {
    if (group.cursor < cursor)
      problems.push(`checkpoint ${index} moves back from ${cursor} to ${group.cursor}`);
    cursor = group.cursor;
    const done = backfilled(groups[index - 1]);
    for (const { isSnapshot, loc, stream, key } of group.documents) {
      if (isSnapshot) continue;
      const [, event = NaN, commit = NaN] = loc;
      const where = `${stream} ${key} at ${loc.join(',')}`;
      if (seen.has(loc.join())) problems.push(`${where} comes twice`);
      seen.add(loc.join());
      const ofKey = keys.get(`${stream} ${key}`) ?? new Sequence();
      keys.set(`${stream} ${key}`, ofKey);
      if (!ofKey.advance(event, commit, index))
        problems.push(`${where} comes after a later change of its row`);
      if (!done(stream)) continue;
      if (all.isDividedBy(commit, index)) problems.push(`${where}: a checkpoint divides its transaction`);
      if (!all.advance(event, commit, index))
        problems.push(`${where} comes after ${all.event},${all.commit}`);
    }
  }
  return problems;
}

/** Where the log has been followed to. */
class Sequence {
  event = -1;
  commit = -1;
  #group = -1;

  isDividedBy(commit: number, group: number): boolean {
    return commit === this.commit && group !== this.#group;
  }

  /** False when it would have to go back. */
  advance(event: number, commit: number, group: number): boolean {
    const isLater = commit > this.commit || (commit === this.commit && event > this.event);
    if (isLater) [this.event, this.commit, this.#group] = [event, commit, group];
    return isLater;
  }
}

/** Of the tables by name: whether the state of a checkpoint says that all their rows have been read. */
function backfilled(group: Group | undefined): (stream: string) => boolean {
  const tables = Object.entries((group?.state['bindingStateV1'] ?? {}) as Record<string, { mode?: unknown }>);
  return (stream) =>
    tables.some(
      ([stateKey, { mode }]) =>
        mode === 'Active' && stateKey.replace(/\.v[0-9]+$/, '').endsWith(`%2F${encodeURIComponent(stream)}`),
    );
}
