// A run is a scratch file of one combiner's entries in the order of (binding, key): it is written when memory is short
// and merged with the others when the combiner drains. It needs no durability, and is removed when it is closed.
//
// Grammar of a file: entry*. Entry: u16 binding, u8 hasFront, u32 count, u32 key length, key, then for the front and
// every document u32 length, bytes. Integers are little-endian.

import { type Disk, explainDiskError } from '../host/disk.ts';
import type { KeyDocuments } from './combine-binding.ts';

export interface RunEntry extends KeyDocuments {
  readonly binding: number;
  /** The packed key, one byte per character. */
  readonly key: string;
}

const chunkBytes = 1 << 20;
const headerBytes = 11;

export class SpillRun implements Disposable {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #file: number;
  #chunk = Buffer.alloc(0);
  #at = 0;
  #position = 0;

  private constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
    this.#file = disk.open(path, true);
    // A killed process may have left a longer file of this name, whose end would be read as entries.
    disk.truncate(this.#file, 0);
  }

  /** `entries` come in the order of (binding, key). */
  static write(disk: Disk, path: string, entries: Iterable<RunEntry>): SpillRun {
    const run = new SpillRun(disk, path);
    try {
      run.#write(entries);
      return run;
    } catch (error) {
      run[Symbol.dispose]();
      throw explainDiskError(error, 'scratch files of a transaction');
    }
  }

  [Symbol.dispose](): void {
    this.#disk.close(this.#file);
    this.#disk.remove(this.#path);
  }

  /** The next entry, or undefined at the end. Its buffers stay valid. */
  next(): RunEntry | undefined {
    const header = this.#read(headerBytes);
    if (header === undefined) return undefined;
    const binding = header.readUInt16LE(0);
    const hasFront = header.readUInt8(2) === 1;
    const count = header.readUInt32LE(3);
    const key = this.#bytes(header.readUInt32LE(7)).toString('latin1');
    const front = hasFront ? this.#document() : undefined;
    const documents = Array.from({ length: count }, () => this.#document());
    return { binding, key, front, documents };
  }

  #write(entries: Iterable<RunEntry>): void {
    let parts: Buffer[] = [];
    let size = 0;
    const put = (part: Buffer): void => {
      parts.push(part);
      size += part.length;
    };
    const flush = (): void => {
      this.#disk.write(this.#file, Buffer.concat(parts, size), this.#position);
      this.#position += size;
      parts = [];
      size = 0;
    };
    for (const { binding, key, front, documents } of entries) {
      const header = Buffer.allocUnsafe(headerBytes);
      header.writeUInt16LE(binding, 0);
      header.writeUInt8(front === undefined ? 0 : 1, 2);
      header.writeUInt32LE(documents.length, 3);
      header.writeUInt32LE(key.length, 7);
      put(header);
      put(Buffer.from(key, 'latin1'));
      for (const document of front === undefined ? documents : [front, ...documents]) {
        const length = Buffer.allocUnsafe(4);
        length.writeUInt32LE(document.length, 0);
        put(length);
        put(document);
      }
      if (size >= chunkBytes) flush();
    }
    flush();
    this.#position = 0;
  }

  #document(): Buffer {
    return this.#bytes(this.#bytes(4).readUInt32LE(0));
  }

  #bytes(length: number): Buffer {
    const bytes = this.#read(length);
    if (bytes === undefined) throw new Error(`the scratch file ${this.#path} was cut`);
    return bytes;
  }

  #read(length: number): Buffer | undefined {
    if (this.#chunk.length - this.#at < length) {
      const kept = this.#chunk.subarray(this.#at);
      const chunk = Buffer.allocUnsafeSlow(Math.max(chunkBytes, length));
      kept.copy(chunk);
      const count = this.#disk.read(this.#file, chunk.subarray(kept.length), this.#position);
      this.#position += count;
      this.#chunk = chunk.subarray(0, kept.length + count);
      this.#at = 0;
      if (this.#chunk.length < length) return undefined;
    }
    this.#at += length;
    return this.#chunk.subarray(this.#at - length, this.#at);
  }
}
