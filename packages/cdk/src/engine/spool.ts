// Documents that wait for the checkpoint that commits them. What a task has read may not leave before it is known how
// far it got, since tasks share one output and their groups never interleave; and an API may be slow. So documents stay
// here, in memory while they are few and in a file without a name beyond that. Memory is flat in their number.

import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CaptureTransaction } from '@weir/capture';
import { JsonBuffer } from '@weir/json-bytes';
import { EndList } from '../records/end-list.ts';

/** Documents of one binding, sealed. `at` is where they lie in the file: first the ends, then the bytes. */
interface Chunk {
  readonly binding: number;
  readonly count: number;
  readonly byteLength: number;
  held: { readonly bytes: Buffer; readonly ends: Uint32Array } | undefined;
  at: number;
}

const NOTHING = Buffer.alloc(0);
/** So much is kept in memory. */
const SPOOL_BYTES = 1 << 20;

/** More than so many tasks seldom gather documents at the same time. */
const KEPT_BUFFERS = 4;

/** Documents of one binding that are being gathered. */
interface SpoolBuffer {
  readonly json: JsonBuffer;
  readonly ends: EndList;
}

/** The buffers of the spools of a session. A spool has one only while it holds documents: most of thousands of tasks sleep. */
export class SpoolBuffers {
  readonly #free: SpoolBuffer[] = [];

  take(): SpoolBuffer {
    return this.#free.pop() ?? { json: new JsonBuffer(1 << 12), ends: new EndList() };
  }

  giveBack(buffer: SpoolBuffer): void {
    const { json, ends } = buffer;
    json.reset();
    ends.reset();
    // Otherwise it would keep the batch that was copied last.
    json.readFrom(json.bytes);
    if (this.#free.length < KEPT_BUFFERS) this.#free.push(buffer);
  }
}

export class Spool {
  readonly #buffers: SpoolBuffers;
  #buffer: SpoolBuffer | undefined;
  #binding = -1;
  #chunks: Chunk[] = [];
  #heldBytes = 0;
  #count = 0;
  #file: FileHandle | undefined;
  #fileBytes = 0;
  #readBuffer: Buffer = NOTHING;

  constructor(buffers: SpoolBuffers = new SpoolBuffers()) {
    this.#buffers = buffers;
  }

  /** Where documents are written; until the spool is cleared. */
  get buffer(): JsonBuffer {
    return this.#gathered().json;
  }

  get count(): number {
    return this.#count;
  }

  /** `spill` should be awaited. */
  get isFull(): boolean {
    return this.#heldBytes + (this.#buffer?.json.length ?? 0) >= SPOOL_BYTES;
  }

  /** Documents that are written to `buffer` from here on belong to this binding. */
  turnTo(binding: number): void {
    if (binding === this.#binding) return;
    this.#seal();
    this.#binding = binding;
  }

  /** A document ends here. */
  added(): void {
    const { json, ends } = this.#gathered();
    ends.push(json.length);
    this.#count += 1;
  }

  /** Nothing may be written to `buffer` before it has ended. */
  async spill(): Promise<void> {
    this.#file ??= await openUnnamed();
    for (const chunk of this.#chunks) {
      if (chunk.held === undefined) continue;
      chunk.at = await this.#write(this.#file, chunk.held.bytes, chunk.held.ends);
      chunk.held = undefined;
    }
    this.#heldBytes = 0;
    // What was gathered last goes from where it lies, without a copy.
    const { json, ends } = this.#gathered();
    const [count, byteLength] = [ends.count, json.length];
    if (count === 0) return;
    const at = await this.#write(this.#file, json.view(), ends.view());
    this.#chunks.push({ binding: this.#binding, count, byteLength, held: undefined, at });
    json.reset();
    ends.reset();
  }

  /** Returns where it lies. */
  async #write(file: FileHandle, bytes: Buffer, ends: Uint32Array): Promise<number> {
    const at = this.#fileBytes;
    await writeAll(file, new Uint8Array(ends.buffer, ends.byteOffset, ends.byteLength), at);
    await writeAll(file, bytes, at + ends.byteLength);
    this.#fileBytes += ends.byteLength + bytes.length;
    return at;
  }

  /** Sends everything, in its order. The spool keeps it until it is cleared. */
  async replay(transaction: CaptureTransaction): Promise<void> {
    this.#seal();
    for (const chunk of this.#chunks) {
      const { bytes, ends } = chunk.held ?? (await this.#read(chunk));
      transaction.documents(chunk.binding, bytes, ends, chunk.count);
      if (transaction.congested) await transaction.drained();
    }
  }

  clear(): void {
    if (this.#buffer !== undefined) this.#buffers.giveBack(this.#buffer);
    this.#buffer = undefined;
    this.#readBuffer = NOTHING;
    this.#chunks = [];
    this.#heldBytes = 0;
    this.#fileBytes = 0;
    this.#count = 0;
    this.#binding = -1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.clear();
    await this.#file?.close();
    this.#file = undefined;
  }

  #gathered(): SpoolBuffer {
    this.#buffer ??= this.#buffers.take();
    return this.#buffer;
  }

  #seal(): void {
    if (this.#buffer === undefined || this.#buffer.ends.count === 0) return;
    const bytes = Buffer.from(this.#buffer.json.view());
    const ends = this.#buffer.ends.view().slice();
    const chunk = { binding: this.#binding, count: ends.length, byteLength: bytes.length, at: 0 };
    this.#chunks.push({ ...chunk, held: { bytes, ends } });
    this.#heldBytes += bytes.length;
    this.#buffer.json.reset();
    this.#buffer.ends.reset();
  }

  async #read({ count, byteLength, at }: Chunk): Promise<{ bytes: Buffer; ends: Uint32Array }> {
    const file = this.#file;
    if (file === undefined) throw new TypeError('a chunk of a spool without its file');
    const ends = new Uint32Array(count);
    // Used again: what is sent is copied.
    if (this.#readBuffer.length < byteLength) this.#readBuffer = Buffer.allocUnsafeSlow(byteLength);
    const bytes = this.#readBuffer.subarray(0, byteLength);
    await readAll(file, new Uint8Array(ends.buffer), at);
    await readAll(file, bytes, at + ends.byteLength);
    return { bytes, ends };
  }
}

/** A file that is gone with its process, whatever ends it. */
async function openUnnamed(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-spool-'));
  try {
    return await open(join(folder, 'documents'), 'w+', 0o600);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}

async function readAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, at + done);
    if (bytesRead === 0) throw new TypeError('a spool is shorter than what was written to it');
    done += bytesRead;
  }
}
