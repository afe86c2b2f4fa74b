// What holds for all documents of all tables together: the state never moves back, and the changes come in the order of
// the log, each once, and each transaction within one checkpoint.

import type { Group } from './committed.ts';

export function orderProblems(groups: readonly Group[]): string[] {
  const problems: string[] = [];
  let cursor = 0n;
  let [lastEvent, lastCommit, lastGroup] = [-1, -1, -1];
  for (const [index, group] of groups.entries()) {
    if (group.cursor < cursor)
      problems.push(`checkpoint ${index} moves back from ${cursor} to ${group.cursor}`);
    cursor = group.cursor;
    for (const { isSnapshot, loc, stream, key } of group.documents) {
      if (isSnapshot) continue;
      const [, event = NaN, commit = NaN] = loc;
      const where = `${stream} ${key} at ${loc.join(',')}`;
      if (commit < lastCommit || (commit === lastCommit && event <= lastEvent))
        problems.push(`${where} comes after ${lastEvent},${lastCommit}`);
      if (commit === lastCommit && lastGroup !== index)
        problems.push(`${where}: a checkpoint divides its transaction`);
      [lastEvent, lastCommit, lastGroup] = [event, commit, index];
    }
  }
  return problems;
}
