// Whether a value matches a schema node, over exact JSON values. It decides which branch of a conditional applies to a
// document; whole documents are validated by `compileSchema`.

import {
  compareNumbers,
  equalJson,
  getProperty,
  isJsonNumber,
  isJsonObject,
  type ExactNumber,
  type JsonObject,
  type JsonValue,
} from '../json/index.ts';
import { checkedFormats } from '../validate/index.ts';
import { childEntriesOf, childOf, childrenOf, type SchemaNode } from './schema-graph.ts';

type Node = SchemaNode<unknown>;

/** Keywords that would need the annotations of neighbours; a conditional that uses them is refused. */
export const UNSUPPORTED_IN_CONDITIONS = ['unevaluatedProperties', 'unevaluatedItems'] as const;

export function matches(node: Node, value: JsonValue): boolean {
  if (node.never) return false;
  if (node.reference !== undefined && !matches(node.reference, value)) return false;
  const { keywords } = node;
  const type = getProperty(keywords, 'type');
  if (type !== undefined && !(Array.isArray(type) ? type : [type]).some((each) => isOfType(value, each)))
    return false;
  const constant = getProperty(keywords, 'const');
  if (constant !== undefined && !equalJson(constant, value)) return false;
  const options = getProperty(keywords, 'enum');
  if (Array.isArray(options) && !options.some((each) => equalJson(each, value))) return false;
  return matchesByType(node, value) && matchesCombination(node, value);
}

function isOfType(value: JsonValue, type: JsonValue): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isJsonObject(value);
    case 'number':
      return isJsonNumber(value);
    case 'integer':
      return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
    default:
      return typeof value === type;
  }
}

function matchesByType(node: Node, value: JsonValue): boolean {
  if (typeof value === 'string') return matchesText(node.keywords, value);
  if (isJsonNumber(value)) return matchesNumber(node.keywords, value);
  if (Array.isArray(value)) return matchesArray(node, value);
  return isJsonObject(value) ? matchesObject(node, value) : true;
}

function matchesCombination(node: Node, value: JsonValue): boolean {
  if (!childrenOf(node, 'allOf').every((each) => matches(each, value))) return false;
  const any = childrenOf(node, 'anyOf');
  if (any.length > 0 && !any.some((each) => matches(each, value))) return false;
  const one = childrenOf(node, 'oneOf');
  if (one.length > 0 && one.filter((each) => matches(each, value)).length !== 1) return false;
  const not = childOf(node, 'not');
  if (not !== undefined && matches(not, value)) return false;
  const condition = childOf(node, 'if');
  if (condition === undefined) return true;
  const chosen = childOf(node, matches(condition, value) ? 'then' : 'else');
  return chosen === undefined || matches(chosen, value);
}

function numberOf(keywords: JsonObject, name: string): number | undefined {
  const value = getProperty(keywords, name);
  return isJsonNumber(value) ? Number(value) : undefined;
}

function within(count: number, least: number | undefined, most: number | undefined): boolean {
  return (least === undefined || count >= least) && (most === undefined || count <= most);
}

function matchesText(keywords: JsonObject, value: string): boolean {
  const least = numberOf(keywords, 'minLength');
  const most = numberOf(keywords, 'maxLength');
  if ((least !== undefined || most !== undefined) && !within(Array.from(value).length, least, most))
    return false;
  const pattern = getProperty(keywords, 'pattern');
  if (typeof pattern === 'string' && !regularExpression(pattern).test(value)) return false;
  const format = getProperty(keywords, 'format');
  return typeof format !== 'string' || matchesFormat(format, value);
}

function matchesFormat(name: string, value: string): boolean {
  const format: unknown = getProperty(checkedFormats as Record<string, unknown>, name);
  if (format instanceof RegExp) return format.test(value);
  if (typeof format === 'function') return format(value) === true;
  if (typeof format !== 'object' || format === null || !('validate' in format)) return true;
  const { validate } = format;
  if (validate instanceof RegExp) return validate.test(value);
  return typeof validate !== 'function' || validate(value) === true;
}

const compiled = new Map<string, RegExp>();

/** In Unicode mode when the pattern is valid there, as `compileSchema` reads it. */
export function regularExpression(pattern: string): RegExp {
  let expression = compiled.get(pattern);
  if (expression !== undefined) return expression;
  try {
    expression = new RegExp(pattern, 'u');
  } catch {
    expression = new RegExp(pattern);
  }
  compiled.set(pattern, expression);
  return expression;
}

