// A collection as connectors see it: its schemas with everything substituted that they refer to, and its projections.

import { UUID_PLACEHOLDER } from '@weir/protocol';
import type { CollectionSpec, JsonText } from '@weir/protocol';
import { composeReadSchema, projectionsOf } from '@weir/schema';
import type { CollectionModel } from '../catalog/model.ts';
import { formatPlace } from '../catalog/place.ts';
import { errors } from '../errors.ts';

const ackTemplate = `{"_meta":{"ack":true,"uuid":"${UUID_PLACEHOLDER}"}}`;

/** What was built last: when the schema of one collection has grown, the others of its tasks stay. */
const built = new WeakMap<CollectionModel, { inferred: JsonText | undefined; spec: CollectionSpec }>();

/** Errors: BUILD_COLLECTION_INVALID with the collection's place. `inferred` is undefined before anything was captured. */
export function buildCollection(model: CollectionModel, inferred: JsonText | undefined): CollectionSpec {
  const last = built.get(model);
  if (last !== undefined && last.inferred === inferred) return last.spec;
  const spec = newCollection(model, inferred);
  built.set(model, { inferred, spec });
  return spec;
}

function newCollection(model: CollectionModel, inferred: JsonText | undefined): CollectionSpec {
  const { name, key, writeSchema } = model;
  try {
    const readSchema =
      model.readSchema === undefined
        ? undefined
        : composeReadSchema({
            readSchema: model.readSchema,
            writeSchema,
            key,
            ...(inferred === undefined ? {} : { inferredSchema: inferred }),
          });
    const projections = projectionsOf({
      key,
      schema: readSchema ?? writeSchema,
      ...(readSchema === undefined ? {} : { writeSchema }),
      projections: model.projections,
    });
    return {
      name,
      key,
      uuidPtr: '/_meta/uuid',
      partitionFields: projections
        .filter((projection) => projection.isPartitionKey)
        .map(({ field }) => field),
      projections,
      ackTemplate,
      writeSchema,
      ...(readSchema === undefined ? {} : { readSchema }),
    };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw errors.BUILD_COLLECTION_INVALID({
      message: `${formatPlace(model.place)}: the collection ${name} cannot be used: ${reason}`,
      cause,
    });
  }
}
