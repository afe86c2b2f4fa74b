// Reads committed documents of one journal, in batches of whole lines.

import { join } from 'node:path';
import { errors } from '../errors.ts';
import type { Disk } from '../host/disk.ts';
import { listSegments, type Segment } from './segments.ts';

/** Lines [from, to) of a journal. */
export interface JournalBatch {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

const newline = 0x0a;

export class JournalReader implements Disposable {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #allocate: (byteLength: number) => Buffer;
  #offset: number;
  #segments: readonly Segment[] = [];
  #open: { readonly file: number; readonly start: number; readonly end: number } | undefined;

  /** `allocate`: gives the buffers that batches are read into, of at least so many bytes; new ones by default. */
  constructor(
    disk: Disk,
    journalsPath: string,
    folder: string,
    offset: number,
    allocate: (byteLength: number) => Buffer = (byteLength) => Buffer.allocUnsafeSlow(byteLength),
  ) {
    this.#allocate = allocate;
    this.#disk = disk;
    this.#folder = join(journalsPath, folder);
    this.#offset = offset;
  }

  /** Offset of the next batch. */
  get offset(): number {
    return this.#offset;
  }

  [Symbol.dispose](): void {
    if (this.#open !== undefined) this.#disk.close(this.#open.file);
    this.#open = undefined;
  }

  /** The next documents below `head`, about `maxBytes` of them and at least one; undefined when there are none. */
  next(head: number, maxBytes: number): JournalBatch | undefined {
    if (this.#offset >= head) return undefined;
    const segment = this.#segmentAt(this.#offset, head);
    const available = Math.min(head, segment.end) - this.#offset;
    for (let wanted = Math.min(maxBytes, available); ; wanted = Math.min(2 * wanted, available)) {
      const buffer = this.#allocate(wanted).subarray(0, wanted);
      const count = this.#disk.read(segment.file, buffer, this.#offset - segment.start);
      if (count < wanted) throw this.#damaged(this.#offset + count, head);
      const end = buffer.lastIndexOf(newline) + 1;
      if (end === 0 && wanted < available) continue;
      if (end === 0) throw this.#damaged(this.#offset + count, head);
      const from = this.#offset;
      this.#offset = from + end;
      return { bytes: buffer.subarray(0, end), from, to: this.#offset };
    }
  }

  #segmentAt(offset: number, head: number): { file: number; start: number; end: number } {
    if (this.#open !== undefined && offset < this.#open.end) return this.#open;
    this[Symbol.dispose]();
    let index = this.#find(offset);
    // The last known file may have been sealed since the folder was listed.
    if (index === -1 || index === this.#segments.length - 1) {
      this.#segments = listSegments(this.#disk, this.#folder);
      index = this.#find(offset);
    }
    const segment = this.#segments[index];
    if (segment === undefined) throw this.#damaged(offset, head);
    // The last file ends, for all that is known, at the head asked for: past it a new one may begin.
    const end = this.#segments[index + 1]?.start ?? head;
    this.#open = { file: this.#disk.openForReading(segment.path), start: segment.start, end };
    return this.#open;
  }

  #find(offset: number): number {
    return this.#segments.findLastIndex((segment) => segment.start <= offset);
  }

  #damaged(offset: number, head: number): Error {
    return errors.JOURNAL_DAMAGED({
      message: `The journal in ${this.#folder} has nothing at byte ${offset}, and ${head} bytes are committed.`,
    });
  }
}
