// The keys of one binding in one transaction, each with its documents. Nearly every key has one document; it lies behind
// its key in an arena. Keys that come in ascending order, as backfills send them, need no index: a greater key is new, and
// any other is found by halving.

import type { ByteArena } from './byte-arena.ts';
import { ByteRange } from './byte-range.ts';
import type { KeyDocuments } from './combine-binding.ts';
import type { Combined } from './combined.ts';

/** Numbers per key: slab, offset, length of the key, of the document, of the note. */
const width = 5;
const smallestCells = 1024 * width;

/** What a key costs beside its bytes: its cells, half of which may be free. */
const cellBytes = 2 * width * Uint32Array.BYTES_PER_ELEMENT;
/** With an index: its string and the map's slot. */
const indexedBytes = 100;
/** More than one document: the objects that hold them. */
const openedBytes = 300;

export class KeyTable {
  readonly #arena: ByteArena;
  #cells = new Uint32Array(smallestCells);
  #count = 0;
  /** The place of the greatest key. */
  #greatest = 0;
  /** By key, one character per byte; undefined while keys came in ascending order. */
  #index: Map<string, number> | undefined;
  readonly #opened = new Map<number, KeyDocuments>();

  constructor(arena: ByteArena) {
    this.#arena = arena;
  }

  /** Adds a document to a key that has none. Returns what that takes in memory; undefined when the key is known. */
  addNew(key: ByteRange, document: ByteRange, note: ByteRange = nothing): number | undefined {
    const isGreatest = this.#count === 0 || this.#compare(key, this.#greatest) > 0;
    if (!isGreatest && this.#place(key) !== -1) return undefined;
    return this.#append(key, isGreatest, document, note);
  }

  /** The documents of a key that is known, to be changed. */
  open(key: ByteRange): KeyDocuments {
    const place = this.#place(key);
    if (place === -1) throw new Error('the key is not known');
    let documents = this.#opened.get(place);
    if (documents === undefined) {
      documents = { front: undefined, documents: [this.document(place)] };
      this.#opened.set(place, documents);
    }
    return documents;
  }

  /** Sets the document in front of a key's others. Returns what that takes in memory, without the document. */
  setFront(key: ByteRange, front: Buffer): number {
    const bytes = this.addNew(key, nothing);
    if (bytes === undefined) {
      this.open(key).front = front;
      return openedBytes;
    }
    this.#opened.set(this.#count - 1, { front, documents: [] });
    return bytes + openedBytes;
  }

  /** The places of all keys, in the order of the keys. */
  order(): Iterable<number> {
    if (this.#index === undefined) return this.#places();
    return [...this.#index].sort(([left], [right]) => compareText(left, right)).map(([, place]) => place);
  }

  /** One character per byte. */
  key(place: number): string {
    const cell = place * width;
    const start = this.#cells[cell + 1] as number;
    return this.#slab(cell).toString('latin1', start, start + (this.#cells[cell + 2] as number));
  }

  /** The only document of a key that was not opened. */
  document(place: number): Buffer {
    const cell = place * width;
    const start = (this.#cells[cell + 1] as number) + (this.#cells[cell + 2] as number);
    return this.#slab(cell).subarray(start, start + (this.#cells[cell + 3] as number));
  }

  /** Says where the key, its only document and the note of it lie. */
  find(place: number, found: Combined): void {
    const cells = this.#cells;
    const cell = place * width;
    found.bytes = this.#slab(cell);
    found.keyStart = cells[cell + 1] as number;
    found.documentStart = found.keyStart + (cells[cell + 2] as number);
    found.noteStart = found.documentStart + (cells[cell + 3] as number);
    found.noteEnd = found.noteStart + (cells[cell + 4] as number);
  }

  /** The documents of a key that has not exactly one. */
  opened(place: number): KeyDocuments | undefined {
    return this.#opened.get(place);
  }

  clear(): void {
    this.#count = 0;
    this.#greatest = 0;
    this.#index = undefined;
    this.#opened.clear();
  }

  *#places(): Generator<number> {
    for (let place = 0; place < this.#count; place += 1) yield place;
  }

  #slab(cell: number): Buffer {
    return this.#arena.bytes(this.#cells[cell] as number);
  }

  #place(key: ByteRange): number {
    if (this.#index !== undefined) return this.#index.get(key.latin1()) ?? -1;
    let low = 0;
    let high = this.#count - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = this.#compare(key, middle);
      if (order === 0) return middle;
      if (order > 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  #compare(key: ByteRange, place: number): number {
    const cell = place * width;
    const start = this.#cells[cell + 1] as number;
    return key.compare(this.#slab(cell), start, start + (this.#cells[cell + 2] as number));
  }

  /** Adds a key that is not known. Returns what that takes in memory. */
  #append(key: ByteRange, isGreatest: boolean, document: ByteRange, note: ByteRange): number {
    const place = this.#count;
    if (isGreatest) this.#greatest = place;
    else this.#index ??= this.#indexed();
    const length = key.length + document.length + note.length;
    const start = this.#arena.reserve(length);
    const slab = this.#arena.bytes(this.#arena.slab);
    key.copyTo(slab, start);
    document.copyTo(slab, start + key.length);
    note.copyTo(slab, start + key.length + document.length);
    if ((place + 1) * width > this.#cells.length) this.#grow();
    const cell = place * width;
    this.#cells[cell] = this.#arena.slab;
    this.#cells[cell + 1] = start;
    this.#cells[cell + 2] = key.length;
    this.#cells[cell + 3] = document.length;
    this.#cells[cell + 4] = note.length;
    this.#count = place + 1;
    if (this.#index === undefined) return length + cellBytes;
    this.#index.set(key.latin1(), place);
    return length + cellBytes + indexedBytes + key.length;
  }

  #indexed(): Map<string, number> {
    const index = new Map<string, number>();
    for (let place = 0; place < this.#count; place += 1) index.set(this.key(place), place);
    return index;
  }

  #grow(): void {
    const cells = new Uint32Array(2 * this.#cells.length);
    cells.set(this.#cells);
    this.#cells = cells;
  }
}

const nothing = new ByteRange();

/** By the bytes that the characters stand for. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
