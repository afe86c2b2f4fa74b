export { checkKey, isKeyable } from './collection-key.ts';
export { inferenceOf } from './inference.ts';
export { projectionsOf, type CollectionModel, type ExplicitProjection } from './projections.ts';
export {
  asksForInference,
  composeReadSchema,
  INFERRED_SCHEMA,
  inferredReadSchema,
  inferredSchemaPlaceholder,
  RELAXED_WRITE_SCHEMA,
  WRITE_SCHEMA,
  type ReadSchemaParts,
} from './read-schema.ts';
export { relaxedWriteSchema } from './relaxed-write-schema.ts';
