// Cuts of a buffer of whole lines.

const newline = 0x0a;

/** What follows the first line break. Read from one byte before an offset, this begins with the next whole document. */
export function afterFirstBreak(lines: Buffer): Buffer {
  return lines.subarray(lines.indexOf(newline) + 1);
}

/** The first `limit` lines, and how many there are of them. */
export function firstLines(lines: Buffer, limit: number): { readonly bytes: Buffer; readonly count: number } {
  let end = 0;
  let count = 0;
  while (count < limit && end < lines.length) {
    end = lines.indexOf(newline, end) + 1;
    count += 1;
  }
  return { bytes: lines.subarray(0, end), count };
}
