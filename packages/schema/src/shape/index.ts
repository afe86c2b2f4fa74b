export { intersect, itemShape, propertyShape, union } from './combine.ts';
export { shapeFromSchema, type ShapeOptions } from './from-schema.ts';
export {
  applySourcedSchemas,
  emptyInferredSchema,
  inferredSchemaFromText,
  inferredSchemaText,
  mergeInferredSchemas,
  widenInferredSchema,
  type InferredSchema,
} from './inferred-schema.ts';
export {
  countLocations,
  DEFAULT_COMPLEXITY,
  enforceLimits,
  MAX_COMPLEXITY,
  MAX_INFERRED_DEPTH,
} from './limits.ts';
export { knownLocations, locate, type KnownLocation, type Location } from './locate.ts';
export { SchemaIndex, type Located } from './schema-index.ts';
export { anything, cloneShape, nothing, type PatternProperty, type Property, type Shape } from './shape.ts';
export { detectFormat, hasFormat } from './string-format.ts';
export { shapeToSchema } from './to-schema.ts';
export * as types from './types.ts';
export { countCodePoints, shapeFromDocument, widen } from './widen.ts';
