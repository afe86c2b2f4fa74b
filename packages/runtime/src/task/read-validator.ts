// Validates documents against a binding's read schema. Where that holds the collection's inferred schema, which grows
// while the materialization runs, a document that merely exceeds one of its bounds (a greater number, a longer list) is
// checked again with the newest inferred schema: it needs no other column, so the session goes on. Any other failure
// may change the selected fields, and is reported.

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

/** Bounds that no connector sizes a column by. Strings' lengths are not among them. */
const harmlessBounds = new Set(['minimum', 'maximum', 'minItems', 'maxItems', 'minLength']);

export class ReadValidator {
  readonly #readSchema: JsonText;
  readonly #newestInferred: (() => JsonText | undefined) | undefined;
  #schema: CompiledSchema;
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

  /** True when there is a newer inferred schema. */
  #refresh(): boolean {
    if (!this.#readSchema.includes(INFERRED_SCHEMA)) return false;
    const inferred = this.#newestInferred?.();
    if (inferred === undefined || inferred === this.#inferred) return false;
    const root = parseJson(this.#readSchema);
    const definitions = isJsonObject(root) ? root['$defs'] : undefined;
    const schema = parseJson(inferred);
    if (!isJsonObject(root) || !isJsonObject(definitions) || !isJsonObject(schema)) return false;
    const embedded = { ...definitions, [INFERRED_SCHEMA]: { ...schema, $id: INFERRED_SCHEMA } };
    const refreshed = stringifyJson({ ...root, $defs: embedded });
    this.#schema = compileSchema(refreshed);
    this.rule = ruleFromSchema(refreshed);
    this.#inferred = inferred;
    return true;
  }
}

/** A number past 2^53 may need a column of another type. */
function isHarmless({ keyword, pointer }: ValidationFailure, value: JsonObject): boolean {
  if (!harmlessBounds.has(keyword)) return false;
  if (keyword !== 'minimum' && keyword !== 'maximum') return true;
  const found = resolvePointer(value, parsePointer(pointer));
  return typeof found === 'number' && Math.abs(found) <= Number.MAX_SAFE_INTEGER;
}
