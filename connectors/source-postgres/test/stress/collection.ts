// One bound table and its collection, as the checks see them.

import type { Json } from '../capture-harness.ts';
import type { StressDocument } from './committed.ts';
import type { Note } from './ledger.ts';
import type { StressPlan, TablePlan } from './stress-plan.ts';

export type Row = { readonly [column: string]: Json };

/** A document and the number of the checkpoint that committed it. */
export interface Received extends StressDocument {
  readonly group: number;
}

export interface Collection {
  readonly plan: StressPlan;
  readonly table: TablePlan;
  readonly stream: string;
  /** Since its collection was last emptied. */
  readonly documents: readonly Received[];
  readonly notes: readonly Note[];
  /** What is in the table now, by key; of tables without a key by stamp. */
  readonly rows: ReadonlyMap<string, Row>;
}

/** Columns of a row that the document does not have as they are in the table. */
export function differingColumns(collection: Collection, row: Row, document: Row): string[] {
  const { table, notes } = collection;
  const altered = notes.findLast(({ kind }) => kind === 'alter')?.newStamp ?? 0;
  const constant = new Set([...table.columns.map(({ name }) => name), 'stamp', 'n', 'grp', 'big']);
  // Rows that were written before the table was altered may have been captured as they were then.
  const isCurrent = Number(row['stamp']) > altered;
  return Object.keys(row).filter((name) => {
    if (!constant.has(name) && !isCurrent) return false;
    // An update that left it alone does not have it, and there was nothing to merge it with.
    if (name === 'big' && table.mode === 'Only Changes' && table.identity !== 'full' && !('big' in document))
      return false;
    return JSON.stringify(document[name]) !== JSON.stringify(row[name]);
  });
}

/** At most a few, and how many there are. */
export function shortened(texts: readonly string[], most = 5): string {
  const more = texts.length > most ? ` … and ${texts.length - most} more` : '';
  return `${texts.slice(0, most).join('; ')}${more}`;
}
