// Keeps the secrets of a config out of logs and errors. Which values are secret is known from the connector's config
// schema (`secret: true`); before it has answered Spec, and for what its schema forgets, from the property's name.

import { ExactNumber, stringifyJson } from '@weir/schema';
import type { OpsLog } from './ops-log.ts';

const secretName =
  /pass(word|phrase|wd|code)?s?$|secret|token|credential|private_?key|api_?key|access_?key|_sops$/i;

/** Secrets shorter than this are only replaced where they stand as a word of their own. */
const anywhereLength = 4;

type Schema = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** All the sub-schemas that may speak about a property (or about items), whatever branch of the schema they are in. */
function descend(schemas: readonly Schema[], key: string | undefined): Schema[] {
  const found: Schema[] = [];
  for (const schema of branches(schemas)) {
    const properties = schema['properties'];
    const next =
      key === undefined
        ? schema['items']
        : isObject(properties) && isObject(properties[key])
          ? properties[key]
          : schema['additionalProperties'];
    if (isObject(next)) found.push(next);
  }
  return found;
}

function branches(schemas: readonly Schema[]): Schema[] {
  const all: Schema[] = [];
  for (const schema of schemas) {
    all.push(schema);
    for (const keyword of ['oneOf', 'anyOf', 'allOf']) {
      const members = schema[keyword];
      if (Array.isArray(members)) all.push(...branches(members.filter(isObject)));
    }
    for (const keyword of ['then', 'else']) {
      const member = schema[keyword];
      if (isObject(member)) all.push(...branches([member]));
    }
  }
  return all;
}

/** What a log could show of a value: of a text itself, of a number its digits. True, false and null hide nothing. */
function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const isNumber = typeof value === 'number' || typeof value === 'bigint' || value instanceof ExactNumber;
  return isNumber ? stringifyJson(value) : undefined;
}

/** A text, a number, or a list of them: what a name such as `password` or `tokens` says is secret. */
function isNamedSecret(value: unknown): boolean {
  return Array.isArray(value) ? value.every(isNamedSecret) : scalarText(value) !== undefined;
}

/**
 * The secret texts and numbers of a config (numbers as JSON writes them). A value that also stands at a place that is not
 * secret hides nothing and is left out.
 */
export function secretsOf(config: unknown, configSchema?: unknown): string[] {
  const secret = new Set<string>();
  const open = new Set<string>();
  const visit = (value: unknown, schemas: readonly Schema[], hidden: boolean): void => {
    const marked =
      hidden ||
      branches(schemas).some((schema) => schema['secret'] === true || schema['airbyte_secret'] === true);
    const text = scalarText(value);
    // A number in the open, such as a port, does not uncover a password of the same digits.
    if (text !== undefined && (marked || typeof value === 'string')) (marked ? secret : open).add(text);
    else if (Array.isArray(value)) for (const item of value) visit(item, descend(schemas, undefined), marked);
    else if (isObject(value)) {
      for (const [key, member] of Object.entries(value)) {
        visit(member, descend(schemas, key), marked || (secretName.test(key) && isNamedSecret(member)));
      }
    }
  };
  visit(config, isObject(configSchema) ? [configSchema] : [], false);
  return [...secret].filter((text) => text !== '' && !open.has(text));
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

/** Replaces the given secrets by `***`, also in their URL and JSON spelling and, when they have several lines, line by line. */
export function scrubber(secrets: readonly string[]): (text: string) => string {
  const spellings = new Set<string>();
  for (const secret of secrets) {
    const lines = secret.split('\n').filter((line) => line.length >= 16);
    for (const text of [secret, ...lines]) {
      spellings.add(text).add(encodeURIComponent(text)).add(JSON.stringify(text).slice(1, -1));
    }
  }
  if (spellings.size === 0) return (text) => text;
  const patterns = [...spellings]
    .toSorted((a, b) => b.length - a.length)
    .map((text) =>
      text.length >= anywhereLength
        ? escapePattern(text)
        : `(?<![\\p{L}\\p{N}])${escapePattern(text)}(?![\\p{L}\\p{N}])`,
    );
  const pattern = new RegExp(patterns.join('|'), 'gu');
  return (text) => text.replaceAll(pattern, '***');
}

function scrubValue(value: unknown, scrub: (text: string) => string): unknown {
  if (typeof value === 'string') return scrub(value);
  if (typeof value === 'number') return scrub(String(value)) === String(value) ? value : '***';
  if (Array.isArray(value)) return value.map((item) => scrubValue(item, scrub));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, scrubValue(member, scrub)]));
}

export function scrubLog(log: OpsLog, scrub: (text: string) => string): OpsLog {
  return {
    ...log,
    message: scrub(log.message),
    fields: scrubValue(log.fields, scrub) as OpsLog['fields'],
  };
}
