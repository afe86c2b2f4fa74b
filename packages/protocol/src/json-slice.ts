// Finds the parts of JSON bytes without parsing them, so that numbers and documents pass through as they came.
//
// The scanner trusts its input to be JSON: it follows strings, escapes and nesting, and reports text that ends too
// early or has no value where one must be. It does not validate literals: whoever parses the slice will.

import { errors } from './errors.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

function malformed(expected: string, offset: number, end: number): Error {
  const where = offset >= end ? 'at its end' : `at byte ${offset}`;
  return errors.PROTOCOL_MALFORMED({ message: `Malformed JSON: expected ${expected} ${where}.` });
}

/** The first offset at or after `offset` that holds no JSON whitespace. */
export function skipJsonWhitespace(bytes: Uint8Array, offset: number, end: number = bytes.length): number {
  let at = offset;
  while (at < end) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    at++;
  }
  return at;
}

/** `offset` is at the opening quote; returns the offset behind the closing one. */
export function skipJsonString(bytes: Uint8Array, offset: number, end: number = bytes.length): number {
  for (let at = offset + 1; at < end; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at++;
  }
  throw malformed('the end of a string', end, end);
}

function skipJsonNesting(bytes: Uint8Array, offset: number, end: number): number {
  let depth = 0;
  let at = offset;
  while (at < end) {
    const byte = bytes[at++];
    if (byte === QUOTE) {
      // skipJsonString in place: a call for each string costs as much as scanning it.
      let inside = at < end ? bytes[at++] : undefined;
      while (inside !== QUOTE) {
        if (inside === BACKSLASH) at++;
        if (at >= end) throw malformed('the end of a string', end, end);
        inside = bytes[at++];
      }
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth++;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth--;
      if (depth === 0) return at;
    }
  }
  throw malformed('the end of an object or array', end, end);
}

function skipJsonLiteral(bytes: Uint8Array, offset: number, end: number): number {
  let at = offset;
  for (; at < end; at++) {
    const byte = bytes[at];
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET) break;
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09 || byte === COLON) break;
  }
  if (at === offset) throw malformed('a value', offset, end);
  return at;
}

/** `offset` is at the first byte of a value; returns the offset behind its last. */
export function skipJsonValue(bytes: Uint8Array, offset: number, end: number = bytes.length): number {
  const first = offset < end ? bytes[offset] : undefined;
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return skipJsonNesting(bytes, offset, end);
  if (first === QUOTE) return skipJsonString(bytes, offset, end);
  return skipJsonLiteral(bytes, offset, end);
}

/** Whether the bytes `[start, end)` are those of `name`, which has no characters that JSON escapes. */
export function isJsonName(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false;
  for (let at = 0; at < name.length; at++) if (bytes[start + at] !== name[at]) return false;
  return true;
}

/** Whether the value at `offset` is the literal `null`. */
export function isJsonNull(bytes: Uint8Array, offset: number): boolean {
  return bytes[offset] === 0x6e;
}

/** Walks what stands between a pair of brackets, item by item. Behind the last, `position` is past the closing one. */
class JsonCursor {
  readonly bytes: Uint8Array;
  readonly end: number;
  position: number;
  valueStart = 0;
  valueEnd = 0;
  #first = true;

  protected constructor(bytes: Uint8Array, start: number, end: number, open: number, what: string) {
    this.bytes = bytes;
    this.end = end;
    const at = skipJsonWhitespace(bytes, start, end);
    if (at >= end || bytes[at] !== open) throw malformed(what, at, end);
    this.position = at + 1;
  }

  /** Where the next item begins, behind its comma; -1 behind the last. `expected` is what could stand there otherwise. */
  protected nextItem(close: number, expected: string): number {
    const { bytes, end } = this;
    const at = skipJsonWhitespace(bytes, this.position, end);
    if (at < end && bytes[at] === close) {
      this.position = at + 1;
      return -1;
    }
    if (this.#first) {
      this.#first = false;
      return at;
    }
    if (at >= end || bytes[at] !== COMMA) throw malformed(expected, at, end);
    return skipJsonWhitespace(bytes, at + 1, end);
  }

  skipValue(): void {
    this.valueEnd = skipJsonValue(this.bytes, this.valueStart, this.end);
    this.position = this.valueEnd;
  }
}

/**
 * Walks the members of the object whose brace is the first non-blank byte at `start`.
 * `next()` gives whole members; `nextKey()` stops in front of the value, so that a caller who reads the value itself
 * can set `position` behind it and no byte is scanned twice.
 */
export class JsonObjectCursor extends JsonCursor {
  /** Between the quotes, escapes untouched. */
  keyStart = 0;
  keyEnd = 0;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    super(bytes, start, end, OPEN_BRACE, 'an object');
  }

  nextKey(): boolean {
    const { bytes, end } = this;
    let at = this.nextItem(CLOSE_BRACE, "',' or '}'");
    if (at === -1) return false;
    if (at >= end || bytes[at] !== QUOTE) throw malformed('a member name', at, end);
    const behindKey = skipJsonString(bytes, at, end);
    this.keyStart = at + 1;
    this.keyEnd = behindKey - 1;
    at = skipJsonWhitespace(bytes, behindKey, end);
    if (at >= end || bytes[at] !== COLON) throw malformed("':'", at, end);
    this.valueStart = skipJsonWhitespace(bytes, at + 1, end);
    this.position = this.valueStart;
    return true;
  }

  next(): boolean {
    if (!this.nextKey()) return false;
    this.skipValue();
    return true;
  }
}

/** Walks the values of the array whose bracket is the first non-blank byte at `start`. */
export class JsonArrayCursor extends JsonCursor {
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    super(bytes, start, end, OPEN_BRACKET, 'an array');
  }

  next(): boolean {
    const at = this.nextItem(CLOSE_BRACKET, "',' or ']'");
    if (at === -1) return false;
    this.valueStart = at;
    this.skipValue();
    return true;
  }
}
