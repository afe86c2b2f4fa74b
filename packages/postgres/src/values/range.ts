// `[2024-01-01,2024-12-31)`, `["2024-01-01 00:00:00",)`, `empty` (PostgreSQL manual: "Range Types"). The server
// prints every range in its canonical form, so the brackets stay; only the bounds are written anew.

import type { ValueWriter } from './value-writer.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const LETTER_E = 0x65;

/** `writeBound` writes a bound without quotes, in characters that JSON need not escape. */
export function createRangeWriter(writeBound: ValueWriter): ValueWriter {
  return (out, bytes, start, end) => {
    out.byte(QUOTE);
    if (bytes[start] === LETTER_E) out.raw(bytes, start, end);
    else {
      out.byte(bytes[start] ?? 0);
      const comma = boundEnd(bytes, start + 1, end);
      if (comma > start + 1) writeBound(out, bytes, ...unquoted(bytes, start + 1, comma));
      out.byte(COMMA);
      if (end - 1 > comma + 1) writeBound(out, bytes, ...unquoted(bytes, comma + 1, end - 1));
      out.byte(bytes[end - 1] ?? 0);
    }
    out.byte(QUOTE);
  };
}

/** Bounds of the built-in ranges hold neither commas nor quotes of their own. */
function boundEnd(bytes: Buffer, start: number, end: number): number {
  const comma = bytes.indexOf(COMMA, start);
  return comma < 0 || comma >= end ? end : comma;
}

function unquoted(bytes: Buffer, start: number, end: number): [number, number] {
  return bytes[start] === QUOTE ? [start + 1, end - 1] : [start, end];
}
