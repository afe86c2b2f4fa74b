// Where the stored document of a row comes from.

import type { Column, FieldWriter, Table } from '@weir/materialize-sql';

export interface DocumentSource {
  /** What has to be read of a row. */
  readonly columns: readonly Column<FieldWriter>[];
  /** The document, from the values of those columns; undefined when the row has none. */
  document(values: readonly (Buffer | null)[]): Buffer | undefined;
}

/** Undefined: nothing is ever loaded from the table. */
export function documentSource(table: Table<FieldWriter>): DocumentSource | undefined {
  if (table.deltaUpdates || table.document === undefined) return undefined;
  return { columns: [table.document], document: ([document]) => document ?? undefined };
}
