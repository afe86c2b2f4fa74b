// Reads a document's bytes once, without making values of them: checks that they are JSON and satisfy a rule, and notes
// where the values of chosen locations lie. It says yes or "look at it in full", never no: whatever is unusual (names
// that are spelled with escapes or occur twice, deep nesting, numerals that a double may not hold) is left to the parser.
//
// Invariant: when `scan` says yes, parsing and validating the document would have succeeded, and `slot…` give the values
// that the parsed document has there. Held by property tests against the parser and the validator.

import { isUtf8 } from 'node:buffer';
import { parseJson } from '../json/parse.ts';
import { arrayIndex, type Pointer } from '../json/pointer.ts';
import type { JsonValue } from '../json/value.ts';
import { ARRAY, BOOLEAN, FRACTIONAL, INTEGER, NULL, OBJECT, STRING } from '../shape/types.ts';
import { countCodePoints } from '../shape/widen.ts';
import type { Rule } from './rule.ts';
import { type ScanNode, scanNode, type ScanProperty, type Word } from './scan-node.ts';

/** What lies at a slot. text: a string without escapes. range: an array or an object. value: everything else. */
export const SlotKind = { missing: 0, text: 1, number: 2, range: 3, value: 4 } as const;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const MINUS = 0x2d;
const DOT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

const deepest = 64;
/** So many digits a double always holds. */
const safeDigits = 15;
const powersOfTen = Float64Array.from({ length: safeDigits + 1 }, (_, exponent) => Number(`1e${exponent}`));

/** Of a byte inside a string: 0 itself, 1 part of a longer character, 2 an end, an escape or not allowed. */
const textClass = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH ? 2 : byte < 0x80 ? 0 : 1,
);

/** The highest bit of each of four bytes. */
const topBits = 0x80808080 | 0;

const failed = -1;

export class DocumentScanner {
  readonly #root: ScanNode;
  #bytes: Buffer = Buffer.alloc(0);
  /** All of the memory that `#bytes` is a part of, which begins `#base` before it. */
  #memory = new DataView(this.#bytes.buffer);
  #base = this.#bytes.byteOffset;
  #end = 0;
  #hasLongCharacters = false;
  #objects = 0;
  readonly #kinds: Uint8Array;
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #numbers: Float64Array;
  readonly #values: JsonValue[];
  /** Of the document scanned last: in bytes as spelled, members of an object, items of an array. */
  longestText = 0;
  widestObject = 0;
  longestArray = 0;

  private constructor(root: ScanNode, slots: number) {
    this.#root = root;
    this.#kinds = new Uint8Array(slots);
    this.#starts = new Float64Array(slots);
    this.#ends = new Float64Array(slots);
    this.#numbers = new Float64Array(slots);
    this.#values = Array.from({ length: slots }, () => null);
  }

  /** undefined when a pointer cannot be followed through bytes: one into an array, to the root, or given twice. */
  static of(rule: Rule, pointers: readonly Pointer[]): DocumentScanner | undefined {
    const isFollowed = (pointer: Pointer): boolean =>
      pointer.length > 0 &&
      pointer.every((token) => arrayIndex(token) === undefined && token !== '__proto__');
    if (!pointers.every(isFollowed)) return undefined;
    if (new Set(pointers.map((pointer) => JSON.stringify(pointer))).size < pointers.length) return undefined;
    const root = scanNode(
      rule,
      pointers.map((pointer, index) => ({ pointer, index })),
    );
    return new DocumentScanner(root, pointers.length);
  }

