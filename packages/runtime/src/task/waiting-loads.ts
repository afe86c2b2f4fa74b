// Keys that have to be loaded, but not before the transaction in front of theirs is committed. One behind the other in one
// buffer: of a transaction that only updates there may be a hundred thousand.

import type { LoadRequest } from '@weir/protocol';
import type { ByteRange } from '../combine/byte-range.ts';

const headBytes = 8;

export class WaitingLoads {
  #bytes = Buffer.alloc(0);
  #length = 0;

  /** The key is copied. */
  add(binding: number, key: ByteRange): void {
    const start = this.#length;
    this.#length += headBytes + key.length;
    if (this.#length > this.#bytes.length) this.#grow();
    this.#bytes.writeUInt32LE(binding, start);
    this.#bytes.writeUInt32LE(key.length, start + 4);
    key.copyTo(this.#bytes, start + headBytes);
  }

  /** Those that were added, in order, each valid until something is added. */
  *take(): Generator<LoadRequest, void, undefined> {
    const length = this.#length;
    this.#length = 0;
    for (let at = 0; at < length;) {
      const start = at + headBytes;
      const end = start + this.#bytes.readUInt32LE(at + 4);
      yield {
        kind: 'load',
        binding: this.#bytes.readUInt32LE(at),
        keyPacked: this.#bytes.subarray(start, end),
      };
      at = end;
    }
  }

  clear(): void {
    this.#length = 0;
  }

  #grow(): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(1 << 16, 2 * this.#length));
    this.#bytes.copy(grown);
    this.#bytes = grown;
  }
}
