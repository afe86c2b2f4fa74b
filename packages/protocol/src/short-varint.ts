// Varints as the lengths of messages have them, read without an object that keeps the place.

/** Where the varint that was read last ends. */
export let shortVarintEnd = 0;

/** A varint of up to four bytes; -1 for a longer one, or one that is cut short. */
export function shortVarint(bytes: Buffer, at: number, end: number): number {
  let value = 0;
  for (let index = 0; index < 4 && at + index < end; index++) {
    const byte = bytes[at + index] as number;
    value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) {
      shortVarintEnd = at + index + 1;
      return value;
    }
  }
  return -1;
}