  /** Whether bytes [start, end) are one object that satisfies the rule. False says nothing. */
  scan(bytes: Buffer, start = 0, end: number = bytes.length): boolean {
    this.#bytes = bytes;
    if (bytes.buffer !== this.#memory.buffer) this.#memory = new DataView(bytes.buffer);
    this.#base = bytes.byteOffset;
    this.#end = end;
    this.#hasLongCharacters = false;
    this.longestText = 0;
    this.widestObject = 0;
    this.longestArray = 0;
    this.#kinds.fill(SlotKind.missing);
    const first = this.#skipSpace(start);
    if (first >= end || bytes[first] !== OPEN_BRACE) return false;
    const last = this.#value(this.#root, first, 0);
    if (last === failed || this.#skipSpace(last) !== end) return false;
    return !this.#hasLongCharacters || isUtf8(bytes.subarray(start, end));
  }

  /** Holds the document scanned last; offsets are those in it. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  slotKind(slot: number): number {
    return this.#kinds[slot] as number;
  }

  /** Of a text without its quotes, of a range with its brackets. */
  slotStart(slot: number): number {
    return this.#starts[slot] as number;
  }

  slotEnd(slot: number): number {
    return this.#ends[slot] as number;
  }

  slotNumber(slot: number): number {
    return this.#numbers[slot] as number;
  }

  /** The value at a slot as the parser gives it; undefined when there is none. */
  slotValue(slot: number): JsonValue | undefined {
    switch (this.#kinds[slot]) {
      case SlotKind.text:
        return this.#bytes.toString('utf8', this.#starts[slot], this.#ends[slot]);
      case SlotKind.number:
        return this.#numbers[slot];
      case SlotKind.range:
        return parseJson(this.#bytes.subarray(this.#starts[slot], this.#ends[slot]));
      case SlotKind.value:
        return this.#values[slot];
      default:
        return undefined;
    }
  }

  #note(slot: number, kind: number, start: number, end: number): void {
    this.#kinds[slot] = kind;
    this.#starts[slot] = start;
    this.#ends[slot] = end;
  }

  #noteValue(slot: number, value: JsonValue): void {
    this.#kinds[slot] = SlotKind.value;
    this.#values[slot] = value;
  }

  #skipSpace(start: number): number {
    const bytes = this.#bytes;
    let at = start;
    while (at < this.#end) {
      const byte = bytes[at] as number;
      if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
      at++;
    }
    return at;
  }

