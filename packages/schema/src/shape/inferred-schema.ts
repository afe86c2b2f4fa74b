// The inferred schema of a collection: a shape that every captured document widens, with the generation of the
// collection it belongs to and a limit to its size. It is stored, and merged, as a JSON Schema. It says what values
// occur and nothing else: titles, defaults, reductions and the like stay with the write schema.

import { errors } from '../errors.ts';
import { canonicalJson } from '../json/stringify.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/value.ts';
import { parseJson } from '../json/parse.ts';
import { intersect, union } from './combine.ts';
import { shapeFromSchema } from './from-schema.ts';
import { DEFAULT_COMPLEXITY, enforceLimits, MAX_COMPLEXITY } from './limits.ts';
import { cloneShape, nothing, orAnything, withoutAnnotations, type Shape } from './shape.ts';
import { shapeToSchema } from './to-schema.ts';
import { ALL_TYPES, ARRAY, OBJECT } from './types.ts';
import { widen } from './widen.ts';

const GENERATION = 'x-collection-generation-id';
const COMPLEXITY = 'x-complexity-limit';

export interface InferredSchema {
  /** Owned: changed in place by the functions below. */
  shape: Shape;
  /** 16 hexadecimal digits, greater for later generations; '' when unknown. */
  generationId: string;
  /** In locations. */
  complexityLimit: number;
}

/** Of a collection without documents: nothing fits it. */
export function emptyInferredSchema(generationId = ''): InferredSchema {
  return { shape: nothing(), generationId, complexityLimit: DEFAULT_COMPLEXITY };
}

/** Widens by one captured document; true when that changed the schema. */
export function widenInferredSchema(inferred: InferredSchema, document: JsonValue): boolean {
  if (!widen(inferred.shape, document)) return false;
  enforceLimits(inferred.shape, inferred.complexityLimit);
  return true;
}

/**
 * Widens by the schemas that a capture sent for one binding in one transaction: their union, within what the write
 * schema allows. Raises the complexity limit to its cap. True when the schema changed.
 * Throws SOURCED_SCHEMA_OPEN when one of them has an object that is not closed.
 */
export function applySourcedSchemas(
  inferred: InferredSchema,
  sourcedSchemas: readonly string[],
  writeSchema: Shape,
): boolean {
  if (sourcedSchemas.length === 0) return false;
  const shapes = sourcedSchemas.map((text) => shapeFromSchema(text));
  for (const shape of shapes) requireClosed(shape);
  const before = inferredSchemaText(inferred);
  const sourced = withoutAnnotations(intersect(shapes.reduce(union), writeSchema));
  inferred.shape = cloneShape(union(inferred.shape, sourced));
  inferred.complexityLimit = MAX_COMPLEXITY;
  enforceLimits(inferred.shape, inferred.complexityLimit);
  return inferredSchemaText(inferred) !== before;
}

/** As JSON Schema text, the same for equal schemas. */
export function inferredSchemaText(inferred: InferredSchema): string {
  return canonicalJson(inferredToValue(inferred));
}

/** Reads what `inferredSchemaText` wrote. */
export function inferredSchemaFromText(text: string): InferredSchema {
  return inferredFromValue(parseJson(text));
}

/**
 * The `jsonSchemaMerge` reduction: of different generations the later one wins outright; otherwise the union, which
 * keeps the generation if either has one, and the greater complexity limit.
 */
export function mergeInferredSchemas(left: JsonValue, right: JsonValue): JsonValue {
  const older = inferredFromValue(left);
  const newer = inferredFromValue(right);
  if (older.generationId !== '' && newer.generationId !== '' && older.generationId !== newer.generationId) {
    return older.generationId > newer.generationId ? left : right;
  }
  const merged: InferredSchema = {
    shape: cloneShape(union(older.shape, newer.shape)),
    generationId: older.generationId || newer.generationId,
    complexityLimit: Math.max(older.complexityLimit, newer.complexityLimit),
  };
  enforceLimits(merged.shape, merged.complexityLimit);
  return inferredToValue(merged);
}

function inferredToValue({ shape, generationId, complexityLimit }: InferredSchema): JsonValue {
  const schema = shapeToSchema(shape);
  // `not: {}` is `false` in a form that can carry annotations.
  const body: JsonObject = typeof schema === 'boolean' ? (schema ? {} : { not: {} }) : schema;
  return {
    ...body,
    ...(generationId === '' ? {} : { [GENERATION]: generationId }),
    ...(complexityLimit === DEFAULT_COMPLEXITY ? {} : { [COMPLEXITY]: complexityLimit }),
  };
}

function inferredFromValue(schema: JsonValue): InferredSchema {
  const root: JsonObject = isJsonObject(schema) ? schema : {};
  const generationId = root[GENERATION];
  const complexity = root[COMPLEXITY];
  const isEmpty = schema === false || (isJsonObject(root['not']) && Object.keys(root['not']).length === 0);
  return {
    shape: isEmpty ? nothing() : withoutAnnotations(shapeFromSchema(schema)),
    generationId: typeof generationId === 'string' ? generationId : '',
    complexityLimit: Math.min(
      typeof complexity === 'number' && complexity > DEFAULT_COMPLEXITY ? complexity : DEFAULT_COMPLEXITY,
      MAX_COMPLEXITY,
    ),
  };
}

function requireClosed(shape: Shape): void {
  const open = openLocation(shape, '');
  if (open === undefined) return;
  throw errors.SOURCED_SCHEMA_OPEN({
    message: `the schema that the capture sent for its documents allows any property at '${open}'`,
  });
}

/**
 * The first location that is an object of unlisted properties. A location without any constraint is allowed below the
 * root: that is how a column of unknown content is declared.
 */
function openLocation(shape: Shape, pointer: string): string | undefined {
  if (shape.types === ALL_TYPES && pointer !== '' && shape.properties.size === 0) return undefined;
  if ((shape.types & OBJECT) !== 0 && shape.additional === undefined) return pointer;
  for (const [name, property] of shape.properties) {
    const open = openLocation(property.shape, `${pointer}/${name}`);
    if (open !== undefined) return open;
  }
  const items = (shape.types & ARRAY) === 0 ? [] : [...shape.tuple, orAnything(shape.items)];
  for (const [index, item] of items.entries()) {
    const open = openLocation(item, `${pointer}/${index}`);
    if (open !== undefined) return open;
  }
  return undefined;
}
