// The primitives of protobuf over a range of a buffer. Reading past the end throws PROTOCOL_MALFORMED.

import { errors } from './errors.ts';

export class ProtoReader {
  readonly bytes: Buffer;
  position: number;
  readonly end: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  #cutShort(): Error {
    return errors.PROTOCOL_MALFORMED({ message: 'Malformed protobuf: a field is cut short.' });
  }

  /** An unsigned varint as a number; exact below 2^53, and the low 32 bits are exact for any. */
  varint(): number {
    const { bytes, end } = this;
    let at = this.position;
    let scale = 1;
    let value = 0;
    for (; at < end; scale *= 128) {
      const byte = bytes[at++] as number;
      if (byte < 0x80) {
        this.position = at;
        return value + byte * scale;
      }
      if (at - this.position >= 10) break;
      value += (byte & 0x7f) * scale;
    }
    throw this.#cutShort();
  }

  /** A varint as a signed 64-bit integer. */
  int64(): bigint {
    const { bytes, end } = this;
    let shift = 0n;
    let value = 0n;
    for (let at = this.position; at < end && shift < 70n; shift += 7n) {
      const byte = bytes[at++] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.position = at;
        return BigInt.asIntN(64, value);
      }
    }
    throw this.#cutShort();
  }

  /** Steps over `count` bytes and returns where they start. */
  skip(count: number): number {
    const start = this.position;
    if (count > this.end - start) throw this.#cutShort();
    this.position = start + count;
    return start;
  }

  fixed32(): number {
    return this.bytes.readUInt32LE(this.skip(4));
  }

  fixed64(): bigint {
    return this.bytes.readBigUInt64LE(this.skip(8));
  }

  double(): number {
    return this.bytes.readDoubleLE(this.skip(8));
  }

  /** A view of a length-delimited field. */
  view(): Buffer {
    const length = this.varint();
    const start = this.skip(length);
    return this.bytes.subarray(start, start + length);
  }

  text(): string {
    const length = this.varint();
    const start = this.skip(length);
    return this.bytes.toString('utf8', start, start + length);
  }

  skipField(wireType: number): void {
    if (wireType === 0) this.varint();
    else if (wireType === 1) this.skip(8);
    else if (wireType === 2) this.skip(this.varint());
    else if (wireType === 5) this.skip(4);
    else throw errors.PROTOCOL_MALFORMED({ message: `Malformed protobuf: wire type ${wireType}.` });
  }
}