  /** Returns the offset behind the value that begins at `at`, or `failed`. So do the functions below. */
  #value(node: ScanNode, at: number, depth: number): number {
    const first = at < this.#end ? (this.#bytes[at] as number) : 0;
    switch (first) {
      case QUOTE:
        return this.#text(node, at);
      case OPEN_BRACE:
        return this.#object(node, at, depth);
      case OPEN_BRACKET:
        return this.#array(node, at, depth);
      case 0x74:
        return this.#word(node, at, 'true', true, BOOLEAN);
      case 0x66:
        return this.#word(node, at, 'false', false, BOOLEAN);
      case 0x6e:
        return this.#word(node, at, 'null', null, NULL);
      default:
        return this.#number(node, at, first);
    }
  }

  #word(node: ScanNode, at: number, word: string, value: boolean | null, type: number): number {
    const end = at + word.length;
    if ((node.types & type) === 0 || end > this.#end) return failed;
    for (let index = 1; index < word.length; index++) {
      if (this.#bytes[at + index] !== word.charCodeAt(index)) return failed;
    }
    if (node.members !== undefined && !node.members.includes(value)) return failed;
    if (node.slot !== -1) this.#noteValue(node.slot, value);
    return end;
  }

  #number(node: ScanNode, start: number, first: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    const isNegative = first === MINUS;
    const digits = isNegative ? start + 1 : start;
    let at = digits;
    let value = 0;
    let byte = 0;
    for (; at < end; at++) {
      byte = bytes[at] as number;
      if (byte < DIGIT_0 || byte > DIGIT_9) break;
      value = value * 10 + (byte - DIGIT_0);
    }
    const integerDigits = at - digits;
    if (integerDigits === 0 || (integerDigits > 1 && bytes[digits] === DIGIT_0)) return failed;
    let places = 0;
    if (at < end && byte === DOT) {
      const point = at++;
      for (; at < end; at++) {
        byte = bytes[at] as number;
        if (byte < DIGIT_0 || byte > DIGIT_9) break;
        value = value * 10 + (byte - DIGIT_0);
      }
      places = at - point - 1;
      if (places === 0) return failed;
    }
    if (integerDigits + places > safeDigits) return failed;
    if (at < end && (byte | 0x20) === 0x65) return failed;
    // Both are whole and exact, so that the quotient is the double nearest to the numeral.
    if (places > 0) value /= powersOfTen[places] as number;
    if (isNegative) value = -value;
    if (node.isOpen) return at;
    if ((node.types & (Number.isSafeInteger(value) ? INTEGER : FRACTIONAL)) === 0) return failed;
    if (!(value >= node.minimum && value <= node.maximum)) return failed;
    if (node.members !== undefined && !node.members.includes(value)) return failed;
    if (node.slot !== -1) {
      this.#kinds[node.slot] = SlotKind.number;
      this.#numbers[node.slot] = value;
    }
    return at;
  }

  #text(node: ScanNode, start: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#plainEnd(start + 1);
    let others = 0;
    for (;;) {
      while (at < end && textClass[bytes[at] as number] === 0) at++;
      if (at >= end) return failed;
      const byte = bytes[at] as number;
      if (byte === QUOTE) break;
      if (byte < 0x80) return byte === BACKSLASH ? this.#escapedText(node, start, at) : failed;
      if (byte < 0xc0) others++;
      this.#hasLongCharacters = true;
      at++;
    }
    const size = at - start - 1;
    if (size > this.longestText) this.longestText = size;
    if (node.isOpen) return at + 1;
    if ((node.types & STRING) === 0) return failed;
    const length = size - others;
    if (length < node.minLength || length > node.maxLength) return failed;
    if (node.members !== undefined && !this.#isMember(node, start, at + 1)) return failed;
    if (node.formats.length > 0 && !node.bytesFormat?.(bytes, start + 1, at)) {
      const text = bytes.toString('utf8', start + 1, at);
      for (const check of node.formats) if (!check(text)) return failed;
    }
    if (node.slot !== -1) this.#note(node.slot, SlotKind.text, start + 1, at);
    return at + 1;
  }

  /** Steps over fours of bytes that stand for themselves. */
  #plainEnd(start: number): number {
    const memory = this.#memory;
    const base = this.#base;
    const last = this.#end - 4;
    let at = start;
    for (; at <= last; at += 4) {
      const four = memory.getInt32(base + at, true);
      const low = four & 0x7f7f7f7f;
      const noControl = low + 0x60606060;
      const noQuote = (low ^ 0x22222222) + 0x7f7f7f7f;
      const noBackslash = (low ^ 0x5c5c5c5c) + 0x7f7f7f7f;
      if ((noControl & noQuote & noBackslash & ~four & topBits) !== topBits) break;
    }
    return at;
  }

  #isMember({ memberTexts }: ScanNode, start: number, end: number): boolean {
    for (const member of memberTexts) {
      if (member.length === end - start && this.#begins(member, start)) return true;
    }
    return false;
  }

  /** Whether the bytes at an offset are those of `expected`, both of which begin with a quote. */
  #begins({ length, fours, bytes: expected }: Word, start: number): boolean {
    if (start + length > this.#end) return false;
    const count = fours.length;
    if (count === 0) {
      const bytes = this.#bytes;
      for (let index = 1; index < length; index++) if (bytes[start + index] !== expected[index]) return false;
      return true;
    }
    const memory = this.#memory;
    const base = this.#base + start;
    // Nearly all that differ do so at their end, if at all: names are tried in the order in which they mostly come.
    if (memory.getInt32(base + length - 4, true) !== fours[count - 1]) return false;
    for (let index = count - 2; index >= 0; index--) {
      if (memory.getInt32(base + 4 * index, true) !== fours[index]) return false;
    }
    return true;
  }

  /** A string with escapes: its value is made, and checked as one. */
  #escapedText(node: ScanNode, start: number, firstEscape: number): number {
    const bytes = this.#bytes;
    let at = firstEscape;
    for (; at < this.#end && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
    if (at >= this.#end) return failed;
    const spelled = bytes.toString('utf8', start, at + 1);
    let text: string;
    try {
      text = JSON.parse(spelled) as string;
    } catch {
      return failed;
    }
    this.#hasLongCharacters = true;
    if (at - start > this.longestText) this.longestText = at - start;
    if ((node.types & STRING) === 0) return failed;
    const length = countCodePoints(text);
    if (length < node.minLength || length > node.maxLength) return failed;
    if (node.members !== undefined && !node.members.includes(text)) return failed;
    for (const check of node.formats) if (!check(text)) return failed;
    if (node.slot !== -1) this.#noteValue(node.slot, text);
    return at + 1;
  }

  #array(node: ScanNode, start: number, depth: number): number {
    if ((node.types & ARRAY) === 0 || node.members !== undefined || depth >= deepest) return failed;
    const bytes = this.#bytes;
    let count = 0;
    let at = this.#skipSpace(start + 1);
    if (bytes[at] === CLOSE_BRACKET && at < this.#end) {
      at++;
    } else {
      for (;;) {
        at = this.#value(node.items, at, depth + 1);
        if (at === failed) return failed;
        count++;
        if (at < this.#end && (bytes[at] as number) <= 0x20) at = this.#skipSpace(at);
        if (at >= this.#end) return failed;
        const next = bytes[at++];
        if (next === CLOSE_BRACKET) break;
        if (next !== COMMA) return failed;
        if ((bytes[at] as number) <= 0x20) at = this.#skipSpace(at);
      }
    }
    if (count > this.longestArray) this.longestArray = count;
    if (count < node.minItems || count > node.maxItems) return failed;
    if (node.slot !== -1) this.#note(node.slot, SlotKind.range, start, at);
    return at;
  }

  #object(node: ScanNode, start: number, depth: number): number {
    if ((node.types & OBJECT) === 0 || node.members !== undefined || depth >= deepest) return failed;
    const bytes = this.#bytes;
    const end = this.#end;
    // Where numbers begin again, an object may be taken for one of a billion before it, and is then not accepted.
    const objectNumber = (this.#objects + 1) & 0x3fffffff;
    this.#objects = objectNumber;
    let previous: ScanProperty | undefined;
    let expected = node.first;
    let required = 0;
    let count = 0;
    let at = this.#skipSpace(start + 1);
    if (bytes[at] === CLOSE_BRACE && at < end) {
      at++;
    } else {
      for (;;) {
        if (bytes[at] !== QUOTE || at >= end) return failed;
        let child: ScanNode = node.additional;
        let found = expected;
        // Mostly it is the one that followed last time.
        if (found === undefined || !this.#begins(found.name, at)) {
          found = this.#propertyAt(node, at);
          if (found !== undefined) {
            if (previous === undefined) node.first = found;
            else previous.next = found;
          }
        }
        if (found === undefined) {
          at = this.#unlistedName(at);
          if (at === failed || child.types === 0) return failed;
        } else {
          if (found.seenIn === objectNumber) return failed;
          found.seenIn = objectNumber;
          previous = found;
          expected = found.next;
          child = found.node;
          if (found.isRequired) required++;
          at += found.name.length;
        }
        if (bytes[at] !== COLON) at = this.#skipSpace(at);
        if (bytes[at] !== COLON || at >= end) return failed;
        at++;
        if ((bytes[at] as number) <= 0x20) at = this.#skipSpace(at);
        at = this.#value(child, at, depth + 1);
        if (at === failed) return failed;
        count++;
        if (at < end && (bytes[at] as number) <= 0x20) at = this.#skipSpace(at);
        if (at >= end) return failed;
        const next = bytes[at++];
        if (next === CLOSE_BRACE) break;
        if (next !== COMMA) return failed;
        if ((bytes[at] as number) <= 0x20) at = this.#skipSpace(at);
      }
    }
    if (count > this.widestObject) this.widestObject = count;
    if (required !== node.requiredCount) return failed;
    if (node.slot !== -1) this.#note(node.slot, SlotKind.range, start, at);
    return at;
  }

  /** The listed property whose name begins at `at`. */
  #propertyAt({ properties }: ScanNode, at: number): ScanProperty | undefined {
    for (const property of properties) if (this.#begins(property.name, at)) return property;
    return undefined;
  }

  #unlistedName(start: number): number {
    const bytes = this.#bytes;
    let at = start + 1;
    for (; at < this.#end; at++) {
      const kind = textClass[bytes[at] as number] as number;
      if (kind === 0) continue;
      if (kind === 2) return bytes[at] === QUOTE ? at + 1 : failed;
      this.#hasLongCharacters = true;
    }
    return failed;
  }
}
