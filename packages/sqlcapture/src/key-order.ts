// Whether a precise scan gives its rows in the order of their packed keys. If it did not, a change of a row could be
// taken for one of a row that is still to come, and be lost.

import type { ByteList } from './database.ts';

export class KeyOrder {
  #last: Buffer | undefined;
  readonly #violated: (last: Buffer, key: Buffer) => Error;

  /** `last`: the key up to which earlier scans came. Throws what `violated` makes of two keys in the wrong order. */
  constructor(last: Buffer | undefined, violated: (last: Buffer, key: Buffer) => Error) {
    this.#last = last;
    this.#violated = violated;
  }

  /** Keys that may be reused after the call; equal ones are in order. */
  check(count: number, { bytes, ends }: ByteList): void {
    if (count === 0) return;
    let last = this.#last ?? bytes.subarray(0, 0);
    let lastStart = 0;
    let lastEnd = last.length;
    let start = 0;
    for (let index = 0; index < count; index += 1) {
      const end = ends[index] ?? start;
      if (isGreater(last, lastStart, lastEnd, bytes, start, end)) {
        throw this.#violated(last.subarray(lastStart, lastEnd), bytes.subarray(start, end));
      }
      last = bytes;
      lastStart = start;
      lastEnd = end;
      start = end;
    }
    this.#last = Buffer.from(bytes.subarray(lastStart, lastEnd));
  }
}

/** Keys are short, and most differ in their last bytes: a loop is over before a call of `compare` has begun. */
function isGreater(
  a: Buffer,
  aStart: number,
  aEnd: number,
  b: Buffer,
  bStart: number,
  bEnd: number,
): boolean {
  const common = Math.min(aEnd - aStart, bEnd - bStart);
  for (let index = 0; index < common; index += 1) {
    const difference = (a[aStart + index] ?? 0) - (b[bStart + index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return aEnd - aStart > bEnd - bStart;
}
