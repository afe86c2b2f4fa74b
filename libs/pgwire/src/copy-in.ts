// COPY … FROM STDIN: bytes go out as fast as the server takes them.

import { PgConnectionError, type PgServerError } from './pg-errors.ts';
import { rowCountOf } from './query-result.ts';
import type { Session } from './session.ts';
import { backend } from './wire/backend-messages.ts';
import { copyDoneMessage, copyFailMessage, queryMessage } from './wire/frontend-messages.ts';

/** Larger writes are split, so that one message never nears the server's limit of 1 GiB. */
const MAX_COPY_DATA_BYTES = 1 << 24;

export class CopyInWriter {
  readonly #session: Session;
  readonly #release: () => void;
  #error: PgServerError | undefined;
  #isReady = false;
  #isReleased = false;
  #command = '';

  private constructor(session: Session, release: () => void) {
    this.#session = session;
    this.#release = release;
  }

  static async open(session: Session, sql: string): Promise<CopyInWriter> {
    const release = await session.acquire('COPY FROM STDIN');
    const writer = new CopyInWriter(session, release);
    try {
      session.write(queryMessage(sql));
      const type = await session.receive();
      if (type === backend.copyInResponse) return writer;
      session.stream.unread();
      await writer.#drain();
      throw new PgConnectionError('protocol', 'copyIn() needs a COPY … FROM STDIN statement');
    } catch (error) {
      writer.#releaseOnce();
      throw error;
    }
  }

  /**
   * Sends bytes of the COPY format; rows may be split between calls. Resolves when the next write is welcome. The bytes
   * belong to the connection from now on. Throws the server's error as soon as it is known.
   */
  async write(data: Buffer): Promise<void> {
    this.#readWhatIsHere();
    if (this.#error !== undefined || this.#isReady) await this.#fail();
    for (let offset = 0; offset < data.length; offset += MAX_COPY_DATA_BYTES) {
      const part = data.subarray(offset, offset + MAX_COPY_DATA_BYTES);
      const head = Buffer.allocUnsafe(5);
      head[0] = 0x64;
      head.writeInt32BE(part.length + 4, 1);
      this.#session.write(head);
      await this.#session.writeAndDrain(part);
    }
  }

  /** Ends the COPY; resolves to the number of rows once the server has taken them all. */
  async finish(): Promise<number> {
    if (!this.#isReady) this.#session.write(copyDoneMessage());
    try {
      await this.#drain();
    } finally {
      this.#releaseOnce();
    }
    return rowCountOf(this.#command);
  }

  /** Makes the server forget the rows; the connection is usable afterwards. */
  async abort(reason: string): Promise<void> {
    if (this.#isReleased) return;
    try {
      if (!this.#isReady) this.#session.write(copyFailMessage(reason));
      await this.#drain().catch((error: unknown) => {
        if (this.#session.isClosed) throw error;
      });
    } finally {
      this.#releaseOnce();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isReleased && !this.#session.isClosed) await this.abort('the writer was left without an end');
  }

  async #fail(): Promise<never> {
    try {
      await this.#drain();
    } finally {
      this.#releaseOnce();
    }
    throw new PgConnectionError('protocol', 'the COPY is over');
  }

  #releaseOnce(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#release();
  }

  #readWhatIsHere(): void {
    this.#session.stream.fillNow();
    this.#take();
  }

  #take(): void {
    while (!this.#isReady && this.#session.step()) {
      const { type } = this.#session.stream;
      if (type === backend.errorResponse) this.#error ??= this.#session.serverError();
      else if (type === backend.commandComplete) this.#command = this.#session.body().cstring();
      else if (type === backend.readyForQuery) {
        this.#session.transactionStatus = this.#session.body().byte();
        this.#isReady = true;
      }
    }
  }

  async #drain(): Promise<void> {
    this.#take();
    while (!this.#isReady) {
      try {
        await this.#session.fill();
      } catch (failure) {
        throw this.#error ?? failure;
      }
      this.#take();
    }
    if (this.#error !== undefined) throw this.#error;
  }
}
