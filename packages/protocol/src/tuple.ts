// Packed tuples as values: what `keyPacked` and `valuesPacked` of Load and Store hold.

import { errors } from './errors.ts';
import { TuplePacker } from './tuple-packer.ts';

/** A number that is packed as a double even when it is an integer: 1.0 and 1 are different keys. */
export class TupleDouble {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export type TupleElement =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | TupleDouble
  | readonly TupleElement[];

function packElement(packer: TuplePacker, element: TupleElement, isNested: boolean): void {
  if (element === null) {
    if (isNested) packer.nestedNull();
    else packer.null();
  } else if (typeof element === 'boolean') {
    packer.boolean(element);
  } else if (typeof element === 'number') {
    if (Number.isSafeInteger(element)) packer.integer(element);
    else packer.double(element);
  } else if (typeof element === 'bigint') {
    packer.integer(element);
  } else if (typeof element === 'string') {
    packer.string(element);
  } else if (element instanceof TupleDouble) {
    packer.double(element.value);
  } else if (Buffer.isBuffer(element)) {
    packer.bytes(element);
  } else {
    packer.nested((nested) => {
      for (const inner of element) packElement(nested, inner, true);
    });
  }
}

/**
 * Safe integers and bigints pack as integers, other numbers as doubles.
 * Throws TUPLE_OUT_OF_RANGE for integers outside [-2^63, 2^64).
 */
export function packTuple(elements: readonly TupleElement[]): Buffer {
  const packer = new TuplePacker();
  for (const element of elements) packElement(packer, element, false);
  return packer.copy();
}

function malformed(what: string, offset: number): Error {
  return errors.TUPLE_MALFORMED({ message: `Malformed tuple: ${what} at byte ${offset}.` });
}

/** Reads the elements of a tuple one by one, from where they are. One reader serves for any number of tuples. */
export class TupleReader {
  #packed: Buffer = Buffer.alloc(0);
  #offset = 0;
  #end = 0;

  /** Begins with the tuple in `packed[start, end)`. */
  reset(packed: Buffer, start = 0, end: number = packed.length): this {
    this.#packed = packed;
    this.#offset = start;
    this.#end = end;
    return this;
  }

  /**
   * The next element; undefined behind the last. Integers are numbers when they are safe and bigints otherwise, doubles
   * are numbers, bytes are buffers that may be views of the tuple. Throws TUPLE_MALFORMED.
   */
  next(): TupleElement | undefined {
    return this.#offset < this.#end ? this.#element(this.#packed[this.#offset] as number) : undefined;
  }

  /** The elements of a nested tuple, whose code has been read. */
  #nested(): TupleElement[] {
    const elements: TupleElement[] = [];
    while (this.#offset < this.#end) {
      const code = this.#packed[this.#offset] as number;
      if (code !== 0x00) {
        elements.push(this.#element(code));
      } else if (this.#byte(this.#offset + 1) === 0xff) {
        this.#offset += 2;
        elements.push(null);
      } else {
        this.#offset += 1;
        return elements;
      }
    }
    throw malformed('a nested tuple without an end', this.#offset);
  }

  /** undefined behind the end of the tuple. */
  #byte(at: number): number | undefined {
    return at < this.#end ? this.#packed[at] : undefined;
  }

  #element(code: number): TupleElement {
    this.#offset += 1;
    if (code === 0x00) return null;
    if (code === 0x01) return this.#escaped();
    if (code === 0x02) return this.#text();
    if (code === 0x05) return this.#nested();
    if (code >= 0x0c && code <= 0x1c) return this.#integer(code - 0x14);
    if (code === 0x20) return this.#float(4);
    if (code === 0x21) return this.#float(8);
    if (code === 0x26) return false;
    if (code === 0x27) return true;
    throw malformed(`unknown element type 0x${code.toString(16).padStart(2, '0')}`, this.#offset - 1);
  }

  /** Where an element of `size` bytes ends. */
  #after(size: number): number {
    const end = this.#offset + size;
    if (end > this.#end) throw malformed('an element cut short', this.#offset);
    return end;
  }

  #take(size: number): Buffer {
    const start = this.#offset;
    this.#offset = this.#after(size);
    return this.#packed.subarray(start, this.#offset);
  }

  #integer(signedSize: number): number | bigint {
    const size = Math.abs(signedSize);
    if (size <= 6) {
      let value = 0;
      for (const end = this.#after(size); this.#offset < end; this.#offset++) {
        value = value * 0x100 + (this.#packed[this.#offset] as number);
      }
      return signedSize >= 0 ? value : value - (2 ** (8 * size) - 1);
    }
    const bytes = this.#take(size);
    let magnitude = 0n;
    for (const byte of bytes) magnitude = (magnitude << 8n) | BigInt(signedSize > 0 ? byte : ~byte & 0xff);
    const value = signedSize > 0 ? magnitude : -magnitude;
    const asNumber = Number(value);
    return Number.isSafeInteger(asNumber) ? asNumber : value;
  }

  #float(size: 4 | 8): number {
    const bytes = Buffer.from(this.#take(size));
    const first = bytes[0] as number;
    if ((first & 0x80) !== 0) bytes[0] = first & 0x7f;
    else for (let index = 0; index < size; index++) bytes[index] = ~(bytes[index] as number) & 0xff;
    return size === 4 ? bytes.readFloatBE(0) : bytes.readDoubleBE(0);
  }

  /** Strings hardly ever hold a NUL: then the text is decoded from where it is. */
  #text(): string {
    const packed = this.#packed;
    const start = this.#offset;
    const end = this.#zero(start);
    if (this.#byte(end + 1) === 0xff) return this.#escaped().toString('utf8');
    this.#offset = end + 1;
    return packed.toString('utf8', start, end);
  }

  /** The first zero byte at or behind `from`. */
  #zero(from: number): number {
    const packed = this.#packed;
    // Most strings are short, and a native search has to be called.
    const near = Math.min(from + 64, this.#end);
    for (let at = from; at < near; at++) if (packed[at] === 0) return at;
    const found = packed.indexOf(0, near);
    if (found < 0 || found >= this.#end) throw malformed('a string or bytes without an end', this.#offset);
    return found;
  }

  #escaped(): Buffer {
    const packed = this.#packed;
    const start = this.#offset;
    let end = this.#zero(start);
    if (this.#byte(end + 1) !== 0xff) {
      this.#offset = end + 1;
      return packed.subarray(start, end);
    }
    const parts: Buffer[] = [];
    let from = start;
    while (this.#byte(end + 1) === 0xff) {
      parts.push(packed.subarray(from, end + 1));
      from = end + 2;
      end = this.#zero(from);
    }
    parts.push(packed.subarray(from, end));
    this.#offset = end + 1;
    return Buffer.concat(parts);
  }
}

/** All elements of a tuple, as a `TupleReader` gives them. Throws TUPLE_MALFORMED. */
export function unpackTuple(packed: Buffer): TupleElement[] {
  const reader = new TupleReader().reset(packed);
  const elements: TupleElement[] = [];
  for (let element = reader.next(); element !== undefined; element = reader.next()) elements.push(element);
  return elements;
}
