// JSON pointers (RFC 6901). A pointer is kept as its unescaped tokens; '' is the root.

import { errors } from '../errors.ts';
import { getProperty, isJsonObject, setProperty, type JsonValue } from './value.ts';

export type Pointer = readonly string[];

/** `/a~1b/0` → ['a/b', '0']. Throws POINTER_INVALID unless the text is empty or starts with a slash. */
export function parsePointer(text: string): string[] {
  if (text === '') return [];
  if (!text.startsWith('/')) {
    throw errors.POINTER_INVALID({ message: `the JSON pointer '${text}' does not start with '/'` });
  }
  return text.slice(1).split('/').map(unescapeToken);
}

export function formatPointer(pointer: Pointer): string {
  let text = '';
  for (const token of pointer) text += `/${escapeToken(token)}`;
  return text;
}

export function escapeToken(token: string): string {
  return token.includes('~') || token.includes('/')
    ? token.replaceAll('~', '~0').replaceAll('/', '~1')
    : token;
}

export function unescapeToken(token: string): string {
  return token.includes('~') ? token.replaceAll('~1', '/').replaceAll('~0', '~') : token;
}

/** The index an array token names, or undefined: decimal digits without a leading zero. */
export function arrayIndex(token: string): number | undefined {
  return /^(?:0|[1-9]\d{0,9})$/.test(token) ? Number(token) : undefined;
}

/** The value at the pointer, or undefined when the location does not exist. */
export function resolvePointer(value: JsonValue, pointer: Pointer): JsonValue | undefined {
  let at: JsonValue | undefined = value;
  for (const token of pointer) {
    if (Array.isArray(at)) {
      const index = arrayIndex(token);
      at = index === undefined ? undefined : at[index];
    } else {
      at = isJsonObject(at) ? getProperty(at, token) : undefined;
    }
    if (at === undefined) return undefined;
  }
  return at;
}

/**
 * Sets the value at the pointer in place and returns the root. Missing and null parents become objects; an array takes
 * an existing index, the next one, or '-'. Throws POINTER_UNREACHABLE when a parent is a scalar or the index is past the end.
 */
export function setPointer(root: JsonValue, pointer: Pointer, value: JsonValue): JsonValue {
  if (pointer.length === 0) return value;
  const newRoot: JsonValue = root === null ? {} : root;
  let at: JsonValue = newRoot;
  for (let index = 0; index < pointer.length; index++) {
    const token = pointer[index] as string;
    const isLast = index === pointer.length - 1;
    const present: JsonValue | undefined = Array.isArray(at)
      ? at[arrayIndex(token) ?? at.length]
      : isJsonObject(at)
        ? getProperty(at, token)
        : undefined;
    const next: JsonValue = isLast ? value : (present ?? {});
    if (Array.isArray(at)) {
      const position = token === '-' ? at.length : arrayIndex(token);
      if (position === undefined || position > at.length) throw unreachable(pointer, index);
      at[position] = next;
    } else if (isJsonObject(at)) {
      setProperty(at, token, next);
    } else {
      throw unreachable(pointer, index);
    }
    at = next;
  }
  return newRoot;
}

function unreachable(pointer: Pointer, index: number): Error {
  return errors.POINTER_UNREACHABLE({
    message: `cannot set '${formatPointer(pointer)}': '${formatPointer(pointer.slice(0, index))}' has no place for it`,
  });
}
