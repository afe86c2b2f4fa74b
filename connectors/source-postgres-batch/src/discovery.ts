// What the system catalogues say: the tables a capture could have, as bindings, and the schemas of tables that are bound.

import type { DiscoveredResource } from '@weir/capture';
import type { Logger } from '@weir/connector';
import { arrayLiteral, type SqlSession, TypeCatalog } from '@weir/postgres';
import {
  batchSourcedSchema,
  type BatchResource,
  type BatchTable,
  batchWriteSchema,
  recommendedResourceName,
  ROW_ID_KEY,
} from '@weir/sqlbatch';
import type { SourceSettings } from './config.ts';
import type { Table } from './default-query.ts';
import { batchColumnSchema } from './values.ts';

const systemSchemas = ['pg_catalog', 'pg_internal', 'information_schema', 'catalog_history', 'cron'];

interface Relation extends Table {
  readonly oid: string;
  readonly kind: string;
}

async function readRelations(
  sql: SqlSession,
  condition: string,
  parameters: readonly string[],
): Promise<Relation[]> {
  const rows = await sql.rows(
    'cannot list the tables',
    `SELECT c.oid, n.nspname, c.relname, c.relkind
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't' AND ${condition}
      ORDER BY n.nspname, c.relname`,
    parameters,
  );
  return rows.map((row) => ({
    oid: row['oid'] ?? '',
    schema: row['nspname'] ?? '',
    table: row['relname'] ?? '',
    kind: row['relkind'] ?? '',
  }));
}

/** The columns and keys of these relations, by their OID. */
async function readTables(
  sql: SqlSession,
  relations: readonly Relation[],
): Promise<ReadonlyMap<string, BatchTable>> {
  const oids = [`{${relations.map(({ oid }) => oid).join(',')}}`];
  const keys = await sql.rows(
    'cannot list the keys',
    `SELECT i.indrelid AS oid, a.attname
       FROM pg_catalog.pg_index i
      CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
       JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
       JOIN pg_catalog.pg_constraint p ON p.conindid = i.indexrelid AND p.contype = 'p' AND p.conrelid = i.indrelid
      WHERE i.indrelid = ANY ($1::oid[]) AND i.indisprimary AND k.attnum = ANY (p.conkey)
      ORDER BY i.indrelid, k.position`,
    oids,
  );
  const columns = await sql.rows(
    'cannot list the columns',
    `SELECT a.attrelid AS oid, a.attname, a.atttypid, a.atttypmod, a.attnotnull OR t.typnotnull AS notnull,
            pg_catalog.col_description(a.attrelid, a.attnum) AS comment
       FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
      ORDER BY a.attrelid, a.attnum`,
    oids,
  );
  const types = new TypeCatalog();
  await types.load(
    await sql.connection(),
    columns.map((column) => Number(column['atttypid'])),
  );
  const keysOf = Map.groupBy(keys, (row) => row['oid'] ?? '');
  const columnsOf = Map.groupBy(columns, (row) => row['oid'] ?? '');
  return new Map(
    relations.map(({ oid }) => {
      const key = (keysOf.get(oid) ?? []).map((row) => row['attname'] ?? '');
      return [
        oid,
        {
          key,
          columns: (columnsOf.get(oid) ?? []).map((column) => ({
            name: column['attname'] ?? '',
            schema: batchColumnSchema({
              type: types.get(Number(column['atttypid'])),
              typeModifier: Number(column['atttypmod']),
              nullable: column['notnull'] !== 't',
              comment: column['comment'] ?? undefined,
              isKey: key.includes(column['attname'] ?? ''),
            }),
          })),
        },
      ];
    }),
  );
}

export async function discoverBindings(
  sql: SqlSession,
  settings: SourceSettings,
  discoverViews: boolean,
  log: Logger,
): Promise<DiscoveredResource<BatchResource>[]> {
  const found = await readRelations(
    sql,
    'NOT c.relispartition AND n.nspname <> ALL ($1::text[]) AND (cardinality($2::text[]) = 0 OR n.nspname = ANY ($2::text[]))',
    [arrayLiteral(systemSchemas), arrayLiteral(settings.includeSchemas)],
  );
  const relations = found.filter(({ kind, schema, table }) => {
    if (kind === 'r' || kind === 'p') return true;
    if (kind === 'v') return discoverViews;
    log.warn('a foreign table or materialized view is not discovered', { schema, table });
    return false;
  });
  const tables = await readTables(sql, relations);
  const names = new Set<string>();
  return relations.map(({ oid, schema, table, kind }) => {
    const info = tables.get(oid) ?? { key: [], columns: [] };
    const name = distinctName(recommendedResourceName(schema, table), names);
    const rowKey = settings.flags.keyless_row_id ? ROW_ID_KEY : ['/_meta/polled', '/_meta/index'];
    return {
      recommendedName: recommendedCollection(schema, table),
      resource: { name, schema, table, ...(kind === 'v' ? {} : { cursor: ['txid'] }) },
      documentSchema: batchWriteSchema(info, { sourceTag: settings.sourceTag }),
      key: info.key.length > 0 ? info.key.map(pointer) : rowKey,
      resourcePath: [name],
      isFallbackKey: info.key.length === 0,
    };
  });
}

/** Tables whose names differ only in what a resource's name cannot hold get a number. */
function distinctName(name: string, taken: Set<string>): string {
  let distinct = name;
  for (let number = 2; taken.has(distinct); number += 1) distinct = `${name}_${number}`;
  taken.add(distinct);
  return distinct;
}

function recommendedCollection(schema: string, table: string): string {
  const part = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9\-_.]/gu, '_');
  return `${part(schema)}/${part(table)}`;
}

function pointer(column: string): string {
  return `/${column.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** Schemas of the documents of these tables; tables that are gone are left out. */
export async function sourcedSchemas(
  sql: SqlSession,
  bound: readonly (Table & { readonly index: number; readonly hasTransactionId: boolean })[],
  settings: SourceSettings,
): Promise<Map<number, object>> {
  const schemas = [...new Set(bound.map(({ schema }) => schema))];
  const names = [...new Set(bound.map(({ table }) => table))];
  const relations = await readRelations(
    sql,
    'n.nspname = ANY ($1::text[]) AND c.relname = ANY ($2::text[])',
    [arrayLiteral(schemas), arrayLiteral(names)],
  );
  const tables = await readTables(sql, relations);
  const result = new Map<number, object>();
  for (const { index, schema, table, hasTransactionId } of bound) {
    const relation = relations.find((each) => each.schema === schema && each.table === table);
    const info = relation === undefined ? undefined : tables.get(relation.oid);
    if (info === undefined) continue;
    const extra = { txid: { type: 'integer', description: 'Id of the transaction that wrote the row.' } };
    result.set(
      index,
      batchSourcedSchema(info, { sourceTag: settings.sourceTag }, hasTransactionId ? extra : {}),
    );
  }
  return result;
}
