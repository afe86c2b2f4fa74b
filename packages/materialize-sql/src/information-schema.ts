// Reading a catalogue of the standard form: tables first, because a table may have no columns.

import {
  type EndpointNaming,
  type ExistingField,
  type ExistingResource,
  InfoSchema,
} from '@weir/materialize';

export interface TableRow {
  readonly schema: string;
  readonly table: string;
  readonly meta?: unknown;
}

export interface ColumnRow extends ExistingField {
  readonly schema: string;
  readonly table: string;
}

export interface CatalogueRows {
  readonly namespaces: readonly string[];
  readonly tables: readonly TableRow[];
  readonly columns: readonly ColumnRow[];
}

/** The schemas that have to be read: those of the bindings and of the checkpoints table. */
export function schemasOf(
  locations: readonly (readonly string[])[],
  checkpointsNamespaces: readonly string[],
): string[] {
  const named = locations.flatMap((location) => location.slice(-2, -1));
  return [...new Set([...checkpointsNamespaces, ...named])].sort();
}

/** `location` gives the parts by which resources are looked up, from schema and table. */
export function infoSchemaOf(
  naming: EndpointNaming,
  { namespaces, tables, columns }: CatalogueRows,
  location: (row: TableRow) => readonly string[] = ({ schema, table }) => [schema, table],
): InfoSchema {
  const keyOf = ({ schema, table }: TableRow): string => JSON.stringify([schema, table]);
  const fields = new Map<string, ExistingField[]>();
  for (const row of columns) {
    const { schema, table, ...field } = row;
    const key = keyOf({ schema, table });
    const found = fields.get(key);
    if (found === undefined) fields.set(key, [field]);
    else found.push(field);
  }
  const resources = tables.map((row): ExistingResource => ({
    location: location(row),
    fields: fields.get(keyOf(row)) ?? [],
    meta: row.meta,
  }));
  return new InfoSchema(naming, { namespaces, resources });
}
