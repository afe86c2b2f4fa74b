// Redaction of captured documents by the `redact` annotations of the write schema, before anything else sees them.

import { annotationsOf, type Location } from '../annotation/location.ts';
import { errors } from '../errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, setProperty } from '../json/index.ts';
import type { CompileOptions } from '../validate/index.ts';
import { digest } from './digest.ts';

/** block: the property or item is removed; sha256: its value is replaced by a salted digest. */
export type RedactStrategy = 'block' | 'sha256';

/**
 * A document without what must not be stored. Returns the same value when nothing was redacted, else a copy of the
 * parts that changed. The document must be valid under the schema. Throws REDACTION_FAILED when the root is blocked.
 */
export type Redactor = (document: JsonValue) => JsonValue;

/** Undefined when the schema redacts nothing. Throws SCHEMA_INVALID for an annotation that is not understood. */
export function compileRedactor(
  schemaText: string,
  salt: Buffer,
  options: CompileOptions = {},
): Redactor | undefined {
  const root = annotationsOf(schemaText, 'redact', readRedact, options);
  if (root.inert) return undefined;
  return (document) => {
    const redacted = redactAt(root, document, salt);
    if (redacted === undefined) {
      throw errors.REDACTION_FAILED({
        message: 'the schema blocks the root of the document, which cannot be removed',
      });
    }
    return redacted;
  };
}

function readRedact(annotation: JsonValue, location: string): RedactStrategy {
  const strategy =
    isJsonObject(annotation) && Object.keys(annotation).length === 1 ? annotation['strategy'] : undefined;
  if (strategy === 'block' || strategy === 'sha256') return strategy;
  throw errors.SCHEMA_INVALID({
    message: `the redact annotation at '${location}' of the schema must be a strategy of block or sha256, and nothing else`,
  });
}

/** Undefined when the value is to be removed. */
function redactAt(location: Location<RedactStrategy>, value: JsonValue, salt: Buffer): JsonValue | undefined {
  if (location.inert) return value;
  const active = location.resolve(value);
  // Where branches disagree the stricter one holds.
  if (active.annotations.includes('block')) return undefined;
  if (active.annotations.length > 0) return digest(value, salt);
  if (Array.isArray(value)) {
    const items = value.map((item, index) => redactAt(active.item(index), item, salt));
    return items.every((item, index) => item === value[index])
      ? value
      : items.filter((item) => item !== undefined);
  }
  if (!isJsonObject(value)) return value;
  let copy: JsonObject | undefined;
  for (const name of active.annotatedNames ?? Object.keys(value)) {
    if (!Object.hasOwn(value, name)) continue;
    const before = value[name] as JsonValue;
    const after = redactAt(active.property(name), before, salt);
    if (after === before) continue;
    copy ??= { ...value };
    if (after === undefined) delete copy[name];
    else setProperty(copy, name, after);
  }
  return copy ?? value;
}
