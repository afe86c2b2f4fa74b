// The tables a capture could have, as bindings.

import type { DiscoveredResource } from '@weir/capture';
import type { Logger } from '@weir/connector';
import {
  collectionKey,
  compileTablePattern,
  findStream,
  recommendedName,
  type ResourceConfig,
  type SchemaOptions,
  streamLabel,
  writeSchema,
} from '@weir/sqlcapture';
import type { SourceSettings } from '../config.ts';
import type { EndpointConfig } from '../endpoint-schema.ts';
import { META } from '../document/row-table.ts';
import { sourceSchema } from '../document/source-schema.ts';
import { publishedKey, readPublication } from '../publication.ts';
import { type SqlSession, TypeCatalog } from '@weir/postgres';
import { readRelations, type PgRelationInfo } from './relations.ts';
import { loadTypes, tableInfo } from './table-info.ts';

/** Tables that materializations of this system make for themselves. */
const ownTables = new Set(['flow_materializations_v2', 'flow_checkpoints_v1']);
/** A column that every materialized table has. */
const MATERIALIZED_COLUMN = 'flow_published_at';

export function schemaOptions(config: EndpointConfig, settings: SourceSettings): SchemaOptions {
  return {
    sourceSchema: sourceSchema(settings.sourceTag),
    historyMode: config.historyMode,
    inferSchema: settings.flags.use_schema_inference,
  };
}

export async function discoverBindings(
  sql: SqlSession,
  config: EndpointConfig,
  settings: SourceSettings,
  log: Pick<Logger, 'warn'>,
): Promise<DiscoveredResource<ResourceConfig>[]> {
  const filters = config.discoveryFilters;
  const includeSchemas = [...(filters.include_schemas ?? []), ...(config.advanced.discover_schemas ?? [])];
  const found = await readRelations(sql, {
    includeSchemas,
    asPartitions: config.advanced.capture_as_partitions ?? false,
  });
  const selected = await selectRelations(sql, config, settings, found);
  const relations = selected.filter((relation) => hasRoomForMetadata(relation, log));
  const catalog = new TypeCatalog();
  await loadTypes(
    sql,
    catalog,
    relations.flatMap((relation) => relation.columns.map((column) => column.typeOid)),
  );
  const options = schemaOptions(config, settings);
  return relations.map((relation) => {
    const table = tableInfo(relation, catalog, settings.style);
    const key = collectionKey(table);
    const { namespace, name } = relation;
    return {
      recommendedName: recommendedName(relation),
      resource: { namespace, stream: name, ...(key.keyless ? { mode: 'Without Primary Key' as const } : {}) },
      documentSchema: writeSchema(table, options),
      key: key.pointers,
      resourcePath: [namespace, name],
      isFallbackKey: key.isFallback,
    };
  });
}

function hasRoomForMetadata(relation: PgRelationInfo, log: Pick<Logger, 'warn'>): boolean {
  if (!relation.columns.some((column) => column.name === META)) return true;
  log.warn(
    `the table ${streamLabel(relation)} is left out: it has a column ${META}, which is the place of what documents say of themselves; rename the column to capture the table`,
  );
  return false;
}

async function selectRelations(
  sql: SqlSession,
  config: EndpointConfig,
  settings: SourceSettings,
  relations: readonly PgRelationInfo[],
): Promise<PgRelationInfo[]> {
  const filters = config.discoveryFilters;
  const excluded = new Set(filters.exclude_schemas);
  const patterns = (filters.table_patterns ?? []).map(compileTablePattern);
  const unpublished =
    (filters.discover_unpublished_tables ?? false) || (config.advanced.discover_unpublished_tables ?? false);
  const publication = unpublished ? undefined : await readPublication(sql, settings.publication);
  const watermarks = findStream(relations, settings.watermarksTable);
  return relations.filter((relation) => {
    const { namespace, name } = relation;
    if (excluded.has(namespace) || ownTables.has(name) || relation === watermarks) return false;
    if (relation.columns.some((column) => column.name === MATERIALIZED_COLUMN)) return false;
    if (patterns.length > 0 && !patterns.some((matches) => matches(relation))) return false;
    // A publication that does not exist yet will be created, and tables will be added as they are bound.
    if (publication === undefined || !publication.exists) return true;
    return publication.tables.has(publishedKey(namespace, name));
  });
}
