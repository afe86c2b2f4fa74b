// An array literal (PostgreSQL manual: "Array Input and Output Syntax") as a flat JSON array of its elements, row by
// row; dimensions and lower bounds are dropped.

import type { ValueWriter } from './value-writer.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const BOUNDS = 0x5b;
const EQUALS = 0x3d;

export function createArrayWriter(writeElement: ValueWriter, delimiter: string): ValueWriter {
  const separator = delimiter.charCodeAt(0);
  let scratch = Buffer.alloc(0);
  return (out, bytes, start, end) => {
    let index = bytes[start] === BOUNDS ? bytes.indexOf(EQUALS, start) + 1 : start;
    let isFirst = true;
    out.byte(BOUNDS);
    while (index < end) {
      const byte = bytes[index];
      if (byte === OPEN || byte === CLOSE || byte === separator) {
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
    out.byte(0x5d);
  };
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