function matchesNumber(keywords: JsonObject, value: number | bigint | ExactNumber): boolean {
  const compared = (name: string, holds: (order: number) => boolean): boolean => {
    const bound = getProperty(keywords, name);
    return !isJsonNumber(bound) || holds(compareNumbers(value, bound));
  };
  if (!compared('minimum', (order) => order >= 0) || !compared('maximum', (order) => order <= 0))
    return false;
  if (!compared('exclusiveMinimum', (order) => order > 0)) return false;
  if (!compared('exclusiveMaximum', (order) => order < 0)) return false;
  const step = getProperty(keywords, 'multipleOf');
  if (!isJsonNumber(step)) return true;
  if (typeof value === 'bigint' && Number.isSafeInteger(step)) return value % BigInt(Number(step)) === 0n;
  const quotient = Number(value) / Number(step);
  return Math.abs(quotient - Math.round(quotient)) < 1e-9;
}

function matchesArray(node: Node, value: readonly JsonValue[]): boolean {
  const { keywords } = node;
  if (!within(value.length, numberOf(keywords, 'minItems'), numberOf(keywords, 'maxItems'))) return false;
  const first = childrenOf(node, 'prefixItems');
  const rest = childOf(node, 'items');
  const fit = value.every((item, index) => {
    const schema = first[index] ?? (index >= first.length ? rest : undefined);
    return schema === undefined || matches(schema, item);
  });
  if (!fit) return false;
  const contains = childOf(node, 'contains');
  if (contains !== undefined) {
    const count = value.filter((item) => matches(contains, item)).length;
    if (!within(count, numberOf(keywords, 'minContains') ?? 1, numberOf(keywords, 'maxContains')))
      return false;
  }
  if (getProperty(keywords, 'uniqueItems') !== true) return true;
  return value.every((item, index) => value.slice(0, index).every((other) => !equalJson(item, other)));
}

function matchesObject(node: Node, value: JsonObject): boolean {
  const { keywords } = node;
  const required = getProperty(keywords, 'required');
  if (Array.isArray(required) && !hasAll(value, required)) return false;
  const names = Object.keys(value);
  if (!within(names.length, numberOf(keywords, 'minProperties'), numberOf(keywords, 'maxProperties')))
    return false;
  const eachName = childOf(node, 'propertyNames');
  if (eachName !== undefined && !names.every((name) => matches(eachName, name))) return false;
  const fit = namesOnly(node)
    ? childEntriesOf(node, 'properties').every(
        ([name, schema]) => !Object.hasOwn(value, name) || matches(schema, value[name] as JsonValue),
      )
    : names.every((name) =>
        propertySchemas(node, name).every((schema) => matches(schema, value[name] as JsonValue)),
      );
  if (!fit) return false;
  const dependentRequired = getProperty(keywords, 'dependentRequired');
  if (isJsonObject(dependentRequired)) {
    for (const [name, needs] of Object.entries(dependentRequired)) {
      if (!Object.hasOwn(value, name) || !Array.isArray(needs)) continue;
      if (!hasAll(value, needs)) return false;
    }
  }
  return childEntriesOf(node, 'dependentSchemas').every(
    ([name, schema]) => !Object.hasOwn(value, name) || matches(schema, value),
  );
}

function hasAll(value: JsonObject, names: readonly JsonValue[]): boolean {
  return names.every((name) => typeof name === 'string' && Object.hasOwn(value, name));
}

/** Properties are looked at by name only, so a document's other properties need not be visited. */
function namesOnly(node: Node): boolean {
  return !('patternProperties' in node.keywords) && !('additionalProperties' in node.keywords);
}

/** The subschemas of one node that apply to a property: by name, by pattern, else the one for additional properties. */
export function propertySchemas<A>(node: SchemaNode<A>, name: string): SchemaNode<A>[] {
  const found: SchemaNode<A>[] = [];
  const named = childOf(node, 'properties', name);
  if (named !== undefined) found.push(named);
  for (const [pattern, schema] of childEntriesOf(node, 'patternProperties')) {
    if (regularExpression(pattern).test(name)) found.push(schema);
  }
  if (found.length > 0) return found;
  const additional = childOf(node, 'additionalProperties');
  return additional === undefined ? [] : [additional];
}
