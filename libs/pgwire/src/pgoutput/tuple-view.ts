// One row as pgoutput sends it, as offsets into the message's bytes.
// TupleData: `Int16 n`, then per column `n` null | `u` unchanged TOAST value | `t` or `b`, Int32 length, bytes.

import { PgConnectionError } from '../pg-errors.ts';

export const tupleKind = {
  null: 0x6e,
  /** A large value that the change did not touch, so the server did not send it. */
  unchanged: 0x75,
  text: 0x74,
  binary: 0x62,
} as const;

/** PostgreSQL's own limit on columns is 1600. */
const MAX_COLUMNS = 1664;

export class TupleView {
  count = 0;
  /** One of `tupleKind`, per column. */
  readonly kinds: Uint8Array = new Uint8Array(MAX_COLUMNS);
  readonly starts: Uint32Array = new Uint32Array(MAX_COLUMNS);
  readonly ends: Uint32Array = new Uint32Array(MAX_COLUMNS);
  #wordsOf: Uint8Array | undefined;
  #words: DataView = new DataView(new ArrayBuffer(0));

  /** A view of the same memory, which is kept: many rows lie in one buffer. */
  wordsOf(bytes: Uint8Array): DataView {
    if (bytes !== this.#wordsOf) {
      this.#wordsOf = bytes;
      this.#words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#words;
  }

  /** Returns the offset after the tuple. */
  read(bytes: Buffer, start: number, end: number): number {
    const count = ((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0);
    if (count > MAX_COLUMNS) throw malformed(`a row of ${count} columns`);
    let offset = start + 2;
    for (let column = 0; column < count; column += 1) {
      const kind = bytes[offset] ?? 0;
      offset += 1;
      this.kinds[column] = kind;
      if (kind === tupleKind.text || kind === tupleKind.binary) {
        const length =
          ((bytes[offset] ?? 0) << 24) |
          ((bytes[offset + 1] ?? 0) << 16) |
          ((bytes[offset + 2] ?? 0) << 8) |
          (bytes[offset + 3] ?? 0);
        offset += 4;
        this.starts[column] = offset;
        offset += length;
        this.ends[column] = offset;
        if (length < 0 || offset > end) throw malformed('a value longer than its message');
      } else if (kind === tupleKind.null || kind === tupleKind.unchanged) {
        this.starts[column] = offset;
        this.ends[column] = offset;
      } else throw malformed(`a value of kind ${kind}`);
    }
    this.count = count;
    return offset;
  }
}

/** Reads the body of one DataRow message: `Int16 n`, then per column `Int32 length, bytes`, with -1 for null. */
export function readDataRow(tuple: TupleView, bytes: Buffer, start: number, end: number): void {
  const { kinds, starts, ends } = tuple;
  const count = ((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0);
  if (count > MAX_COLUMNS) throw malformed(`a row of ${count} columns`);
  let offset = start + 2;
  for (let column = 0; column < count; column += 1) {
    const length =
      ((bytes[offset] ?? 0) << 24) |
      ((bytes[offset + 1] ?? 0) << 16) |
      ((bytes[offset + 2] ?? 0) << 8) |
      (bytes[offset + 3] ?? 0);
    offset += 4;
    kinds[column] = length < 0 ? tupleKind.null : tupleKind.text;
    starts[column] = offset;
    if (length > 0) offset += length;
    ends[column] = offset;
  }
  if (offset > end) throw malformed('a value longer than its message');
  tuple.count = count;
}

export function malformed(what: string): PgConnectionError {
  return new PgConnectionError('protocol', `the server sent ${what}`);
}
