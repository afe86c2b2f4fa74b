// The text format of COPY (PostgreSQL manual: "COPY", "Text Format"), read into the same view as pgoutput's rows, so
// that one reader of values serves both.

import { malformed, tupleKind, type TupleView } from './pgoutput/tuple-view.ts';

const TAB = 0x09;
const NEWLINE = 0x0a;
const BACKSLASH = 0x5c;
const LETTER_N = 0x4e;

// Per byte of a word; see `tabsAndBackslashes`.
const LOW_BITS = 0x7f7f7f7f;
const TOP_BITS = 0x80808080;
const TABS = 0x09090909;
const BACKSLASHES = 0x5c5c5c5c;

/** What the letter after a backslash stands for: itself, but for these. */
const controls = new Uint8Array(256).map((_, byte) => byte);
for (const [letter, byte] of [
  ['b', 0x08],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['v', 0x0b],
] as const) {
  controls[letter.charCodeAt(0)] = byte;
}

/** Undoes COPY's backslashes in place, and returns the end of the shorter text. */
export function unescapeCopyText(bytes: Uint8Array, start: number, end: number): number {
  let source = start;
  while (source < end && bytes[source] !== BACKSLASH) source += 1;
  let target = source;
  while (source < end) {
    let byte = bytes[source++] ?? 0;
    if (byte === BACKSLASH && source < end) byte = controls[bytes[source++] ?? 0] ?? 0;
    bytes[target++] = byte;
  }
  return target;
}

/** Where the field at `start` ends: at the next tab or line end, or at `end`. */
export function copyFieldEnd(bytes: Uint8Array, start: number, end: number): number {
  let index = start;
  while (index < end && bytes[index] !== TAB && bytes[index] !== NEWLINE) index += 1;
  return index;
}

/** A mask with the top bit of each of the four bytes that is a tab or a backslash: the two that end or change a field. */
function tabsAndBackslashes(word: number): number {
  // A byte that differs has a bit among its lower seven, or its top bit: the sum, or the word itself, has the top bit.
  const notTab = ((word ^ TABS) & LOW_BITS) + LOW_BITS;
  const notBackslash = ((word ^ BACKSLASHES) & LOW_BITS) + LOW_BITS;
  return ~((notTab & notBackslash) | word) & TOP_BITS;
}

/**
 * Reads one row, with or without its line end, into `tuple`. Changes `bytes`: values lose their backslashes in place,
 * so a row can be read once. Four bytes are looked at together.
 */
export function readCopyTextRow(tuple: TupleView, bytes: Uint8Array, start: number, end: number): void {
  const words = tuple.wordsOf(bytes);
  const stop = end > start && bytes[end - 1] === NEWLINE ? end - 1 : end;
  const wordsStop = stop - 3;
  tuple.count = 0;
  let fieldStart = start;
  let hasBackslash = false;
  let index = start;
  for (; index < wordsStop; index += 4) {
    let mask = tabsAndBackslashes(words.getInt32(index, true));
    for (; mask !== 0; mask &= mask - 1) {
      const at = index + ((31 - Math.clz32(mask & -mask)) >> 3);
      if (bytes[at] === BACKSLASH) hasBackslash = true;
      else {
        addField(tuple, bytes, fieldStart, at, hasBackslash);
        fieldStart = at + 1;
        hasBackslash = false;
      }
    }
  }
  for (; index < stop; index += 1) {
    const byte = bytes[index];
    if (byte === BACKSLASH) hasBackslash = true;
    else if (byte === TAB) {
      addField(tuple, bytes, fieldStart, index, hasBackslash);
      fieldStart = index + 1;
      hasBackslash = false;
    }
  }
  addField(tuple, bytes, fieldStart, stop, hasBackslash);
}

function addField(
  tuple: TupleView,
  bytes: Uint8Array,
  start: number,
  end: number,
  hasBackslash: boolean,
): void {
  const { kinds, starts, ends, count } = tuple;
  if (count >= kinds.length) throw malformed('a row of too many columns');
  kinds[count] = tupleKind.text;
  starts[count] = start;
  ends[count] = end;
  if (hasBackslash) {
    if (end - start === 2 && bytes[start + 1] === LETTER_N) kinds[count] = tupleKind.null;
    else ends[count] = unescapeCopyText(bytes, start, end);
  }
  tuple.count = count + 1;
}
