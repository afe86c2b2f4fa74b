// What validation and planning have to know about a SQL destination, out of its dialect.

import {
  baseConstraint,
  type EndpointNaming,
  type EndpointRules,
  IDENTICAL_NAMING,
  isRootDocument,
  parseFieldConfig,
} from '@weir/materialize';
import { acceptsExisting, type Dialect } from './dialect.ts';

/** Flags of a task that change what validation allows and a backfill does. */
export interface TableOptions {
  readonly allowExistingTables: boolean;
  readonly retainExistingData: boolean;
  readonly alwaysReplaceTables: boolean;
}

export const defaultTableOptions: TableOptions = {
  allowExistingTables: false,
  retainExistingData: false,
  alwaysReplaceTables: false,
};

export function endpointRules(
  dialect: Dialect<unknown>,
  options: TableOptions = defaultTableOptions,
): EndpointRules {
  return {
    ...options,
    maxFieldLength: dialect.maxFieldLength,
    canTruncate: dialect.canTruncate,
    baseConstraint: (projection, { deltaUpdates }) =>
      baseConstraint(projection, { deltaUpdates, noFlowDocument: false }),
    mapType(projection, { isKey, fieldConfig }) {
      const type = isRootDocument(projection)
        ? dialect.documentType
        : dialect.columnType(projection, isKey, parseFieldConfig(projection.field, fieldConfig));
      return {
        text: type?.ddl ?? 'no type',
        compatible: (existing) => type !== undefined && acceptsExisting(type, existing.type),
        canMigrate: (existing) =>
          type !== undefined && dialect.canMigrate(existing.type.toLowerCase(), type.ddl),
      };
    },
  };
}

export function endpointNaming(dialect: Dialect<unknown>): EndpointNaming {
  return {
    ...IDENTICAL_NAMING,
    caseInsensitiveFields: dialect.caseInsensitiveFields,
    caseInsensitiveResources: dialect.caseInsensitiveTables,
  };
}
