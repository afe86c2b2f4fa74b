// What every operation on a connection stands on: messages in, bytes out, and who may use them. At most one operation
// owns the session at a time. Queries queue behind each other; a stream (COPY, replication) does not let others wait
// for it, because the code that asks is usually the code that should be reading the stream.

import { once } from 'node:events';
import type { ConnectOptions } from './connect-options.ts';
import { PgConnectionError, PgServerError } from './pg-errors.ts';
import { backend, BodyReader, parseServerMessage } from './wire/backend-messages.ts';
import { MessageStream } from './wire/message-stream.ts';
import type { ByteSource } from './wire/socket-bytes.ts';

export class Session {
  readonly stream: MessageStream;
  readonly parameters = new Map<string, string>();
  /** I idle, T in a transaction, E in a failed one; as a byte. */
  transactionStatus = 0x49;

  readonly #socket: ByteSource['socket'];
  readonly #options: ConnectOptions;
  #owner: { readonly name: string; readonly released: Promise<void> } | undefined;
  #lastWords: PgServerError | undefined;
  #closing = false;

  constructor(source: ByteSource, options: ConnectOptions) {
    const { socket } = source;
    this.#socket = socket;
    this.#options = options;
    this.stream = new MessageStream(source, () => this.#readWhileIdle());
    socket.once('close', () => options.onClose?.(this.#closing ? undefined : this.closeReason));
  }

  get isClosed(): boolean {
    return this.stream.failure !== undefined;
  }

  /** Why the connection is over: the server's last FATAL error if it sent one. */
  get closeReason(): PgConnectionError | PgServerError | undefined {
    return this.#lastWords ?? this.stream.failure;
  }

  /** `stream`: the name of a long-lived operation, which other operations must not wait for. */
  async acquire(stream?: string): Promise<() => void> {
    while (this.#owner !== undefined) {
      if (this.#owner.name !== '') {
        throw new PgConnectionError('protocol', `the connection is busy with ${this.#owner.name}`);
      }
      await this.#owner.released;
    }
    if (this.isClosed) throw this.closeReason ?? new PgConnectionError('closed', 'the connection is closed');
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#owner = { name: stream ?? '', released: promise };
    return () => {
      this.#owner = undefined;
      this.stream.isGathering = false;
      resolve();
      this.#readWhileIdle();
    };
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Writes, and waits while the socket's buffer is full. Throws when the connection is over. */
  async writeAndDrain(bytes: Buffer): Promise<void> {
    if (this.#socket.write(bytes)) return;
    if (this.isClosed) throw this.closeReason ?? new PgConnectionError('closed', 'the connection is closed');
    const stop = new AbortController();
    try {
      await Promise.race([
        once(this.#socket, 'drain', { signal: stop.signal }),
        once(this.#socket, 'close', { signal: stop.signal }),
      ]);
    } catch (error) {
      // The socket's own error, before the stream has told it as ours.
      throw (
        this.closeReason ??
        new PgConnectionError('closed', `the connection broke: ${(error as Error).message}`, error)
      );
    } finally {
      stop.abort();
    }
  }

  /** Steps to the next message in the buffer that belongs to the operation; false when more bytes are needed. */
  step(): boolean {
    while (this.stream.next()) {
      if (!this.#handleAsynchronous()) return true;
    }
    return false;
  }

  /** The type byte of the next message that belongs to the operation. */
  async receive(): Promise<number> {
    while (!this.step()) await this.fill();
    return this.stream.type;
  }

  async fill(): Promise<void> {
    try {
      await this.stream.fill();
    } catch (error) {
      throw this.#lastWords ?? error;
    }
  }

  body(): BodyReader {
    return new BodyReader(this.stream.bytes, this.stream.bodyStart, this.stream.bodyEnd);
  }

  serverError(): PgServerError {
    const error = new PgServerError(parseServerMessage(this.body()));
    if (error.severity === 'FATAL' || error.severity === 'PANIC') this.#lastWords = error;
    return error;
  }

  /**
   * Reads to the next ReadyForQuery, giving every other message to `handle`. The first error of the server is thrown
   * then, when the connection is usable again.
   */
  async untilReady(handle: (type: number) => void): Promise<void> {
    let error: PgServerError | undefined;
    for (;;) {
      while (!this.step()) {
        try {
          await this.fill();
        } catch (failure) {
          throw error ?? failure;
        }
      }
      const { type } = this.stream;
      if (type === backend.errorResponse) error ??= this.serverError();
      else if (type === backend.readyForQuery) {
        this.transactionStatus = this.body().byte();
        if (error !== undefined) throw error;
        return;
      } else handle(type);
    }
  }

  /** Sends `lastMessage` and waits until the socket is gone; destroys it after a second. */
  async close(lastMessage: Buffer): Promise<void> {
    this.#closing = true;
    if (this.#socket.destroyed) return;
    const closed = once(this.#socket, 'close');
    const timer = setTimeout(() => this.#socket.destroy(), 1000);
    this.#socket.end(lastMessage);
    this.#socket.resume();
    // A socket that is reset instead is gone as well.
    await closed.catch(() => undefined);
    clearTimeout(timer);
  }

  destroy(reason: PgConnectionError): void {
    this.stream.fail(reason);
  }

  /** NoticeResponse, ParameterStatus and NotificationResponse may come at any time. */
  #handleAsynchronous(): boolean {
    switch (this.stream.type) {
      case backend.noticeResponse:
        this.#options.onNotice?.(parseServerMessage(this.body()));
        return true;
      case backend.parameterStatus: {
        const body = this.body();
        const [name, value] = [body.cstring(), body.cstring()];
        this.parameters.set(name, value);
        this.#options.onParameterStatus?.(name, value);
        return true;
      }
      case backend.notificationResponse:
        return true;
      default:
        return false;
    }
  }

  #readWhileIdle(): void {
    if (this.#owner !== undefined) return;
    try {
      this.stream.fillNow();
      while (this.step()) {
        if (this.stream.type !== backend.errorResponse) {
          throw new PgConnectionError('protocol', 'the server sent a message that nobody asked for');
        }
        this.serverError();
      }
    } catch (error) {
      this.stream.fail(
        error instanceof PgConnectionError ? error : new PgConnectionError('protocol', String(error)),
      );
    }
  }
}
