// Strict decoding of a configuration. Every problem is found in one pass and reported with its pointer and title in
// plain words. No message repeats a value that the user gave: a password may sit in the wrong property.

import { errors } from '../errors.ts';
import type { SchemaOf } from './field.ts';
import { Secret } from './secret.ts';
import { childPointer, isSecret, type SchemaNode, typesOf } from './schema-node.ts';
import { FILLED, UNPUBLISHED } from './section.ts';
import { similarName } from './similar-name.ts';

export interface ConfigProblem {
  readonly pointer: string;
  /** The title of the property, or ''. */
  readonly title: string;
  /** Reads on from the name: `is required`. */
  readonly problem: string;
}

export interface DecodeOptions {
  /** What is decoded, to begin the message with: `the endpoint configuration of acme/postgres`. */
  readonly what: string;
  /** Rewrites an older form of the configuration before it is checked. */
  readonly upgrade?: (raw: Record<string, unknown>) => Record<string, unknown>;
}

type RawObject = Readonly<Record<string, unknown>>;

/**
 * Decodes the text of a configuration that was built with `configSchema`. Defaults are filled in, secrets become
 * `Secret`s, a null stands for an absent property unless null is allowed, and a required string without a default must
 * not be empty (`minLength: 0` lifts that).
 * Throws CONFIG_INVALID, listing every unknown property, missing property, wrong type and broken constraint.
 */
export function decodeConfig<T>(schema: SchemaOf<T>, jsonText: string, options: DecodeOptions): T {
  let raw: unknown;
  try {
    raw = JSON.parse(jsonText);
  } catch {
    // The parser's own message quotes the text, and with it perhaps a secret.
    throw errors.CONFIG_INVALID({ message: `${sentence(options.what)} is not valid JSON.` });
  }
  if (options.upgrade !== undefined && isObject(raw)) raw = options.upgrade({ ...raw });
  const problems: ConfigProblem[] = [];
  const value = decodeNode(schema as SchemaNode, raw, '', problems);
  if (problems.length > 0) throw errors.CONFIG_INVALID({ message: describe(options.what, problems) });
  return value as T;
}

function describe(what: string, problems: readonly ConfigProblem[]): string {
  const lines = problems.map(({ pointer, title, problem }) => {
    const name = pointer === '' ? 'it' : pointer;
    return `${name}${title === '' || pointer === '' ? '' : ` (${title})`} ${problem}`;
  });
  if (lines.length === 1)
    return `${sentence(what)} is not valid: ${lines[0]}${lines[0]?.endsWith('?') === true ? '' : '.'}`;
  return `${sentence(what)} is not valid:\n${lines.map((line) => `- ${line}`).join('\n')}`;
}

function sentence(what: string): string {
  return what.charAt(0).toUpperCase() + what.slice(1);
}

function decodeNode(node: SchemaNode, raw: unknown, pointer: string, problems: ConfigProblem[]): unknown {
  const before = problems.length;
  const report = (problem: string): undefined => {
    problems.push({ pointer, title: node.title ?? '', problem });
  };
  const types = typesOf(node);
  const actual = typeName(raw);
  const typed =
    types.length === 0 || types.includes(actual) || (types.includes('number') && actual === 'integer');
  if (!typed) return report(`must be ${typeWords(types)}, not ${article(actual)}`);
  if (node.const !== undefined && raw !== node.const) return report(`must be ${JSON.stringify(node.const)}`);
  if (node.enum !== undefined && !node.enum.includes(raw)) {
    return report(`must be one of ${node.enum.map((each) => JSON.stringify(each)).join(', ')}`);
  }
  if (typeof raw === 'string') checkText(node, raw, report);
  if (typeof raw === 'number') checkNumber(node, raw, report);
  if (Array.isArray(raw)) return decodeArray(node, raw, pointer, problems, report);
  if (isObject(raw)) {
    const variant = node.oneOf === undefined ? node : branchOf(node, raw, pointer, problems);
    return variant === undefined ? undefined : decodeObject(variant, raw, pointer, problems);
  }
  if (problems.length > before) return undefined;
  return isSecret(node) && typeof raw === 'string' ? new Secret(raw) : raw;
}

function decodeArray(
  node: SchemaNode,
  raw: readonly unknown[],
  pointer: string,
  problems: ConfigProblem[],
  report: (problem: string) => void,
): unknown[] {
  if (node.minItems !== undefined && raw.length < node.minItems)
    report(`must have ${node.minItems} items or more`);
  if (node.maxItems !== undefined && raw.length > node.maxItems)
    report(`must have ${node.maxItems} items at most`);
  const { items } = node;
  if (items === undefined) return [...raw];
  return raw.map((each, index) => decodeNode(items, each, childPointer(pointer, index), problems));
}

