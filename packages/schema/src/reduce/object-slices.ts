// Where the properties of one JSON object lie in its bytes, found in one pass without decoding anything. The object is
// reused from document to document.

import { errors } from '../errors.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Offsets per property, four to a property. A name's range has its quotes, a value's range no surrounding space. */
const NAME_START = 0;
const NAME_END = 1;
const VALUE_START = 2;
const VALUE_END = 3;
const WIDTH = 4;

const MAX_INSERTION = 48;

export class ObjectSlices {
  bytes: Buffer = Buffer.alloc(0);
  /** Where the range that was read last begins. */
  start = 0;
  count = 0;
  #offsets = new Int32Array(64 * WIDTH);
  /** Positions in the order of names; undefined when the object has its properties sorted. */
  #order: Int32Array | undefined;
  #orderSpace = new Int32Array(64);

  /**
   * Reads the object in a range of bytes, which must hold one valid JSON value. False when there is none, when a name
   * is escaped or when a name occurs twice: then the value has to be parsed. Throws JSON_INVALID for a torn object.
   */
  read(bytes: Buffer, start: number, end: number): boolean {
    this.bytes = bytes;
    this.start = start;
    this.count = 0;
    this.#order = undefined;
    let at = skipSpace(bytes, start, end);
    if (bytes[at] !== OPEN_BRACE) return false;
    at = skipSpace(bytes, at + 1, end);
    let sorted = true;
    while (bytes[at] !== CLOSE_BRACE) {
      const nameStart = at;
      if (bytes[at] !== QUOTE) throw torn(at);
      at += 1;
      for (let byte = bytes[at]; byte !== QUOTE; byte = bytes[++at]) {
        if (byte === BACKSLASH) return false;
        if (at >= end) throw torn(at);
      }
      const nameEnd = at + 1;
      at = skipSpace(bytes, nameEnd, end);
      if (bytes[at] !== COLON) throw torn(at);
      const valueStart = skipSpace(bytes, at + 1, end);
      const valueEnd = skipValue(bytes, valueStart, end);
      this.#push(nameStart, nameEnd, valueStart, valueEnd);
      if (sorted && this.count > 1) sorted = this.#compare(this.count - 2, this.count - 1) < 0;
      at = skipSpace(bytes, valueEnd, end);
      if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1, end);
      else if (bytes[at] !== CLOSE_BRACE || at >= end) throw torn(at);
    }
    return sorted || this.#sort();
  }

  /** The offsets of the property at a place in the order of names (by their bytes, which is also by code point). */
  nameStart(place: number): number {
    return this.#offset(place, NAME_START);
  }

  nameEnd(place: number): number {
    return this.#offset(place, NAME_END);
  }

  valueStart(place: number): number {
    return this.#offset(place, VALUE_START);
  }

  valueEnd(place: number): number {
    return this.#offset(place, VALUE_END);
  }

  /** The place of a name (with its quotes), or -1. */
  find(name: Buffer): number {
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = compareNames(
        this.bytes,
        this.nameStart(middle),
        this.nameEnd(middle),
        name,
        0,
        name.length,
      );
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  #offset(place: number, which: number): number {
    const position = this.#order === undefined ? place : (this.#order[place] as number);
    return this.#offsets[position * WIDTH + which] as number;
  }

  #push(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    const base = this.count * WIDTH;
    if (base + WIDTH > this.#offsets.length) {
      const grown = new Int32Array(this.#offsets.length * 2);
      grown.set(this.#offsets);
      this.#offsets = grown;
    }
    this.#offsets[base + NAME_START] = nameStart;
    this.#offsets[base + NAME_END] = nameEnd;
    this.#offsets[base + VALUE_START] = valueStart;
    this.#offsets[base + VALUE_END] = valueEnd;
    this.count += 1;
  }

  #sort(): boolean {
    const { count } = this;
    if (this.#orderSpace.length < count) this.#orderSpace = new Int32Array(count * 2);
    const order = this.#orderSpace.subarray(0, count);
    for (let place = 0; place < count; place += 1) order[place] = place;
    if (count > MAX_INSERTION) order.sort((left, right) => this.#compare(left, right));
    else this.#insertionSort(order);
    for (let place = 1; place < count; place += 1) {
      if (this.#compare(order[place - 1] as number, order[place] as number) === 0) return false;
    }
    this.#order = order;
    return true;
  }

  /** For the few properties of most objects, which are often almost in order. */
  #insertionSort(order: Int32Array): void {
    for (let place = 1; place < order.length; place += 1) {
      const position = order[place] as number;
      let hole = place;
      while (hole > 0 && this.#compare(order[hole - 1] as number, position) > 0) {
        order[hole] = order[hole - 1] as number;
        hole -= 1;
      }
      order[hole] = position;
    }
  }

  #compare(left: number, right: number): number {
    const offsets = this.#offsets;
    return compareNames(
      this.bytes,
      offsets[left * WIDTH + NAME_START] as number,
      offsets[left * WIDTH + NAME_END] as number,
      this.bytes,
      offsets[right * WIDTH + NAME_START] as number,
      offsets[right * WIDTH + NAME_END] as number,
    );
  }
}

/** Compares two quoted names by the bytes between the quotes. */
export function compareNames(
  left: Buffer,
  leftStart: number,
  leftEnd: number,
  right: Buffer,
  rightStart: number,
  rightEnd: number,
): number {
  const leftLength = leftEnd - leftStart - 2;
  const rightLength = rightEnd - rightStart - 2;
  const length = Math.min(leftLength, rightLength);
  for (let index = 1; index <= length; index += 1) {
    const difference = (left[leftStart + index] as number) - (right[rightStart + index] as number);
    if (difference !== 0) return difference;
  }
  return leftLength - rightLength;
}

function skipSpace(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && isSpace(bytes[at] as number)) at += 1;
  return at;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function skipString(bytes: Buffer, from: number, end: number): number {
  let at = from + 1;
  for (let byte = bytes[at]; byte !== QUOTE; byte = bytes[at]) {
    if (at >= end) throw torn(at);
    at += byte === BACKSLASH ? 2 : 1;
  }
  return at + 1;
}

function skipValue(bytes: Buffer, from: number, end: number): number {
  const first = bytes[from];
  if (first === QUOTE) return skipString(bytes, from, end);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return skipNested(bytes, from, end);
  let at = from;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isSpace(byte)) break;
    at += 1;
  }
  if (at === from) throw torn(at);
  return at;
}

/** 1 opens, 2 closes, 3 begins a string; everything else between is skipped. */
const NESTING = new Uint8Array(256);
NESTING[OPEN_BRACE] = 1;
NESTING[OPEN_BRACKET] = 1;
NESTING[CLOSE_BRACE] = 2;
NESTING[CLOSE_BRACKET] = 2;
NESTING[QUOTE] = 3;

function skipNested(bytes: Buffer, from: number, end: number): number {
  let depth = 0;
  let at = from;
  while (at < end) {
    const kind = NESTING[bytes[at] as number];
    if (kind === 0) at += 1;
    else if (kind === 3) at = skipString(bytes, at, end);
    else {
      at += 1;
      depth += kind === 1 ? 1 : -1;
      if (depth === 0) return at;
    }
  }
  throw torn(at);
}

function torn(at: number): Error {
  return errors.JSON_INVALID({ message: `a document is no JSON object at byte ${at}` });
}
