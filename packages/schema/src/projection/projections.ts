// The projections of a collection: which fields its documents have, for tables and the like.
//
// Flow protocol, in this order of precedence: explicit projections; the document itself; its publication time; the
// truncation indicator; the key; every location that the read schema names. Sorted by field, the first of a name wins.

import type { Inference, Projection } from '@weir/protocol';
import { errors } from '../errors.ts';
import { compareStrings } from '../json/compare.ts';
import { parsePointer } from '../json/pointer.ts';
import type { JsonValue } from '../json/value.ts';
import { shapeFromSchema } from '../shape/from-schema.ts';
import { knownLocations, locate } from '../shape/locate.ts';
import type { Shape } from '../shape/shape.ts';
import { checkKey, isKeyable } from './collection-key.ts';
import { inferenceOf, publicationTime, truncationIndicator } from './inference.ts';

const DOCUMENT_FIELD = 'flow_document';
const TIME_FIELD = 'flow_published_at';
const UUID_POINTER = '/_meta/uuid';
/** As the location of an explicit projection: the publication time. */
const TIME_POINTER = '/_meta/uuid/date-time';
const TRUNCATION_POINTER = '/_meta/flow_truncated';

export interface ExplicitProjection {
  /** A JSON pointer. */
  readonly location: string;
  /** Whether it is a logical partition of the collection. */
  readonly partition?: boolean;
}

export interface CollectionModel {
  /** JSON pointers. */
  readonly key: readonly string[];
  /** The effective read schema, with everything it refers to: what `composeReadSchema` returns, or the only schema. */
  readonly schema: string;
  /** Checked for the key too, when given. */
  readonly writeSchema?: string;
  readonly projections?: Readonly<Record<string, ExplicitProjection>>;
  /** Schemas that `$ref`s may name, by URI. */
  readonly refs?: Readonly<Record<string, JsonValue>>;
}

/**
 * All projections, sorted by field. Throws COLLECTION_SCHEMA_NOT_OBJECT, COLLECTION_KEY_INVALID, SCHEMA_INVALID, or
 * PROJECTION_INVALID when an explicit projection gives a location's own name to another location, or partitions by
 * what is no scalar.
 */
export function projectionsOf(collection: CollectionModel): Projection[] {
  const options = collection.refs === undefined ? {} : { refs: collection.refs };
  const shape = shapeFromSchema(collection.schema, options);
  const hasWriteSchema = collection.writeSchema !== undefined;
  if (collection.writeSchema !== undefined) {
    checkKey(shapeFromSchema(collection.writeSchema, options), collection.key, 'the write schema');
  }
  checkKey(shape, collection.key, hasWriteSchema ? 'the read schema' : 'the schema');
  const key = new Set(collection.key);
  const found = [
    ...explicitProjections(shape, collection.projections ?? {}, key),
    ...builtInProjections(shape, collection.projections ?? {}),
    ...collection.key.map((pointer) =>
      projection(pointer, fieldOf(pointer), inferenceAt(shape, pointer), true),
    ),
    ...locationProjections(shape, key),
  ];
  const byField = new Map<string, Projection>();
  for (const each of found) if (!byField.has(each.field)) byField.set(each.field, each);
  return [...byField.values()].sort((left, right) => compareStrings(left.field, right.field));
}

function explicitProjections(
  shape: Shape,
  explicit: Readonly<Record<string, ExplicitProjection>>,
  key: ReadonlySet<string>,
): Projection[] {
  const canonical = canonicalFields(shape, key);
  return Object.entries(explicit).map(([field, { location, partition = false }]) => {
    const owner = canonical.get(field);
    if (owner !== undefined && owner !== location) {
      throw errors.PROJECTION_INVALID({
        message: `the field '${field}' is the name of the location '${owner}' and cannot be a projection of '${location}'`,
      });
    }
    const isTime = location === TIME_POINTER;
    const at = locate(shape, parsePointer(location));
    if (partition && (isTime || !isKeyable(at.shape.types) || at.exists !== 'MUST')) {
      throw errors.PROJECTION_INVALID({
        message: `the field '${field}' cannot partition the collection: '${location}' is not a string, integer or boolean of every document`,
      });
    }
    return {
      ptr: isTime ? UUID_POINTER : location,
      field,
      explicit: true,
      isPartitionKey: partition,
      isPrimaryKey: key.has(location),
      inference: isTime ? publicationTime : inferenceOf(at),
    };
  });
}

/** Names that belong to one location, by field. */
function canonicalFields(shape: Shape, key: ReadonlySet<string>): Map<string, string> {
  const fields = new Map([
    [DOCUMENT_FIELD, ''],
    [TIME_FIELD, TIME_POINTER],
    [fieldOf(TRUNCATION_POINTER), TRUNCATION_POINTER],
  ]);
  for (const pointer of [...key, ...projectedPointers(shape)]) {
    if (!fields.has(fieldOf(pointer))) fields.set(fieldOf(pointer), pointer);
  }
  return fields;
}

function builtInProjections(
  shape: Shape,
  explicit: Readonly<Record<string, ExplicitProjection>>,
): Projection[] {
  const locations = new Set(Object.values(explicit).map(({ location }) => location));
  return [
    ...(locations.has('') ? [] : [projection('', DOCUMENT_FIELD, inferenceAt(shape, ''), false)]),
    ...(locations.has(TIME_POINTER) ? [] : [projection(UUID_POINTER, TIME_FIELD, publicationTime, false)]),
    projection(TRUNCATION_POINTER, fieldOf(TRUNCATION_POINTER), truncationIndicator, false),
  ];
}

function locationProjections(shape: Shape, key: ReadonlySet<string>): Projection[] {
  return projectedPointers(shape).map((pointer) => {
    return projection(pointer, fieldOf(pointer), inferenceAt(shape, pointer), key.has(pointer));
  });
}

/** The locations that the schema names, but for the root, those named '' and one that would take the document's field. */
function projectedPointers(shape: Shape): string[] {
  return knownLocations(shape)
    .map(({ pointer }) => pointer)
    .filter((pointer) => pointer !== '' && !pointer.endsWith('/') && pointer !== `/${DOCUMENT_FIELD}`);
}

function inferenceAt(shape: Shape, pointer: string): Inference {
  return inferenceOf(locate(shape, parsePointer(pointer)));
}

/** A location's own field name: the pointer without its first slash, escapes kept. */
function fieldOf(pointer: string): string {
  return pointer.slice(1);
}

function projection(ptr: string, field: string, inference: Inference, isPrimaryKey: boolean): Projection {
  return { ptr, field, explicit: false, isPartitionKey: false, isPrimaryKey, inference };
}
