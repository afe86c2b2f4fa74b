// The rule of a JSON Schema, as `compileSchema` reads it. There is none for a schema that uses a keyword which a rule
// cannot express; keywords that say nothing about validity are passed over, as the validator does.

import { parseJson } from '../json/parse.ts';
import { getProperty, isJsonObject, type JsonObject, type JsonValue } from '../json/value.ts';
import { type Located, SchemaIndex } from '../shape/schema-index.ts';
import { ALL_TYPES, typeBits } from '../shape/types.ts';
import { checkedFormats } from '../validate/formats.ts';
import { allowsAnything, anyValue, bothRules, noValue, type Rule, type Scalar } from './rule.ts';

/** Keywords that decide on validity, and that a rule cannot express. */
const inexpressible: readonly string[] = [
  '$dynamicRef',
  '$recursiveRef',
  'anyOf',
  'contains',
  'dependencies',
  'dependentRequired',
  'dependentSchemas',
  'exclusiveMaximum',
  'exclusiveMinimum',
  'maxProperties',
  'minProperties',
  'multipleOf',
  'not',
  'oneOf',
  'pattern',
  'patternProperties',
  'prefixItems',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
  'uniqueItems',
];

class Inexpressible extends Error {}

/** undefined when no rule can express the schema. Throws SCHEMA_INVALID for a reference that leads nowhere. */
export function ruleFromSchema(schemaText: string): Rule | undefined {
  const index = new SchemaIndex(parseJson(schemaText));
  try {
    return new Reader(index).read(index.root);
  } catch (error) {
    if (error instanceof Inexpressible) return undefined;
    throw error;
  }
}

class Reader {
  readonly #index: SchemaIndex;
  /** The targets of references being read: a schema that refers to itself has no finite rule. */
  readonly #open = new Set<JsonValue>();

  constructor(index: SchemaIndex) {
    this.#index = index;
  }

  read({ schema, baseUri }: Located): Rule {
    if (schema === true) return anyValue;
    if (schema === false) return noValue;
    if (inexpressible.some((keyword) => Object.hasOwn(schema, keyword))) throw new Inexpressible();
    const id = getProperty(schema, '$id');
    const base = typeof id === 'string' ? (URL.parse(id, baseUri)?.href ?? baseUri) : baseUri;
    let rule = this.#own(schema, base);
    const reference = getProperty(schema, '$ref');
    if (typeof reference === 'string') rule = bothRules(rule, this.#referred(reference, base));
    const all = getProperty(schema, 'allOf');
    for (const branch of Array.isArray(all) ? all : []) rule = bothRules(rule, this.#sub(branch, base));
    // A condition matters only when one of its outcomes refuses something.
    if (Object.hasOwn(schema, 'if')) {
      for (const outcome of ['then', 'else']) {
        if (!allowsAnything(this.#sub(getProperty(schema, outcome), base))) throw new Inexpressible();
      }
    }
    return rule;
  }

  #sub(schema: JsonValue | undefined, baseUri: string): Rule {
    if (schema === undefined) return anyValue;
    if (typeof schema === 'boolean' || isJsonObject(schema)) return this.read({ schema, baseUri });
    throw new Inexpressible();
  }

  #referred(reference: string, baseUri: string): Rule {
    const target = this.#index.find(reference, baseUri);
    if (this.#open.has(target.schema)) throw new Inexpressible();
    this.#open.add(target.schema);
    const rule = this.read(target);
    this.#open.delete(target.schema);
    return rule;
  }

  #own(schema: JsonObject, base: string): Rule {
    const properties = new Map<string, Rule>();
    const listed = getProperty(schema, 'properties') ?? {};
    if (!isJsonObject(listed)) throw new Inexpressible();
    for (const [name, subschema] of Object.entries(listed)) {
      // The validator has ways of its own with this name.
      if (name === '__proto__') throw new Inexpressible();
      properties.set(name, this.#sub(subschema, base));
    }
    const additional = getProperty(schema, 'additionalProperties');
    const items = getProperty(schema, 'items');
    return {
      types: typesOf(getProperty(schema, 'type')),
      members: membersOf(schema),
      formats: formatsOf(getProperty(schema, 'format')),
      minLength: numberOf(schema, 'minLength', 0),
      maxLength: numberOf(schema, 'maxLength', Infinity),
      minimum: numberOf(schema, 'minimum', -Infinity),
      maximum: numberOf(schema, 'maximum', Infinity),
      minItems: numberOf(schema, 'minItems', 0),
      maxItems: numberOf(schema, 'maxItems', Infinity),
      properties,
      required: requiredOf(getProperty(schema, 'required')),
      additional: additional === undefined ? undefined : this.#sub(additional, base),
      items: items === undefined ? undefined : this.#sub(items, base),
    };
  }
}

function typesOf(type: JsonValue | undefined): number {
  if (type === undefined) return ALL_TYPES;
  let types = 0;
  for (const name of [type].flat()) {
    const bits = typeof name === 'string' ? typeBits(name) : undefined;
    if (bits === undefined || name === 'fractional') throw new Inexpressible();
    types |= bits;
  }
  return types;
}

/** Members that are no scalars, or that a double cannot hold, are left out: their documents are looked at in full. */
function membersOf(schema: JsonObject): readonly Scalar[] | undefined {
  const constant = getProperty(schema, 'const');
  const listed = getProperty(schema, 'enum');
  if (constant !== undefined && listed !== undefined) throw new Inexpressible();
  const members = constant === undefined ? listed : [constant];
  if (members === undefined) return undefined;
  if (!Array.isArray(members)) throw new Inexpressible();
  return members.filter((member) => isScalar(member));
}

export function isScalar(value: JsonValue): value is Scalar {
  return value === null || ['boolean', 'number', 'string'].includes(typeof value);
}

/** Formats that the validator does not know are annotations. */
function formatsOf(format: JsonValue | undefined): Rule['formats'] {
  if (typeof format !== 'string' || !Object.hasOwn(checkedFormats, format)) return [];
  return [{ name: format, strict: false }];
}

function numberOf(schema: JsonObject, keyword: string, otherwise: number): number {
  const value = getProperty(schema, keyword);
  if (value === undefined) return otherwise;
  if (typeof value !== 'number') throw new Inexpressible();
  return value;
}

function requiredOf(required: JsonValue | undefined): ReadonlySet<string> {
  if (required === undefined) return new Set();
  if (!Array.isArray(required)) throw new Inexpressible();
  return new Set(
    required.map((name) => {
      if (typeof name !== 'string' || name === '__proto__') throw new Inexpressible();
      return name;
    }),
  );
}
