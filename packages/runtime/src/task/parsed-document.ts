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

/** Throws DOCUMENT_INVALID for anything but one JSON object in UTF-8; its error quotes the text unless `isSecret`. */
export function parseDocument(bytes: Buffer, collection: string, isSecret = false): ParsedDocument {
  const notADocument = (why: string, cause?: unknown): Error => {
    const excerpt = isSecret ? '' : ` It begins with: ${bytes.toString('utf8', 0, 100)}`;
    return errors.DOCUMENT_INVALID({
      message: `A document of collection ${collection} is not a JSON document: ${why}.${excerpt}`,
      cause: isSecret ? undefined : cause,
    });
  };
  if (!isUtf8(bytes)) throw notADocument('it is not UTF-8');
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
    // The messages of JSON.parse quote the text too.
    const why = isSecret ? 'it cannot be parsed' : cause instanceof Error ? cause.message : String(cause);
    throw notADocument(why, cause);
  }
  if (!isJsonObject(value)) throw notADocument('it is not an object');
  return { value, plain };
}

/**
 * DOCUMENT_INVALID with the collection, and for each failure its pointer, reason and what was found there.
 * `redacted`: the document as far as it may be shown.
 */
export function invalidDocument(
  collection: string,
  schemaName: string,
  failures: readonly ValidationFailure[],
  value: JsonObject,
  redacted: JsonObject = value,
): Error {
  const shown = failures.slice(0, 3).map(({ pointer, reason }) => {
    const excerpt = excerptAt(redacted, pointer);
    const isShown = redacted === value || excerpt === excerptAt(value, pointer);
    return `at '${pointer}': ${reason}, found ${isShown ? excerpt : 'a value that is redacted'}`;
  });
  const more = failures.length > shown.length ? `; and ${failures.length - shown.length} more` : '';
  return errors.DOCUMENT_INVALID({
    message: `A document of collection ${collection} does not satisfy its ${schemaName}: ${shown.join('; ')}${more}.`,
  });
}
