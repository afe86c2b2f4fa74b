// The documents that a connector has sent since its last checkpoint, in order. They are copied into memory that is used
// again for those of the next checkpoint, without an object for each: there may be a hundred thousand of them.

import { ByteArena } from '../combine/byte-arena.ts';
import { ByteRange } from '../combine/byte-range.ts';
import type { Combiner } from '../combine/combiner.ts';
import type { CapturedBinding } from './captured-binding.ts';

/** Numbers per document: binding; slab, offset and length of the document; of the key. */
const width = 7;

export class PendingDocuments {
  readonly #arena = new ByteArena();
  #cells = new Float64Array(1024 * width);
  #count = 0;
  #byteLength = 0;
  readonly #document = new ByteRange();
  readonly #key = new ByteRange();

  /** Of all documents, as they were sent. */
  get byteLength(): number {
    return this.#byteLength;
  }

  add(binding: number, bytes: Buffer, start: number, end: number): void {
    const cell = this.#count * width;
    if (cell === this.#cells.length) this.#grow();
    this.#cells[cell] = binding;
    this.#put(cell + 1, this.#document.set(bytes, start, end));
    this.#count += 1;
    this.#byteLength += end - start;
  }

  /** Throws DOCUMENT_INVALID for the first that is not valid. */
  check(bindings: readonly CapturedBinding[]): void {
    for (let cell = 0; cell < this.#count * width; cell += width) {
      const binding = bindings[this.#cells[cell] as number] as CapturedBinding;
      const document = this.#get(cell + 1, this.#document);
      const checked = binding.check(document);
      if (checked !== document) this.#put(cell + 1, checked);
      this.#put(cell + 4, binding.key);
    }
  }

  /** After `check`. */
  addTo(combiner: Combiner): void {
    for (let cell = 0; cell < this.#count * width; cell += width) {
      const key = this.#get(cell + 4, this.#key);
      combiner.add(this.#cells[cell] as number, key, this.#get(cell + 1, this.#document));
    }
  }

  clear(): void {
    this.#arena.clear();
    this.#count = 0;
    this.#byteLength = 0;
  }

  #put(cell: number, range: ByteRange): void {
    const start = this.#arena.reserve(range.length);
    const { slab } = this.#arena;
    range.copyTo(this.#arena.bytes(slab), start);
    this.#cells[cell] = slab;
    this.#cells[cell + 1] = start;
    this.#cells[cell + 2] = range.length;
  }

  #get(cell: number, range: ByteRange): ByteRange {
    const start = this.#cells[cell + 1] as number;
    const slab = this.#arena.bytes(this.#cells[cell] as number);
    return range.set(slab, start, start + (this.#cells[cell + 2] as number));
  }

  #grow(): void {
    const cells = new Float64Array(2 * this.#cells.length);
    cells.set(this.#cells);
    this.#cells = cells;
  }
}
