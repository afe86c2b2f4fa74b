// Validation of documents, on ajv. A schema is compiled twice at most: once to answer yes or no fast, and, the first
// time a document fails, once more to list everything that is wrong with it.

import type { Ajv2020, AnySchema, ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { errors } from '../errors.ts';
import { isJsonObject, type JsonValue } from '../json/value.ts';
import { ajv2020 } from './ajv.ts';
import { toCurrentDialect } from './dialect.ts';
import { describeFailure, type ValidationFailure } from './failure.ts';
import { checkedFormats } from './formats.ts';
import { mapSubschemas } from './subschemas.ts';

export interface CompileOptions {
  /** The schema's own URI when it has no `$id`; relative `$ref`s resolve against it. */
  readonly baseUri?: string;
  /** Schemas that `$ref`s may name, by URI, as JSON text; for instance `flow://inferred-schema`. */
  readonly refs?: Readonly<Record<string, string>>;
}

export interface CompiledSchema {
  /**
   * undefined when the value is valid, else what is wrong with it, at least one failure.
   *
   * Takes what JSON.parse returns: numbers are doubles here, also integers past 2^53, whose last digits no schema
   * looks at. Do not pass bigint or ExactNumber; parse the text again for validation.
   */
  validate(value: unknown): readonly ValidationFailure[] | undefined;
}

/**
 * Compiles one JSON Schema (drafts 7 to 2020-12). Unknown keywords and formats are annotations.
 * Throws SCHEMA_INVALID with the location of what is wrong in the schema, or the `$ref` that leads nowhere.
 */
export function compileSchema(schemaText: string, options: CompileOptions = {}): CompiledSchema {
  const schema = readSchema(schemaText, options.baseUri ?? 'the schema');
  const refs = Object.entries(options.refs ?? {}).map(([uri, text]) => [uri, readSchema(text, uri)] as const);
  const ownProperties =
    ownPropertiesMatter(schemaText) || Object.values(options.refs ?? {}).some(ownPropertiesMatter);
  // A schema needs some URI, or a reference to its own root leads nowhere.
  const named = typeof schema === 'object' && '$id' in schema;
  const baseUri = options.baseUri ?? (named ? undefined : 'schema:/');
  const compile = (allErrors: boolean): ValidateFunction => {
    try {
      const ajv = newAjv(allErrors, ownProperties);
      for (const [uri, ref] of refs) ajv.addSchema(ref, uri);
      if (baseUri === undefined) return ajv.compile(schema);
      ajv.addSchema(schema, baseUri);
      const compiled = ajv.getSchema(baseUri);
      if (compiled === undefined) throw new Error(`no schema with the URI ${baseUri}`);
      return compiled;
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw errors.SCHEMA_INVALID({ message: `the schema cannot be used: ${message}`, cause });
    }
  };
  const decide = compile(false);
  let explain: ValidateFunction | undefined;
  return {
    validate(value) {
      if (decide(value)) return undefined;
      explain ??= compile(true);
      explain(value);
      return (explain.errors ?? decide.errors ?? []).map(describeFailure);
    },
  };
}

function readSchema(text: string, name: string): AnySchema {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw errors.SCHEMA_INVALID({ message: `${name} is not JSON: ${reason}`, cause });
  }
  if (
    typeof parsed !== 'boolean' &&
    (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
  ) {
    throw errors.SCHEMA_INVALID({ message: `${name} is neither an object nor a boolean` });
  }
  const schema = protoToPattern(toCurrentDialect(parsed as JsonValue)) as AnySchema;
  if (metaValidator().validateSchema(schema) !== true) {
    const problems = (metaValidator().errors ?? []).filter(isTelling).slice(0, 5).map(describeSchemaProblem);
    throw errors.SCHEMA_INVALID({ message: `${name} is not a JSON Schema: ${problems.join('; ')}` });
  }
  return schema;
}

/** ajv skips a property called `__proto__` in `properties`, but not one that a pattern matches. */
function protoToPattern(schema: JsonValue): JsonValue {
  if (!isJsonObject(schema)) return schema;
  const copy = mapSubschemas(schema, protoToPattern);
  const { properties, patternProperties } = copy;
  if (!isJsonObject(properties) || !Object.hasOwn(properties, '__proto__')) return copy;
  const patterns = isJsonObject(patternProperties) ? patternProperties : {};
  copy['patternProperties'] = { ...patterns, '^__proto__$': properties['__proto__'] as JsonValue };
  return copy;
}

/** The meta-schema is one anyOf per location, which says nothing by itself. */
function isTelling(error: ErrorObject, _index: number, all: readonly ErrorObject[]): boolean {
  return all.length === 1 || !['anyOf', 'oneOf', 'if'].includes(error.keyword);
}

function describeSchemaProblem(error: ErrorObject): string {
  const { pointer, reason } = describeFailure(error);
  return `at '${pointer}': ${reason}`;
}

let sharedMetaValidator: Ajv2020 | undefined;

/** Compiling the meta-schema takes tens of milliseconds, so it is done once. */
function metaValidator(): Ajv2020 {
  sharedMetaValidator ??= new (ajv2020())({
    strict: false,
    logger: false,
    allErrors: true,
    validateFormats: false,
  });
  return sharedMetaValidator;
}

function newAjv(allErrors: boolean, ownProperties: boolean): Ajv2020 {
  return new (ajv2020())({
    strict: false,
    logger: false,
    allErrors,
    ownProperties,
    meta: false,
    validateSchema: false,
    addUsedSchema: false,
    multipleOfPrecision: 9,
    formats: checkedFormats,
    code: { regExp: lenientRegExp },
  });
}

/** A pattern in Unicode mode when it is valid there, else without: schemas in the wild escape what needs no escape. */
const lenientRegExp = Object.assign(
  (pattern: string, flags: string): RegExp => {
    try {
      return new RegExp(pattern, flags);
    } catch {
      return new RegExp(pattern);
    }
  },
  { code: 'lenientRegExp' },
);

/**
 * A property called like something every object inherits must be looked up as an own property. That costs time per
 * document, so it is done only for schemas that name one.
 */
function ownPropertiesMatter(schemaText: string): boolean {
  return Object.getOwnPropertyNames(Object.prototype).some((name) => schemaText.includes(`"${name}"`));
}
