// A collection that nothing merges: each version of a row, known by its stamp, comes at most once, and taking away what
// was updated and deleted leaves the rows of the table.

import { differingColumns, type Collection, type Row } from './collection.ts';

export function keylessProblems(collection: Collection): string[] {
  const { stream, documents, rows, table } = collection;
  const problems: string[] = [];
  const live = new Map<string, Row>();
  const seen = new Set<string>();
  const keys = new Set<string>();
  for (const { key, op, stamp, oldStamp, document, isSnapshot, group } of documents) {
    if (keys.has(key)) problems.push(`the position ${key} came twice`);
    keys.add(key);
    if (op !== 'c') live.delete(String(oldStamp));
    if (op === 'd') {
      if (oldStamp === undefined) problems.push(`a delete at ${key} does not say of what`);
      continue;
    }
    const name = String(stamp);
    if (seen.has(name))
      problems.push(`the row ${name} came twice, by ${isSnapshot ? 'the scan' : op}@${group}`);
    seen.add(name);
    live.set(name, document);
  }
  const ledger = replay(collection);
  for (const [stamp, row] of rows) {
    const document = live.get(stamp);
    if (document === undefined) {
      if (table.mode !== 'Only Changes' || ledger.later.has(stamp))
        problems.push(`the row ${stamp} never came`);
      continue;
    }
    const columns = differingColumns(collection, row, document);
    if (columns.length > 0) problems.push(`the row ${stamp} has other values of ${columns.join(', ')}`);
  }
  for (const stamp of live.keys())
    if (!rows.has(stamp) && !ledger.truncated.has(stamp))
      problems.push(`the row ${stamp} is left though it is gone`);
  if (table.mode === 'Only Changes')
    for (const stamp of ledger.later) if (!seen.has(stamp)) problems.push(`the change ${stamp} never came`);
  return problems.map((problem) => `${stream}: ${problem}`);
}

interface Replay {
  /** Rows that a TRUNCATE took away. */
  readonly truncated: ReadonlySet<string>;
  /** Rows written since the table was seen to be Active. */
  readonly later: ReadonlySet<string>;
}

function replay({ notes }: Collection): Replay {
  const live = new Set<string>();
  const truncated = new Set<string>();
  const later = new Set<string>();
  for (const { kind, oldStamp, newStamp, isLater } of notes) {
    if (kind === 'truncate') {
      for (const stamp of live) truncated.add(stamp);
      live.clear();
    }
    if (oldStamp !== undefined) live.delete(String(oldStamp));
    if (newStamp === undefined || (kind !== 'insert' && kind !== 'update')) continue;
    live.add(String(newStamp));
    if (isLater) later.add(String(newStamp));
  }
  return { truncated, later };
}
