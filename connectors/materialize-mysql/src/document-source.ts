// Where the stored document of a row comes from.

import type { Column, FieldWriter, Table } from '@weir/materialize-sql';
import { documentOfColumns } from './document-of-columns.ts';
import type { TimeZone } from './time-zone.ts';

export interface DocumentSource {
  /** What has to be read of a row. */
  readonly columns: readonly Column<FieldWriter>[];
  /** The document, from the values of those columns; undefined when the row has none. */
  document(values: readonly (Buffer | null)[]): Buffer | undefined;
}

/** Undefined: nothing is ever loaded from the table. */
export function documentSource(table: Table<FieldWriter>, zone: TimeZone): DocumentSource | undefined {
  if (table.deltaUpdates) return undefined;
  if (table.document === undefined) return documentOfColumns(table, zone);
  return { columns: [table.document], document: ([document]) => document ?? undefined };
}
