// Appends documents to one journal. Invariant: bytes below the committed head never change; bytes past it belong to
// nobody until the store's transaction moves the head, and are cut when a writer opens the journal or gives up.
// One writer per journal, in one thread.

import { join } from 'node:path';
import type { ByteRange } from '../combine/byte-range.ts';
import { errors } from '../errors.ts';
import { type Disk, explainDiskError } from '../host/disk.ts';
import type { JournalHead, JournalRecord } from '../store/store.ts';
import { listSegments, type Segment, segmentPath } from './segments.ts';

export interface JournalWriterOptions {
  /** A file that has reached this size is sealed at the next transaction's begin. */
  readonly segmentBytes?: number;
  /** Documents are gathered to writes of about this size. */
  readonly bufferBytes?: number;
}

const newline = 0x0a;
const space = 0x20;

export class JournalWriter implements Disposable {
  readonly name: string;
  readonly collection: string;
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #segmentBytes: number;
  #buffer: Buffer;
  #buffered = 0;
  /** -1: not opened yet; files are created by the first append. */
  #file = -1;
  #segmentStart = 0;
  /** Offset in the journal of the buffer's first byte. */
  #written: number;
  #documents: number;
  #committed: { readonly head: number; readonly documents: number; readonly clock: bigint };

  /** Cuts whatever lies past the committed head. Throws JOURNAL_DAMAGED when something before it is missing. */
  constructor(disk: Disk, journalsPath: string, record: JournalRecord, options: JournalWriterOptions = {}) {
    this.name = record.name;
    this.collection = record.collection;
    this.#disk = disk;
    this.#folder = join(journalsPath, record.folder);
    this.#segmentBytes = options.segmentBytes ?? 256 << 20;
    this.#buffer = Buffer.allocUnsafeSlow(options.bufferBytes ?? 512 << 10);
    this.#committed = { head: record.head, documents: record.documents, clock: record.clock };
    this.#written = record.head;
    this.#documents = record.documents;
    this.#recover();
  }

  [Symbol.dispose](): void {
    if (this.#file !== -1) this.#disk.close(this.#file);
    this.#file = -1;
  }

  /** Offset at which the next document will begin. */
  get position(): number {
    return this.#written + this.#buffered;
  }

  /** True when something was appended since the last commit. */
  get isDirty(): boolean {
    return this.position !== this.#committed.head;
  }

  /**
   * Appends a document, with bytes [from, to) of what holds it replaced by `replacement`, as one line.
   * Returns the length of the line.
   */
  append({ bytes, start, end }: ByteRange, from: number, to: number, replacement: Buffer): number {
    const length = end - start - (to - from) + replacement.length + 1;
    if (this.#buffered + length > this.#buffer.length) this.#makeRoom(length);
    const buffer = this.#buffer;
    let at = this.#buffered;
    // A stamp mostly stands near the beginning: so few bytes are copied faster here than by a call.
    if (from - start > 24) at += bytes.copy(buffer, at, start, from);
    else for (let index = start; index < from; index += 1) buffer[at++] = bytes[index] as number;
    at += replacement.copy(buffer, at);
    at += bytes.copy(buffer, at, to, end);
    buffer[at] = newline;
    this.#joinLines(this.#buffered, at);
    this.#buffered = at + 1;
    this.#documents += 1;
    return length;
  }

  /** Makes everything appended durable, and returns the head for the store's transaction. */
  async sync(clock: bigint): Promise<JournalHead> {
    try {
      this.#flush();
      if (this.#file !== -1) await this.#disk.sync(this.#file);
    } catch (error) {
      throw explainDiskError(error, `collection ${this.collection}`);
    }
    return { name: this.name, head: this.position, documents: this.#documents, clock };
  }

  /** The store's transaction holds `head`: it is the committed head from now on. */
  committed(head: JournalHead): void {
    this.#committed = head;
  }

  /** Forgets everything appended since the last commit. */
  rollback(): void {
    this.#buffered = 0;
    this.#documents = this.#committed.documents;
    this.#written = this.#committed.head;
    this[Symbol.dispose]();
    this.#recover();
  }

  /**
   * Raw line breaks are white space in JSON, and would end the line. The one at `to` is there already, and ends the search: what
   * lies behind it may be as long as the longest document ever was.
   */
  #joinLines(from: number, to: number): void {
    for (;;) {
      const at = this.#buffer.indexOf(newline, from);
      if (at === -1 || at >= to) return;
      this.#buffer[at] = space;
      from = at + 1;
    }
  }

  #makeRoom(length: number): void {
    this.#flush();
    if (length > this.#buffer.length)
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#buffer.length));
  }

  #flush(): void {
    if (this.#buffered === 0) return;
    try {
      if (this.#file === -1 || this.#isFull()) this.#openSegment();
      this.#disk.write(
        this.#file,
        this.#buffer.subarray(0, this.#buffered),
        this.#written - this.#segmentStart,
      );
    } catch (error) {
      throw explainDiskError(error, `collection ${this.collection}`);
    }
    this.#written += this.#buffered;
    this.#buffered = 0;
  }

  /** Files change only between transactions, so that a commit has one file to sync. */
  #isFull(): boolean {
    return this.#written === this.#committed.head && this.#written - this.#segmentStart >= this.#segmentBytes;
  }

  #openSegment(): void {
    const last = listSegments(this.#disk, this.#folder).at(-1);
    this[Symbol.dispose]();
    if (last !== undefined && this.#written - last.start < this.#segmentBytes) {
      this.#segmentStart = last.start;
      this.#file = this.#disk.open(last.path, false);
      return;
    }
    if (last === undefined) {
      this.#disk.makeFolder(this.#folder);
      this.#disk.syncFolder(join(this.#folder, '..'));
    }
    this.#segmentStart = this.#written;
    this.#file = this.#disk.open(segmentPath(this.#folder, this.#written), true);
    this.#disk.syncFolder(this.#folder);
  }

  #recover(): void {
    const { head } = this.#committed;
    let end = 0;
    for (const segment of listSegments(this.#disk, this.#folder)) {
      if (segment.start > head) {
        this.#disk.remove(segment.path);
        continue;
      }
      if (segment.start !== end) throw this.#damaged(`bytes ${end} to ${segment.start} are missing`);
      end = this.#cut(segment, head);
    }
    if (end < head) throw this.#damaged(`it ends at byte ${end}, and ${head} are committed`);
  }

  /** Cuts what a segment holds past the head. Returns the offset of its end. */
  #cut(segment: Segment, head: number): number {
    const file = this.#disk.open(segment.path, false);
    try {
      const end = segment.start + this.#disk.size(file);
      if (end <= head) return end;
      this.#disk.truncate(file, head - segment.start);
      return head;
    } finally {
      this.#disk.close(file);
    }
  }

  #damaged(what: string): Error {
    return errors.JOURNAL_DAMAGED({
      message: `The journal ${this.name} is damaged: ${what} (${this.#folder}).`,
    });
  }
}
