// What is wrong with a value, as sentences for people.

import type { ErrorObject } from 'ajv/dist/2020.js';
import { excerptText } from '../json/excerpt.ts';
import { parsePointer, resolvePointer } from '../json/pointer.ts';
import { stringifyJson } from '../json/stringify.ts';
import type { JsonValue } from '../json/value.ts';

export interface ValidationFailure {
  /** The location in the value. */
  readonly pointer: string;
  /** The keyword of the schema that does not hold. */
  readonly keyword: string;
  /** What is wrong there, without the location and without the value: `must be integer`. */
  readonly reason: string;
  /** The location of the keyword in the schema, as a URI fragment. */
  readonly schemaPointer: string;
}

export function describeFailure(error: ErrorObject): ValidationFailure {
  return {
    pointer: error.instancePath,
    keyword: error.keyword,
    reason: reasonOf(error),
    schemaPointer: error.schemaPath,
  };
}

function reasonOf({ keyword, params, message }: ErrorObject): string {
  const detail = params as Readonly<Record<string, unknown>>;
  switch (keyword) {
    case 'required':
    case 'dependentRequired':
      return `the property '${String(detail['missingProperty'])}' is missing`;
    case 'additionalProperties':
      return `the property '${String(detail['additionalProperty'])}' is not allowed`;
    case 'unevaluatedProperties':
      return `the property '${String(detail['unevaluatedProperty'])}' is not allowed`;
    case 'enum':
      return `must be one of ${excerptText(JSON.stringify(detail['allowedValues']), 200)}`;
    case 'const':
      return `must be ${excerptText(JSON.stringify(detail['allowedValue']), 200)}`;
    case 'type':
      return `must be of type ${[detail['type']].flat().join(' or ')}`;
    case 'format':
      return `must be a string of format '${String(detail['format'])}'`;
    case 'pattern':
      return `must match the pattern ${String(detail['pattern'])}`;
    case 'false schema':
      return 'no value is allowed here';
    case 'if':
      return `must match the schema's '${String(detail['failingKeyword'])}' branch`;
    default:
      return message ?? `does not satisfy '${keyword}'`;
  }
}

/** The JSON text of the value at the pointer, cut to `limit` characters; `(missing)` when there is none. */
export function excerptAt(value: JsonValue, pointer: string, limit = 100): string {
  const found = resolvePointer(value, parsePointer(pointer));
  return found === undefined ? '(missing)' : excerptText(stringifyJson(found), limit);
}

/** At most `limit` failures, one per line: location, reason, and an excerpt of the value found. */
export function formatFailures(failures: readonly ValidationFailure[], value: JsonValue, limit = 5): string {
  const lines = failures.slice(0, limit).map(({ pointer, reason }) => {
    return `at '${pointer}': ${reason}; found ${excerptAt(value, pointer)}`;
  });
  if (failures.length > limit) lines.push(`and ${failures.length - limit} more`);
  return lines.join('\n');
}
