// A growing buffer that hands its content over without copying it.
//
// Invariant: bytes that `take()` returned are never written again, unless they are given back: a stream may hold them for
// as long as it likes. Memory that is given back is used again; new slabs for each write would make V8 collect the whole
// heap for the sake of a few large buffers.
// Positions are only valid until the next `reserve`; marks that must survive growth are lengths (`mark`, `truncate`).

const SMALLEST_SLAB = 64 * 1024;
const LARGEST_SLAB = 4 * 1024 * 1024;
/** Slabs that wait to be used again: as many as a reader who falls behind has had lent, so that none is made twice. */
const MOST_SPARE_SLABS = 3;

interface Slab {
  readonly bytes: Buffer;
  /** Pieces that were taken and not given back. */
  lent: number;
}

export class ByteWriter {
  /** Written up to `position`. Hot code writes here directly, after `reserve`. */
  bytes: Buffer = Buffer.alloc(0);
  position = 0;
  #start = 0;
  #slabBytes = SMALLEST_SLAB;
  #slab: Slab = { bytes: this.bytes, lent: 0 };
  /** Earlier slabs with pieces that may be given back; kept only once something was. */
  #lentSlabs: Slab[] = [];
  #spares: Slab[] = [];
  #isGivenBack = false;

  /** Bytes written since the last `take`. */
  get byteLength(): number {
    return this.position - this.#start;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.position + count > this.bytes.length) this.#grow(count);
  }

  #grow(count: number): void {
    const pending = this.position - this.#start;
    const size = Math.max(this.#slabBytes, pending === 0 ? count : 2 * (pending + count));
    const left = this.#slab;
    const next = this.#takeSpare(pending + count) ?? { bytes: Buffer.allocUnsafeSlow(size), lent: 0 };
    this.bytes.copy(next.bytes, 0, this.#start, this.position);
    if (this.#isGivenBack && left.lent > 0) this.#lentSlabs.push(left);
    else if (this.#isGivenBack) this.#keepSpare(left);
    this.#slab = next;
    this.bytes = next.bytes;
    this.#start = 0;
    this.position = pending;
  }

  /** Forgets everything written after the first `byteLength` bytes. */
  truncate(byteLength: number): void {
    this.position = this.#start + byteLength;
  }

  /** The absolute position of the byte at `offset` from the start of what is pending. */
  positionOf(offset: number): number {
    return this.#start + offset;
  }

  take(): Buffer {
    const taken = this.bytes.subarray(this.#start, this.position);
    this.#slabBytes = Math.min(LARGEST_SLAB, Math.max(SMALLEST_SLAB, 4 * taken.length));
    this.#start = this.position;
    this.#slab.lent += 1;
    return taken;
  }

  /** Nobody reads these bytes any more, which `take()` returned: they may be written again. Optional, and once only. */
  giveBack(taken: Buffer): void {
    this.#isGivenBack = true;
    if (taken.buffer === this.bytes.buffer) {
      this.#slab.lent -= 1;
      if (this.#slab.lent > 0 || this.byteLength > 0) return;
      this.#start = 0;
      this.position = 0;
      return;
    }
    const index = this.#lentSlabs.findIndex(({ bytes }) => bytes.buffer === taken.buffer);
    const slab = this.#lentSlabs[index];
    if (slab === undefined) return;
    slab.lent -= 1;
    if (slab.lent > 0) return;
    this.#lentSlabs.splice(index, 1);
    this.#keepSpare(slab);
  }

  #keepSpare(slab: Slab): void {
    this.#spares.push(slab);
    if (this.#spares.length <= MOST_SPARE_SLABS) return;
    this.#spares.sort((a, b) => b.bytes.length - a.bytes.length).pop();
  }

  #takeSpare(byteLength: number): Slab | undefined {
    const index = this.#spares.findIndex(({ bytes }) => bytes.length >= byteLength);
    return index < 0 ? undefined : this.#spares.splice(index, 1)[0];
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.position++] = value;
  }

  /** An unsigned base-128 varint; `value` is an integer in [0, 2^53). */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.position++] = (rest & 0x7f) | 0x80;
      rest = rest > 0x7fffffff ? Math.floor(rest / 128) : rest >>> 7;
    }
    this.bytes[this.position++] = rest;
  }

  /** A varint of the 64 bits of `value`, two's complement when negative. */
  varint64(value: bigint): void {
    this.reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n) {
      this.bytes[this.position++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.position++] = Number(rest);
  }

  fixed32(value: number): void {
    this.reserve(4);
    this.position = this.bytes.writeUInt32LE(value, this.position);
  }

  fixed64(value: bigint): void {
    this.reserve(8);
    this.position = this.bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.position);
  }

  double(value: number): void {
    this.reserve(8);
    this.position = this.bytes.writeDoubleLE(value, this.position);
  }

  raw(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.position);
    this.position += source.length;
  }

  utf8(text: string): void {
    this.reserve(text.length * 3);
    this.position += this.bytes.write(text, this.position);
  }
}
