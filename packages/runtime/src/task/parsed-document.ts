// A document's bytes as a value, once exact, for keys and inference, and once as validators take it.

import { errors } from '../errors.ts';
import { isUtf8 } from 'node:buffer';
import {
  excerptAt,
  hasRiskyNumber,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  MAX_DEPTH,
  parseJson,
  type ValidationFailure,
} from '@weir/schema';

export interface ParsedDocument {
  /** Every number as its text has it. */
  readonly value: JsonObject;
  /** The same with doubles: what JSON.parse gives. It is `value` itself when no number differs. */
  readonly plain: Record<string, unknown>;
}

/** Throws DOCUMENT_INVALID for anything but one JSON object in UTF-8. */
export function parseDocument(bytes: Buffer, collection: string): ParsedDocument {
  if (!isUtf8(bytes)) throw notADocument(bytes, collection, 'it is not UTF-8');
  const text = bytes.toString('utf8');
  let value: JsonValue;
  let plain: Record<string, unknown>;
  try {
    if (hasRiskyNumber(text)) {
      value = parseJson(text);
      plain = JSON.parse(text) as Record<string, unknown>;
    } else {
      // A short text cannot nest too deeply, and nothing in it is risky: what parseJson would look for is not there.
      value = text.length < 2 * MAX_DEPTH ? (JSON.parse(text) as JsonValue) : parseJson(text);
      plain = value as Record<string, unknown>;
    }
  } catch (cause) {
    throw notADocument(bytes, collection, cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (!isJsonObject(value)) throw notADocument(bytes, collection, 'it is not an object');
  return { value, plain };
}

function notADocument(bytes: Buffer, collection: string, why: string, cause?: unknown): Error {
  const excerpt = bytes.toString('utf8', 0, 100);
  return errors.DOCUMENT_INVALID({
    message: `A document of collection ${collection} is not a JSON document: ${why}. It begins with: ${excerpt}`,
    cause,
  });
}

/** DOCUMENT_INVALID with the collection, and for each failure its pointer, reason and what was found there. */
export function invalidDocument(
  collection: string,
  schemaName: string,
  failures: readonly ValidationFailure[],
  value: JsonObject,
): Error {
  const shown = failures.slice(0, 3).map(({ pointer, reason }) => {
    return `at '${pointer}': ${reason}, found ${excerptAt(value, pointer)}`;
  });
  const more = failures.length > shown.length ? `; and ${failures.length - shown.length} more` : '';
  return errors.DOCUMENT_INVALID({
    message: `A document of collection ${collection} does not satisfy its ${schemaName}: ${shown.join('; ')}${more}.`,
  });
}
