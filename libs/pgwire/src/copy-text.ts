// The text format of COPY (PostgreSQL manual: "COPY", "Text Format"), read into the same view as pgoutput's rows, so
// that one reader of values serves both.

import { malformed, tupleKind, type TupleView } from './pgoutput/tuple-view.ts';

const TAB = 0x09;
const NEWLINE = 0x0a;
const BACKSLASH = 0x5c;
const LETTER_N = 0x4e;

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
  let source = bytes.indexOf(BACKSLASH, start);
  if (source < 0 || source >= end) return end;
  let target = source;
  while (source < end) {
    let byte = bytes[source++] ?? 0;
    if (byte === BACKSLASH && source < end) byte = controls[bytes[source++] ?? 0] ?? 0;
    bytes[target++] = byte;
  }
  return target;
}

/**
 * Reads one row, with or without its line end, into `tuple`. Changes `bytes`: values lose their backslashes in place,
 * so a row can be read once.
 */
export function readCopyTextRow(tuple: TupleView, bytes: Uint8Array, start: number, end: number): void {
  const { kinds, starts, ends } = tuple;
  const stop = end > start && bytes[end - 1] === NEWLINE ? end - 1 : end;
  let column = 0;
  let fieldStart = start;
  let hasBackslash = false;
  for (let index = start; index <= stop; index += 1) {
    const byte = index < stop ? bytes[index] : TAB;
    if (byte === BACKSLASH) hasBackslash = true;
    else if (byte === TAB) {
      if (column >= kinds.length) throw malformed('a row of too many columns');
      let fieldEnd = index;
      kinds[column] = tupleKind.text;
      if (hasBackslash) {
        if (fieldEnd - fieldStart === 2 && bytes[fieldStart + 1] === LETTER_N) kinds[column] = tupleKind.null;
        else fieldEnd = unescapeCopyText(bytes, fieldStart, fieldEnd);
        hasBackslash = false;
      }
      starts[column] = fieldStart;
      ends[column] = fieldEnd;
      column += 1;
      fieldStart = index + 1;
    }
  }
  tuple.count = column;
}
