// Validates documents against a binding's read schema. Where that holds the collection's inferred schema, which grows
// while the materialization runs, a document that merely exceeds one of its bounds (a greater number, a longer list) is
// checked again with the newest inferred schema: it needs no other column, so the session goes on. Any other failure
// may change the selected fields, and is reported. What a reduction made of several documents was never inferred from, and
// may be past such bounds for good: it has to satisfy the rest of the read schema.

import type { JsonText } from '@weir/protocol';
import {
  type CompiledSchema,
  compileSchema,
  INFERRED_SCHEMA,
  isJsonObject,
  type JsonObject,
  parseJson,
  parsePointer,
  resolvePointer,
  type Rule,
  ruleFromSchema,
  stringifyJson,
  type ValidationFailure,
} from '@weir/schema';
import type { ParsedDocument } from './parsed-document.ts';

/** Bounds that no connector sizes a column by. Strings' lengths are not among them. */
const harmlessBounds = new Set(['minimum', 'maximum', 'minItems', 'maxItems', 'minLength']);

export class ReadValidator {
  readonly #readSchema: JsonText;
  readonly #newestInferred: (() => JsonText | undefined) | undefined;
  #schema: CompiledSchema;
  /** The read schema without what was inferred; compiled when it is first needed. */
  #declared: CompiledSchema | undefined;
  #inferred: JsonText | undefined;
  /** What satisfies it is valid; undefined when no rule can express the schema. Another one when the schema is newer. */
  rule: Rule | undefined;

  /** `newestInferred`: the collection's inferred schema as it is stored now. */
  constructor(readSchema: JsonText, newestInferred: (() => JsonText | undefined) | undefined) {
    this.#readSchema = readSchema;
    this.#newestInferred = newestInferred;
    this.#schema = compileSchema(readSchema);
    this.rule = ruleFromSchema(readSchema);
  }

  /** `plain` is `value` as JSON.parse gives it. */
  validate(plain: unknown, value: JsonObject): readonly ValidationFailure[] | undefined {
    const failures = this.#schema.validate(plain);
    if (failures === undefined || !failures.every((failure) => isHarmless(failure, value))) return failures;
    return this.#refresh() ? this.#schema.validate(plain) : failures;
  }

  /** Of a document that a reduction made. */
  validateReduced({ plain, value }: ParsedDocument): readonly ValidationFailure[] | undefined {
    const failures = this.validate(plain, value);
    if (failures === undefined || !failures.every((failure) => isHarmless(failure, value))) return failures;
    this.#declared ??= compileSchema(this.#withInferred({}) ?? this.#readSchema);
    return this.#declared.validate(plain);
  }

  /** True when there is a newer inferred schema. */
  #refresh(): boolean {
    const inferred = this.#newestInferred?.();
    if (inferred === undefined || inferred === this.#inferred) return false;
    const schema = parseJson(inferred);
    const refreshed = isJsonObject(schema) ? this.#withInferred(schema) : undefined;
    if (refreshed === undefined) return false;
    this.#schema = compileSchema(refreshed);
    this.rule = ruleFromSchema(refreshed);
    this.#inferred = inferred;
    return true;
  }

  /** The read schema with another inferred schema in it; undefined when it has none. */
  #withInferred(inferred: JsonObject): JsonText | undefined {
    if (!this.#readSchema.includes(INFERRED_SCHEMA)) return undefined;
    const root = parseJson(this.#readSchema);
    const definitions = isJsonObject(root) ? root['$defs'] : undefined;
    if (!isJsonObject(root) || !isJsonObject(definitions)) return undefined;
    const embedded = { ...definitions, [INFERRED_SCHEMA]: { ...inferred, $id: INFERRED_SCHEMA } };
    return stringifyJson({ ...root, $defs: embedded });
  }
}

/** A number past 2^53 may need a column of another type. */
function isHarmless({ keyword, pointer }: ValidationFailure, value: JsonObject): boolean {
  if (!harmlessBounds.has(keyword)) return false;
  if (keyword !== 'minimum' && keyword !== 'maximum') return true;
  const found = resolvePointer(value, parsePointer(pointer));
  return typeof found === 'number' && Math.abs(found) <= Number.MAX_SAFE_INTEGER;
}
