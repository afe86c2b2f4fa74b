// How a table's existing rows are read, as configured per binding, and the mode its state is in.

/** '' lets the engine choose. */
export const backfillModes = ['', 'Normal', 'Precise', 'Only Changes', 'Without Primary Key'] as const;
export type BackfillMode = (typeof backfillModes)[number];

/**
 * Pending: not started. Backfill: reading rows in key order and dropping changes past the last key read.
 * UnfilteredBackfill: reading rows in key order, emitting every change. KeylessBackfill: reading rows in storage
 * order. Active: changes only. Ignore: no binding. Missing: the table is gone.
 */
export const tableModes = [
  'Pending',
  'Backfill',
  'UnfilteredBackfill',
  'KeylessBackfill',
  'Active',
  'Ignore',
  'Missing',
] as const;
export type TableMode = (typeof tableModes)[number];

export function isBackfilling(mode: TableMode): boolean {
  return mode === 'Backfill' || mode === 'UnfilteredBackfill' || mode === 'KeylessBackfill';
}

/** Whether changes of a table in this mode are wanted from the replication stream. */
export function isReplicated(mode: TableMode): boolean {
  return mode === 'Active' || isBackfilling(mode);
}
