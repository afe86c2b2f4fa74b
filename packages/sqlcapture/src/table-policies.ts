// What becomes of a table whose rows were exchanged behind the back of the change stream. Its collection then holds rows
// that no document ever took back, so whatever is chosen, it is told.

import type { SqlBinding } from './binding.ts';
import { errors } from './errors.ts';
import { configuredKeyColumns } from './reconcile.ts';
import { resourceStream } from './resource.ts';
import { byteOrderOf } from './scan-key.ts';
import { pendingTable, type TableMetadata, type TableState } from './state.ts';
import { streamLabel } from './stream-id.ts';
import type { TableInfo } from './table-info.ts';

/** On TRUNCATE: go on, read the table anew, or end with an error before anything after it. */
export const truncatePolicies = ['ignore', 'backfill', 'stop'] as const;
export type TruncatePolicy = (typeof truncatePolicies)[number];

/** On another table under the name of a bound one: end with an error, or read it into the same collection. */
export const replacePolicies = ['stop', 'backfill'] as const;
export type ReplacePolicy = (typeof replacePolicies)[number];

const [RELATION, KEY_TYPES, AWAITS_WRITERS] = ['relation', 'key_types', 'awaits_writers'];

/** What the state keeps of a table, to recognise it later. */
export function tableFacts(
  table: TableInfo | undefined,
  keyColumns: readonly string[] | undefined,
): TableMetadata {
  if (table?.identity === undefined) return {};
  const types = (keyColumns ?? []).map(
    (name) => table.columns.find((column) => column.name === name)?.orderType ?? '',
  );
  return {
    ...table.facts,
    [RELATION]: table.identity,
    ...(types.length === 0 ? {} : { [KEY_TYPES]: types.join(',') }),
  };
}

/** Whether the state is of another table than the one with these facts. */
export function isReplaced(known: TableMetadata | undefined, facts: TableMetadata): boolean {
  const [before, now] = [known?.[RELATION], facts[RELATION]];
  return before !== undefined && now !== undefined && String(before) !== String(now);
}

/** Whether the place where a keyed backfill stands means nothing any more, because the key has another order. */
export function isReordered(known: TableMetadata | undefined, facts: TableMetadata): boolean {
  const [before, now] = [known?.[KEY_TYPES], facts[KEY_TYPES]];
  return before !== undefined && now !== undefined && before !== now;
}

/**
 * What is wrong with the key of a precise backfill that was begun before: an order that is not that of packed keys; or one
 * that depends on a collation, by a capture that keeps no facts and read the rows in the server's order. Changes were passed
 * over in the order of bytes.
 */
export function distrustOfKey(state: TableState, table: TableInfo): string | undefined {
  if (state.mode !== 'Backfill') return undefined;
  const isOfOthers = state.scanned !== undefined && state.metadata?.[KEY_TYPES] === undefined;
  switch (byteOrderOf(table, state.keyColumns ?? [])) {
    case 'always':
      return undefined;
    case 'when precise':
      return isOfOthers
        ? 'was read in the order of its collation, which is not the one it is read in now'
        : undefined;
    case 'never':
      return 'has an order that only the server knows, so changes may have been passed over';
    default:
      return undefined;
  }
}

/**
 * A backfill from the beginning, in which every change is emitted: the collection may hold rows with the keys of rows
 * not read yet. Undefined for tables without a key, whose rows would be there twice.
 */
export function renewedTable(binding: SqlBinding, state: TableState): TableState | undefined {
  const keyColumns = configuredKeyColumns(binding) ?? state.keyColumns;
  if (keyColumns === undefined || binding.resource.mode === 'Without Primary Key') return undefined;
  return { ...pendingTable, mode: 'UnfilteredBackfill', keyColumns, metadata: state.metadata };
}

/** Before anything of it is read, transactions have to end that may have written to it before it was published. */
export function awaitingWriters(state: TableState): TableState {
  return { ...state, metadata: { ...state.metadata, [AWAITS_WRITERS]: 1 } };
}

export function awaitsWriters(state: TableState): boolean {
  return state.metadata?.[AWAITS_WRITERS] !== undefined;
}

export function truncatedError(binding: SqlBinding) {
  return errors.SQL_TABLE_TRUNCATED({ message: `the table ${label(binding)} was truncated` });
}

export function rewrittenError(binding: SqlBinding) {
  return errors.SQL_TABLE_REWRITTEN({
    message: `the table ${label(binding)} was rewritten while its rows were read page by page`,
  });
}

export function replacedError(binding: Pick<SqlBinding, 'resource'>) {
  return errors.SQL_TABLE_REPLACED({
    message: `the table ${label(binding)} is not the one that was captured: it was dropped or renamed, and another one has its name`,
  });
}

export function renewedError(binding: SqlBinding) {
  return errors.SQL_TABLE_RENEWED({
    message: `another table has the name ${label(binding)}: the capture starts again to read it`,
  });
}

export function goneError(binding: SqlBinding) {
  return errors.SQL_TABLE_NOT_FOUND({
    message: `the bound table ${label(binding)} was dropped or renamed, or can no longer be seen by the user`,
  });
}

function label(binding: Pick<SqlBinding, 'resource'>): string {
  return streamLabel(resourceStream(binding.resource));
}
