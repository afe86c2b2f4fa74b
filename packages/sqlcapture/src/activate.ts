// A Pending table gets the mode and the key its backfill works with, from its binding and what discovery found.

import type { SqlBinding } from './binding.ts';
import { errors } from './errors.ts';
import { configuredKeyColumns } from './reconcile.ts';
import { backfillFilter, resourceStream } from './resource.ts';
import { byteOrderOf } from './scan-key.ts';
import { streamLabel } from './stream-id.ts';
import { pendingTable, type TableMetadata, type TableState } from './state.ts';
import type { TableInfo } from './table-info.ts';
import type { TableMode } from './backfill-mode.ts';

/** Throws SQL_TABLE_NOT_FOUND, SQL_FALLBACK_KEY. */
export function activateTable(
  binding: Pick<SqlBinding, 'resource' | 'collectionKey'>,
  table: TableInfo | undefined,
  metadata: TableMetadata | undefined,
): TableState {
  if (table === undefined) {
    throw errors.SQL_TABLE_NOT_FOUND({
      message: `the bound table ${streamLabel(resourceStream(binding.resource))} does not exist or cannot be seen by the user`,
    });
  }
  if (!table.isBaseTable) return { ...pendingTable, mode: 'Ignore' };
  const mode = startingMode(binding, table);
  const keyColumns = mode === 'KeylessBackfill' ? undefined : configuredKeyColumns(binding);
  if (keyColumns === undefined && (mode === 'Backfill' || mode === 'UnfilteredBackfill')) {
    throw fallbackKeyError(binding);
  }
  return { ...pendingTable, mode, keyColumns, metadata };
}

function startingMode(binding: Pick<SqlBinding, 'resource' | 'collectionKey'>, table: TableInfo): TableMode {
  switch (binding.resource.mode ?? '') {
    case '':
      return isOrdered(binding, table) && backfillFilter(binding.resource) === undefined
        ? 'Backfill'
        : 'UnfilteredBackfill';
    case 'Precise':
      return 'Backfill';
    case 'Normal':
      return 'UnfilteredBackfill';
    case 'Without Primary Key':
      return 'KeylessBackfill';
    case 'Only Changes':
      return 'Active';
    default:
      return 'Pending';
  }
}

/** Whether any scan gives the rows in the order of packed keys; a precise one of other keys may have no index to go by. */
function isOrdered(binding: Pick<SqlBinding, 'resource' | 'collectionKey'>, table: TableInfo): boolean {
  return byteOrderOf(table, configuredKeyColumns(binding) ?? []) === 'always';
}

export function fallbackKeyError(binding: Pick<SqlBinding, 'resource'>) {
  const table = streamLabel(resourceStream(binding.resource));
  return errors.SQL_FALLBACK_KEY({
    message: `the collection of ${table} is keyed by the position of its changes, which a keyed backfill cannot use`,
  });
}