function decodeObject(node: SchemaNode, raw: RawObject, pointer: string, problems: ConfigProblem[]): unknown {
  const known = { ...node.properties, ...node[UNPUBLISHED] };
  const entries: [string, unknown][] = [];
  for (const [name, child] of Object.entries(known)) {
    const at = childPointer(pointer, name);
    const required = node.required?.includes(name) ?? false;
    const given = givenValue(child, Object.hasOwn(raw, name) ? raw[name] : undefined);
    if (given === undefined) {
      if (required) problems.push({ pointer: at, title: child.title ?? '', problem: 'is required' });
      continue;
    }
    if (given === '' && required && child.minLength === undefined && !('default' in child) && !child.enum) {
      problems.push({ pointer: at, title: child.title ?? '', problem: 'must not be empty' });
      continue;
    }
    entries.push([name, decodeNode(child, given, at, problems)]);
  }
  const extra = node.additionalProperties;
  for (const [name, value] of Object.entries(raw)) {
    if (Object.hasOwn(known, name)) continue;
    const at = childPointer(pointer, name);
    if (typeof extra === 'object') {
      entries.push([name, decodeNode(extra, value, at, problems)]);
      continue;
    }
    const meant = similarName(name, Object.keys(node.properties ?? {}));
    const hint = meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`;
    problems.push({ pointer: at, title: '', problem: `is not a known property${hint}` });
  }
  return Object.fromEntries(entries);
}

/** What to decode for a property: its value, else its default, else undefined. */
function givenValue(node: SchemaNode, value: unknown): unknown {
  const absent = value === undefined || (value === null && !typesOf(node).includes('null'));
  if (!absent) return value;
  if (node.default !== undefined) return node.default;
  return node[FILLED] === true ? {} : undefined;
}

function branchOf(
  node: SchemaNode,
  raw: RawObject,
  pointer: string,
  problems: ConfigProblem[],
): SchemaNode | undefined {
  const name = node.discriminator?.propertyName ?? '';
  const tags = (node.oneOf ?? []).map((branch) => branch.properties?.[name]?.const);
  const given = Object.hasOwn(raw, name) ? raw[name] : undefined;
  const index = given === undefined ? -1 : tags.indexOf(given);
  if (index >= 0) return node.oneOf?.[index];
  const allowed = tags.map((tag) => JSON.stringify(tag)).join(', ');
  const problem = given === undefined ? `is required, as one of ${allowed}` : `must be one of ${allowed}`;
  problems.push({ pointer: childPointer(pointer, name), title: node.title ?? '', problem });
  return undefined;
}

function checkText(node: SchemaNode, raw: string, report: (problem: string) => void): void {
  if (node.minLength !== undefined && raw.length < node.minLength) {
    report(node.minLength === 1 ? 'must not be empty' : `must have ${node.minLength} characters or more`);
  }
  if (node.maxLength !== undefined && raw.length > node.maxLength) {
    report(`must have ${node.maxLength} characters at most`);
  }
  if (node.pattern !== undefined && !new RegExp(node.pattern, 'u').test(raw)) {
    report(`must match the pattern ${node.pattern}`);
  }
  if (
    node.format === 'date-time' &&
    !(DATE_TIME.test(raw) && isDate(raw) && !Number.isNaN(Date.parse(raw)))
  ) {
    report('must be a date and time with a zone, like 2024-01-31T00:00:00Z');
  }
  if (node.format === 'date' && !(DATE.test(raw) && isDate(raw))) {
    report('must be a date, like 2024-01-31');
  }
}

/** Whether a calendar has the date at the start of a text; `Date.parse` takes the 31st of February for the 2nd of March. */
function isDate(text: string): boolean {
  const day = text.slice(0, 10);
  const midnight = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day);
}

const DATE = /^\d{4}-\d{2}-\d{2}$/u;
const DATE_TIME = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/u;

function checkNumber(node: SchemaNode, raw: number, report: (problem: string) => void): void {
  if (node.minimum !== undefined && raw < node.minimum) report(`must be ${node.minimum} or more`);
  if (node.maximum !== undefined && raw > node.maximum) report(`must be ${node.maximum} or less`);
  if (node.exclusiveMinimum !== undefined && raw <= node.exclusiveMinimum) {
    report(`must be more than ${node.exclusiveMinimum}`);
  }
  if (node.exclusiveMaximum !== undefined && raw >= node.exclusiveMaximum) {
    report(`must be less than ${node.exclusiveMaximum}`);
  }
}

/** The JSON Schema type of a value; a number past the exact integers is a `number`. */
function typeName(raw: unknown): string {
  if (raw === null) return 'null';
  if (Array.isArray(raw)) return 'array';
  if (typeof raw === 'number') return Number.isSafeInteger(raw) ? 'integer' : 'number';
  return typeof raw;
}

function article(type: string): string {
  if (type === 'null') return 'null';
  return /^[aeiou]/u.test(type) ? `an ${type}` : `a ${type}`;
}

function typeWords(types: readonly string[]): string {
  return types.map(article).join(' or ');
}

function isObject(value: unknown): value is RawObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
