// An array literal (PostgreSQL manual: "Array Input and Output Syntax") as JSON in one of three styles. Lower bounds are
// dropped in all of them.

import type { ArrayStyle } from './value-style.ts';
import type { ValueWriter } from './value-writer.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const BOUNDS = 0x5b;
const EQUALS = 0x3d;
const CLOSE_BRACKET = 0x5d;

export function createArrayWriter(
  writeElement: ValueWriter,
  delimiter: string,
  style: ArrayStyle = 'flat',
): ValueWriter {
  const separator = delimiter.charCodeAt(0);
  if (style === 'shaped') {
    const writeElements = createArrayWriter(writeElement, delimiter);
    return (out, bytes, start, end) => {
      out.ascii(`{"dimensions":[${dimensions(bytes, start, end, separator).join(',')}],"elements":`);
      writeElements(out, bytes, start, end);
      out.byte(CLOSE);
    };
  }
  const isNested = style === 'nested';
  let scratch = Buffer.alloc(0);
  return (out, bytes, start, end) => {
    let index = afterBounds(bytes, start);
    let isFirst = true;
    if (!isNested) out.byte(BOUNDS);
    while (index < end) {
      const byte = bytes[index];
      if (byte === OPEN || byte === CLOSE) {
        if (isNested) {
          if (byte === OPEN && !isFirst) out.byte(COMMA);
          out.byte(byte === OPEN ? BOUNDS : CLOSE_BRACKET);
          isFirst = byte === OPEN;
        }
        index += 1;
        continue;
      }
      if (byte === separator) {
        index += 1;
        continue;
      }
      if (!isFirst) out.byte(COMMA);
      isFirst = false;
      if (byte !== QUOTE) {
        const from = index;
        while (index < end && bytes[index] !== separator && bytes[index] !== CLOSE) index += 1;
        if (isNull(bytes, from, index)) out.ascii('null');
        else writeElement(out, bytes, from, index);
        continue;
      }
      index += 1;
      const from = index;
      let hasBackslash = false;
      while (index < end && bytes[index] !== QUOTE) {
        if (bytes[index] === BACKSLASH) {
          hasBackslash = true;
          index += 1;
        }
        index += 1;
      }
      if (hasBackslash) {
        if (scratch.length < index - from) scratch = Buffer.allocUnsafeSlow(2 * (index - from));
        writeElement(out, scratch, 0, unescape(scratch, bytes, from, index));
      } else writeElement(out, bytes, from, index);
      index += 1;
    }
    if (!isNested) out.byte(CLOSE_BRACKET);
  };
}

/** `[0:1][5:6]={{1,2},{3,4}}` has the bounds of its dimensions in front. */
function afterBounds(bytes: Buffer, start: number): number {
  return bytes[start] === BOUNDS ? bytes.indexOf(EQUALS, start) + 1 : start;
}

/** How many elements each dimension has; none for `{}`. All arrays of one depth have the same length. */
function dimensions(bytes: Buffer, start: number, end: number, separator: number): number[] {
  const counts: number[] = [];
  let index = afterBounds(bytes, start);
  if (bytes[index + 1] === CLOSE) return counts;
  // Only the first array of each depth is counted: a depth is done when one of its arrays has been closed.
  let [depth, done] = [-1, Infinity];
  for (; index < end; index += 1) {
    const byte = bytes[index];
    if (byte === OPEN) {
      depth += 1;
      counts[depth] ??= 1;
    } else if (byte === CLOSE) {
      done = Math.min(done, depth);
      depth -= 1;
    } else if (byte === separator && depth < done) counts[depth] = (counts[depth] ?? 0) + 1;
    else if (byte === QUOTE) {
      for (index += 1; index < end && bytes[index] !== QUOTE; index += 1)
        if (bytes[index] === BACKSLASH) index += 1;
    }
  }
  return counts;
}

function isNull(bytes: Buffer, start: number, end: number): boolean {
  return end - start === 4 && bytes.toString('latin1', start, end) === 'NULL';
}

function unescape(target: Buffer, bytes: Buffer, start: number, end: number): number {
  let length = 0;
  for (let index = start; index < end; index += 1) {
    if (bytes[index] === BACKSLASH) index += 1;
    target[length++] = bytes[index] ?? 0;
  }
  return length;
}
