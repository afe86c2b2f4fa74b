// What a table could take, before it is known whether there is one. Source of the rules: the field constraints of
// Flow's SQL materializations; the first that matches counts.

import type { ConstraintType, Projection } from '@weir/protocol';
import { formattedNumeric, typesBesideNull } from './field-type.ts';

export interface Verdict {
  readonly type: Exclude<ConstraintType, 'INVALID'>;
  readonly reason: string;
}

export interface BaseConstraintOptions {
  readonly deltaUpdates: boolean;
  /** The table has no column for the whole document, which is put together from the columns of its properties. */
  readonly noFlowDocument: boolean;
}

export function isRootDocument(projection: Projection): boolean {
  return projection.ptr === '';
}

/** The constraint of one projection in a new table of an SQL endpoint. */
export function baseConstraint(projection: Projection, options: BaseConstraintOptions): Verdict {
  const { deltaUpdates, noFlowDocument } = options;
  if (projection.isPrimaryKey)
    return verdict('LOCATION_RECOMMENDED', 'Every key of the collection is recommended');
  if (isRootDocument(projection)) return rootConstraint(deltaUpdates, noFlowDocument);
  const types = typesBesideNull(projection);
  if (projection.inference.types.length === 0) {
    return verdict(
      'FIELD_FORBIDDEN',
      'No value is possible at this location, so there is nothing to materialize',
    );
  }
  if (types.length === 0) {
    return verdict(
      'FIELD_FORBIDDEN',
      'Only null is possible at this location, so there is nothing to materialize',
    );
  }
  if (!deltaUpdates && noFlowDocument && isTopLevel(projection) && projection.inference.exists === 'MUST') {
    return verdict(
      'LOCATION_REQUIRED',
      'Without a column for the document, each of its required properties is needed',
    );
  }
  if (projection.field === '_meta/op')
    return verdict('LOCATION_RECOMMENDED', 'The operation type is recommended');
  if (projection.field.startsWith('_meta/')) return verdict('FIELD_OPTIONAL', 'Metadata can be materialized');
  if (formattedNumeric(projection) !== undefined)
    return verdict('LOCATION_RECOMMENDED', 'The location has one scalar type');
  if (types.length > 1) return verdict('LOCATION_RECOMMENDED', 'The location can be materialized as JSON');
  if (types[0] === 'object') return verdict('FIELD_OPTIONAL', 'Objects can be materialized');
  if (types[0] === 'array') return verdict('LOCATION_RECOMMENDED', 'Arrays are recommended');
  return verdict('LOCATION_RECOMMENDED', 'The location has one scalar type');
}

function rootConstraint(deltaUpdates: boolean, noFlowDocument: boolean): Verdict {
  if (noFlowDocument) return verdict('FIELD_OPTIONAL', 'The document is optional without a column for it');
  if (deltaUpdates) return verdict('LOCATION_RECOMMENDED', 'The document is recommended with delta updates');
  return verdict('LOCATION_REQUIRED', 'The document is needed for standard updates');
}

function isTopLevel({ ptr }: Projection): boolean {
  return ptr.startsWith('/') && ptr.indexOf('/', 1) === -1;
}

function verdict(type: Verdict['type'], reason: string): Verdict {
  return { type, reason };
}
