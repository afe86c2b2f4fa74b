// What validation and planning have to know about a SQL destination, out of its dialect.

import { baseConstraint, type EndpointNaming, type EndpointRules, parseFieldConfig } from '@weir/materialize';
import { acceptsExisting, type Dialect, migrationOf } from './dialect.ts';

/** Flags of a task that change what validation allows and a backfill does. */
export interface TableOptions {
  readonly allowExistingTables: boolean;
  readonly retainExistingData: boolean;
  readonly alwaysReplaceTables: boolean;
  /** Tables have no column for the document, which is put together from the columns of its properties. */
  readonly noFlowDocument: boolean;
}

export const defaultTableOptions: TableOptions = {
  allowExistingTables: false,
  retainExistingData: false,
  alwaysReplaceTables: false,
  noFlowDocument: false,
};

export function endpointRules(
  dialect: Dialect<unknown>,
  options: TableOptions = defaultTableOptions,
): EndpointRules {
  const { noFlowDocument } = options;
  return {
    ...options,
    maxFieldLength: dialect.maxFieldLength,
    canTruncate: dialect.canTruncate,
    baseConstraint: (projection, { deltaUpdates }) =>
      baseConstraint(projection, { deltaUpdates, noFlowDocument }),
    mapType(projection, { isKey, fieldConfig, resourcePath }) {
      const config = parseFieldConfig(projection.field, fieldConfig);
      const type = dialect.columnType(projection, { isKey, config, resourcePath });
      return {
        text: type?.ddl ?? 'no type',
        takesNull: type?.takesNull ?? false,
        compatible: (existing) => type !== undefined && acceptsExisting(type, existing),
        canMigrate: (existing) => type !== undefined && migrationOf(dialect, existing, type) !== undefined,
      };
    },
  };
}

export function endpointNaming(dialect: Dialect<unknown>): EndpointNaming {
  return {
    locate: dialect.locate,
    translateNamespace: dialect.serverName,
    translateField: dialect.serverName,
    caseInsensitiveFields: dialect.caseInsensitiveFields,
    caseInsensitiveResources: dialect.caseInsensitiveTables,
  };
}
