// Exact JSON parsing. Text without a numeral that JSON.parse could round takes JSON.parse; other text takes the parser
// below, which accepts the same grammar (RFC 8259) and keeps such numerals as bigint or ExactNumber.

import { errors } from '../errors.ts';
import { excerptText } from './excerpt.ts';
import { exactNumber, setProperty, type JsonObject, type JsonValue } from './value.ts';

/** Arrays and objects inside each other; a deeper document is rejected, so that recursive code has a bound. */
export const MAX_DEPTH = 512;

/**
 * A numeral at a value's position with 16 or more digits, or with an exponent of three or more. Shorter numerals have
 * at most 15 significant digits, which a double always keeps. May say yes for text inside a string; never misses.
 */
const riskyNumeral = /(?:^|[:,[\s])-?(?:\d[\d.]{15}|[\d.]+[eE][+-]?\d{3})/;

/** Whether JSON.parse might change a number of this text. A cheap scan; may say yes needlessly. */
export function hasRiskyNumber(text: string): boolean {
  return riskyNumeral.test(text);
}

/**
 * Parses one JSON value exactly. Throws JSON_INVALID with the offset of the mistake, or JSON_TOO_DEEP past 512 levels.
 * Duplicate properties: the last one wins.
 */
export function parseJson(input: string | Buffer): JsonValue {
  const text = typeof input === 'string' ? input : input.toString('utf8');
  if (riskyNumeral.test(text)) return new Parser(text).parse();
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (cause) {
    const message = cause instanceof SyntaxError ? cause.message : String(cause);
    throw errors.JSON_INVALID({ message: `not valid JSON: ${message}`, cause });
  }
  if (text.length > MAX_DEPTH && mayNestDeeply(text)) checkDepth(value, 0);
  return value;
}

/** Few documents hold more than MAX_DEPTH arrays and objects; only those are walked. */
function mayNestDeeply(text: string): boolean {
  let opened = 0;
  for (const bracket of ['[', '{']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (++opened > MAX_DEPTH) return true;
    }
  }
  return false;
}

function checkDepth(value: JsonValue, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth >= MAX_DEPTH) throw tooDeep();
  if (Array.isArray(value)) {
    for (const item of value) checkDepth(item, depth + 1);
  } else {
    for (const property of Object.values(value as JsonObject)) checkDepth(property, depth + 1);
  }
}

function tooDeep(): Error {
  return errors.JSON_TOO_DEEP({ message: `the JSON text nests deeper than ${MAX_DEPTH} levels` });
}

const numeralGrammar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): JsonValue {
    const value = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#unexpected();
    return value;
  }

  #value(depth: number): JsonValue {
    this.#skipSpace();
    switch (this.#text.charCodeAt(this.#at)) {
      case 0x7b:
        return this.#object(depth);
      case 0x5b:
        return this.#array(depth);
      case 0x22:
        return this.#string();
      case 0x74:
        return this.#word('true', true);
      case 0x66:
        return this.#word('false', false);
      case 0x6e:
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): JsonObject {
    if (depth >= MAX_DEPTH) throw tooDeep();
    const object: JsonObject = {};
    this.#at++;
    this.#skipSpace();
    if (this.#take(0x7d)) return object;
    do {
      this.#skipSpace();
      if (this.#text.charCodeAt(this.#at) !== 0x22) throw this.#unexpected();
      const property = this.#string();
      this.#skipSpace();
      if (!this.#take(0x3a)) throw this.#unexpected();
      setProperty(object, property, this.#value(depth + 1));
      this.#skipSpace();
    } while (this.#take(0x2c));
    if (!this.#take(0x7d)) throw this.#unexpected();
    return object;
  }

  #array(depth: number): JsonValue[] {
    if (depth >= MAX_DEPTH) throw tooDeep();
    const array: JsonValue[] = [];
    this.#at++;
    this.#skipSpace();
    if (this.#take(0x5d)) return array;
    do {
      array.push(this.#value(depth + 1));
      this.#skipSpace();
    } while (this.#take(0x2c));
    if (!this.#take(0x5d)) throw this.#unexpected();
    return array;
  }

  /** Finds the closing quote, and leaves escapes and control characters to JSON.parse. */
  #string(): string {
    const text = this.#text;
    const start = this.#at;
    let plain = true;
    for (let at = start + 1; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit === 0x22) {
        this.#at = at + 1;
        if (plain) return text.slice(start + 1, at);
        try {
          return JSON.parse(text.slice(start, at + 1)) as string;
        } catch {
          this.#at = start;
          throw this.#unexpected();
        }
      }
      if (unit === 0x5c) {
        plain = false;
        at++;
      } else if (unit < 0x20) {
        plain = false;
      }
    }
    this.#at = text.length;
    throw this.#unexpected();
  }

  #number(): JsonValue {
    numeralGrammar.lastIndex = this.#at;
    const match = numeralGrammar.exec(this.#text);
    if (match === null) throw this.#unexpected();
    this.#at = numeralGrammar.lastIndex;
    return exactNumber(match[0]);
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected();
    this.#at += word.length;
    return value;
  }

  #take(unit: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== unit) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.#at++;
    }
  }

  #unexpected(): Error {
    const found =
      this.#at >= this.#text.length
        ? 'the text ends too early'
        : `unexpected ${excerptText(this.#text.slice(this.#at, this.#at + 20), 20)}`;
    return errors.JSON_INVALID({ message: `not valid JSON: ${found} at offset ${this.#at}` });
  }
}
