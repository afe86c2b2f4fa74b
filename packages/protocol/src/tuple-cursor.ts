// Steps over the elements of a packed tuple without decoding them: of each, what it is and where its bytes lie. For
// connectors that write text from the bytes of a frame; `TupleReader` gives values instead.

import { errors } from './errors.ts';

export type TupleKind =
  | 'null'
  | 'bytes'
  | 'text'
  | 'nested'
  | 'integer'
  | 'float'
  | 'double'
  | 'false'
  | 'true';

const scratch = new DataView(new ArrayBuffer(8));
const scratchBytes = new Uint8Array(scratch.buffer);

export class TupleCursor {
  packed: Buffer = Buffer.alloc(0);
  kind: TupleKind = 'null';
  /** The element's payload is `packed[start, end)`. */
  start = 0;
  end = 0;
  /** A text or bytes holds zero bytes, each written as 00 FF. */
  hasZeros = false;
  /** Of an integer: the number of its bytes, negative for a negative one. */
  #signedSize = 0;
  #offset = 0;
  #limit = 0;

  /** Begins with the tuple in `packed[start, end)`. */
  reset(packed: Buffer, start = 0, end: number = packed.length): this {
    this.packed = packed;
    this.#offset = start;
    this.#limit = end;
    return this;
  }

  /** As if the element were these bytes. */
  asBytes(packed: Buffer, start: number, end: number): void {
    this.packed = packed;
    this.kind = 'bytes';
    this.start = start;
    this.end = end;
    this.hasZeros = false;
    this.#limit = 0;
  }

  /** Moves to the next element; false behind the last. Throws TUPLE_MALFORMED. */
  next(): boolean {
    if (this.#offset >= this.#limit) return false;
    const code = this.packed[this.#offset] as number;
    this.start = this.#offset + 1;
    this.hasZeros = false;
    if (code === 0x02) this.#terminated('text');
    else if (code >= 0x0c && code <= 0x1c) {
      this.#signedSize = code - 0x14;
      this.#sized('integer', Math.abs(this.#signedSize));
    } else if (code === 0x00) this.#sized('null', 0);
    else if (code === 0x21) this.#sized('double', 8);
    else if (code === 0x27) this.#sized('true', 0);
    else if (code === 0x26) this.#sized('false', 0);
    else if (code === 0x01) this.#terminated('bytes');
    else if (code === 0x20) this.#sized('float', 4);
    else if (code === 0x05) this.#nested();
    else throw malformed(`unknown element type 0x${code.toString(16).padStart(2, '0')}`, this.#offset);
    return true;
  }

  /** The value of an integer: a number when it is safe. */
  integer(): number | bigint {
    const { packed, start, end } = this;
    const negative = this.#signedSize < 0;
    if (end - start <= 6) {
      let value = 0;
      for (let at = start; at < end; at += 1) value = value * 0x100 + (packed[at] as number);
      return negative ? value - (2 ** (8 * (end - start)) - 1) : value;
    }
    let magnitude = 0n;
    for (let at = start; at < end; at += 1) {
      const byte = packed[at] as number;
      magnitude = (magnitude << 8n) | BigInt(negative ? ~byte & 0xff : byte);
    }
    const value = negative ? -magnitude : magnitude;
    const asNumber = Number(value);
    return Number.isSafeInteger(asNumber) ? asNumber : value;
  }

  /** The value of a float or a double. */
  double(): number {
    const { packed, start, end } = this;
    const flip = ((packed[start] as number) & 0x80) === 0 ? 0xff : 0;
    for (let at = start; at < end; at += 1) scratchBytes[at - start] = (packed[at] as number) ^ flip;
    if (flip === 0) scratchBytes[0] = (scratchBytes[0] as number) & 0x7f;
    return end - start === 4 ? scratch.getFloat32(0) : scratch.getFloat64(0);
  }

  /** The payload of a text or bytes, with its zero bytes as they were; a view where there are none. */
  payload(): Buffer {
    const view = this.packed.subarray(this.start, this.end);
    if (!this.hasZeros) return view;
    const plain = Buffer.allocUnsafe(view.length);
    let length = 0;
    for (let at = 0; at < view.length; at += 1) {
      plain[length++] = view[at] as number;
      if (view[at] === 0) at += 1;
    }
    return plain.subarray(0, length);
  }

  #sized(kind: TupleKind, size: number): void {
    this.kind = kind;
    this.end = this.start + size;
    if (this.end > this.#limit) throw malformed('an element cut short', this.#offset);
    this.#offset = this.end;
  }

  #terminated(kind: TupleKind): void {
    const { packed } = this;
    this.kind = kind;
    let end = this.#zero(this.start);
    while (end + 1 < this.#limit && packed[end + 1] === 0xff) {
      this.hasZeros = true;
      end = this.#zero(end + 2);
    }
    this.end = end;
    this.#offset = end + 1;
  }

  /** Its payload is the elements, with the codes of their own. */
  #nested(): void {
    const { packed } = this;
    const inner = new TupleCursor().reset(packed, this.start, this.#limit);
    for (let at = this.start; at < this.#limit;) {
      if (packed[at] === 0x00) {
        if (packed[at + 1] !== 0xff || at + 1 >= this.#limit) {
          this.kind = 'nested';
          this.end = at;
          this.#offset = at + 1;
          return;
        }
        at += 2;
      } else {
        inner.reset(packed, at, this.#limit).next();
        at = inner.#offset;
      }
    }
    throw malformed('a nested tuple without an end', this.#offset);
  }

  /** The first zero byte at or behind `from`. */
  #zero(from: number): number {
    const { packed } = this;
    // Most strings are short, and a native search has to be called.
    const near = Math.min(from + 64, this.#limit);
    for (let at = from; at < near; at += 1) if (packed[at] === 0) return at;
    const found = packed.indexOf(0, near);
    if (found < 0 || found >= this.#limit) throw malformed('a string or bytes without an end', this.#offset);
    return found;
  }
}

function malformed(what: string, offset: number): Error {
  return errors.TUPLE_MALFORMED({ message: `Malformed tuple: ${what} at byte ${offset}.` });
}
