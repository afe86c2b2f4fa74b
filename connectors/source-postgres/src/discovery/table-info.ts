// From what the catalogues say about a table to what the engine needs to know of it.

import {
  columnSchema,
  isByteOrdered,
  isByteOrderedUnderC,
  orderType,
  type PgType,
  type SqlSession,
  type TypeCatalog,
  type ValueStyle,
} from '@weir/postgres';
import { type ByteOrder, collectionKey, type TableInfo } from '@weir/sqlcapture';
import type { PgRelationInfo } from './relations.ts';

/** Makes sure the catalog knows every type of these tables. */
export async function loadTypes(
  sql: SqlSession,
  catalog: TypeCatalog,
  typeOids: readonly number[],
): Promise<void> {
  if (typeOids.every((oid) => catalog.has(oid))) return;
  await catalog.load(await sql.connection(), typeOids);
}

export function tableInfo(relation: PgRelationInfo, catalog: TypeCatalog, style: ValueStyle): TableInfo {
  const generated = new Set(relation.columns.filter((column) => column.generated).map(({ name }) => name));
  const keys = {
    primaryKey: relation.primaryKey,
    uniqueKey: relation.uniqueKey,
    uniqueKeys: relation.uniqueKeys,
  };
  const withoutSchemas: TableInfo = {
    namespace: relation.namespace,
    name: relation.name,
    identity: String(relation.oid),
    ...keys,
    columns: relation.columns.map(({ name, notNull, generated: omitted }) => ({
      name,
      nullable: !notNull,
      schema: {},
      omitted,
      byteOrder: 'never',
    })),
    isBaseTable: true,
  };
  const key = collectionKey(withoutSchemas).columns;
  return {
    ...withoutSchemas,
    columns: relation.columns.map((column) => ({
      name: column.name,
      nullable: !column.notNull,
      omitted: generated.has(column.name),
      byteOrder: byteOrder(catalog.get(column.typeOid)),
      orderType: orderType(catalog.get(column.typeOid)),
      schema: columnSchema({
        type: catalog.get(column.typeOid),
        typeModifier: column.typeModifier,
        nullable: !column.notNull,
        comment: column.comment,
        isKey: key.includes(column.name),
        style,
      }),
    })),
  };
}

function byteOrder(type: PgType): ByteOrder {
  if (isByteOrdered(type)) return 'always';
  return isByteOrderedUnderC(type) ? 'when precise' : 'never';
}
