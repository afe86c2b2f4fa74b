// What a connector writes to its stdout, read into one buffer that is used again and again; or, where no socket can be made,
// through a pipe, which costs more.
//
// Invariant: bytes handed out are valid until `read` is called again; nothing is read from the kernel in between.

import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { socketPair } from './socket-pair.ts';

export class ConnectorOutput {
  /** For the child's `stdio`. */
  readonly childEnd: Socket | 'pipe';
  #reader: Readable | undefined;
  #arrived: Buffer | undefined;
  #isEnded = false;
  #isDiscarded = false;
  #wake: (() => void) | undefined;
  /** All bytes so far. */
  #byteCount = 0;

  private constructor(childEnd: Socket | 'pipe', reader?: Readable) {
    this.childEnd = childEnd;
    if (reader !== undefined) this.#readFrom(reader);
  }

  static async open(): Promise<ConnectorOutput> {
    let output: ConnectorOutput | undefined;
    try {
      const { reader, writer } = await socketPair((bytes) => output !== undefined && output.#take(bytes));
      output = new ConnectorOutput(writer, reader);
    } catch {
      // The temporary folder is full, may not be written to, or has too long a name.
      output = new ConnectorOutput('pipe');
    }
    return output;
  }

  /** The child has been started; `stdout` is this end of the pipe, if there is one: not of a child without descriptors. */
  started(stdout: Readable | null | undefined): void {
    // So that the end of the child's can be seen.
    if (this.childEnd !== 'pipe') this.childEnd.destroy();
    if (stdout === null || stdout === undefined) return;
    this.#readFrom(stdout);
    stdout.on('data', (bytes: Buffer) => {
      if (!this.#take(bytes)) stdout.pause();
    });
    stdout.pause();
    if (this.#wake !== undefined || this.#isDiscarded) stdout.resume();
  }

  #readFrom(reader: Readable): void {
    this.#reader = reader;
    for (const event of ['end', 'close', 'error']) {
      reader.on(event, () => {
        this.#isEnded = true;
        this.#wakeUp();
      });
    }
  }

  /** The next bytes; undefined at the end. One reader at a time. */
  async read(): Promise<Buffer | undefined> {
    for (;;) {
      const bytes = this.#arrived;
      this.#arrived = undefined;
      if (bytes !== undefined) return bytes;
      if (this.#isEnded) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      this.#reader?.resume();
      await promise;
    }
  }

  /** Whatever comes from now on is thrown away. */
  discard(): void {
    this.#isDiscarded = true;
    this.#reader?.resume();
  }

  /** Closes it when nothing has come for this long, though somebody waits for it. */
  async closeWhenSilent(wait: () => Promise<void>): Promise<void> {
    for (let seen = -1; this.#reader?.closed === false;) {
      await wait();
      const isAwaited = this.#wake !== undefined || this.#isDiscarded;
      if (isAwaited && seen === this.#byteCount) break;
      seen = isAwaited ? this.#byteCount : -1;
    }
    this.#reader?.destroy();
  }

  destroy(): void {
    if (this.childEnd !== 'pipe') this.childEnd.destroy();
    this.#reader?.destroy();
  }

  /** Returns whether to go on reading. */
  #take(bytes: Buffer): boolean {
    this.#byteCount += bytes.length;
    if (this.#isDiscarded) return true;
    this.#arrived = bytes;
    this.#wakeUp();
    return false;
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
