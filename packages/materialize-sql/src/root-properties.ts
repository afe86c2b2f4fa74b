// The properties at the root of a document that have columns, out of which one without a column of its own is put together.

import type { Projection } from '@weir/protocol';
import type { Column, Table } from './table.ts';

/** By the names of the properties, in the order of the columns. */
export function rootProperties<Convert>(
  table: Pick<Table<Convert>, 'columns'>,
): ReadonlyMap<string, Column<Convert>> {
  const properties = new Map<string, Column<Convert>>();
  for (const column of table.columns) {
    const { ptr } = column.projection;
    if (!ptr.startsWith('/') || ptr.includes('/', 1)) continue;
    const property = ptr.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');
    if (!properties.has(property)) properties.set(property, column);
  }
  return properties;
}

/** A null in the column stands for a property that is not there, as the schema lets it be absent but not null. */
export function isAbsentWhenNull({ inference }: Projection): boolean {
  return inference.exists !== 'MUST' && !inference.types.includes('null');
}
