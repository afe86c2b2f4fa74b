// What a connector writes to its stdout, read into one buffer that is used again and again.
//
// Invariant: bytes handed out are valid until `read` is called again; nothing is read from the kernel in between.

import type { Socket } from 'node:net';
import { socketPair } from './socket-pair.ts';

export class ConnectorOutput {
  /** For the child's `stdio`, and to be closed here once it has it, so that the end of the child's can be seen. */
  readonly childEnd: Socket;
  readonly #reader: Socket;
  #arrived: Buffer | undefined;
  #isEnded = false;
  #isDiscarded = false;
  #wake: (() => void) | undefined;
  /** All bytes so far. */
  #byteCount = 0;

  private constructor(reader: Socket, childEnd: Socket) {
    this.#reader = reader;
    this.childEnd = childEnd;
    for (const event of ['end', 'close', 'error']) {
      reader.on(event, () => {
        this.#isEnded = true;
        this.#wakeUp();
      });
    }
  }

  static async open(): Promise<ConnectorOutput> {
    let output: ConnectorOutput | undefined;
    const { reader, writer } = await socketPair((bytes) => output !== undefined && output.#take(bytes));
    output = new ConnectorOutput(reader, writer);
    return output;
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
      this.#reader.resume();
      await promise;
    }
  }

  /** Whatever comes from now on is thrown away. */
  discard(): void {
    this.#isDiscarded = true;
    this.#reader.resume();
  }

  /** Closes it when nothing has come for this long, though somebody waits for it. */
  async closeWhenSilent(wait: () => Promise<void>): Promise<void> {
    for (let seen = -1; !this.#reader.closed;) {
      await wait();
      const isAwaited = this.#wake !== undefined || this.#isDiscarded;
      if (isAwaited && seen === this.#byteCount) break;
      seen = isAwaited ? this.#byteCount : -1;
    }
    this.#reader.destroy();
  }

  destroy(): void {
    this.childEnd.destroy();
    this.#reader.destroy();
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
