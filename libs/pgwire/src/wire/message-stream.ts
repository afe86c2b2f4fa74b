// The receiving half of a connection: one growing buffer in which whole messages are framed in place.
// Invariant: `bytes`, and every offset or view into it, stay as they are until the next call of `fill()`. Incoming
// chunks wait in a short list meanwhile; past `HIGH_WATER_BYTES` of them the socket is paused, so a slow consumer
// slows the server down instead of filling memory.

import type { Duplex } from 'node:stream';
import { PgConnectionError, tlsReason } from '../pg-errors.ts';
import { backend } from './backend-messages.ts';
import type { FrameTable } from './frame-table.ts';

const HIGH_WATER_BYTES = 1 << 20;
const INITIAL_BYTES = 1 << 17;
/** A larger buffer is given back once it is nearly empty again. */
const KEEP_BYTES = 1 << 23;
/** The server's own limit for one message is 1 GiB. */
const MAX_MESSAGE_BYTES = (1 << 30) + (1 << 16);

export class MessageStream {
  bytes: Buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  /** Type byte and body offsets of the message that `next()` stepped to. */
  type = 0;
  bodyStart = 0;
  bodyEnd = 0;

  readonly #socket: Duplex;
  readonly #onIdleData: () => void;
  #position = 0;
  #end = 0;
  #wantedBytes = 0;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #failure: PgConnectionError | undefined;
  #waiter: PromiseWithResolvers<void> | undefined;

  /** `onIdleData` is called when bytes, or the end of the connection, arrive while nobody waits in `fill()`. */
  constructor(socket: Duplex, onIdleData: () => void) {
    this.#socket = socket;
    this.#onIdleData = onIdleData;
    socket.on('data', (chunk: Buffer) => {
      this.#pending.push(chunk);
      this.#pendingBytes += chunk.length;
      if (this.#pendingBytes >= HIGH_WATER_BYTES) socket.pause();
      this.#wake();
    });
    socket.on('error', (error) => this.fail(brokenBy(error)));
    socket.on('close', () => this.fail(new PgConnectionError('closed', 'the server closed the connection')));
    // The socket may come paused from the TLS negotiation.
    socket.resume();
  }

  /** The reason why no more messages will come, once there is one. */
  get failure(): PgConnectionError | undefined {
    return this.#failure;
  }

  /** Received bytes win over a failure: what the server said before closing is still delivered. */
  fail(error: PgConnectionError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#socket.destroy();
    this.#wake();
  }

  get hasPendingBytes(): boolean {
    return this.#pendingBytes > 0;
  }

  /** Steps to the next message that is here in full; false when there is none, then `fill()`. */
  next(): boolean {
    const available = this.#end - this.#position;
    if (available < 5) return false;
    const length = this.bytes.readUInt32BE(this.#position + 1);
    if (length < 4 || length > MAX_MESSAGE_BYTES) {
      throw new PgConnectionError(
        'protocol',
        `the server sent a message of ${length} bytes; is it PostgreSQL?`,
      );
    }
    if (available < length + 1) {
      this.#wantedBytes = length + 1;
      return false;
    }
    this.type = this.bytes[this.#position] ?? 0;
    this.bodyStart = this.#position + 5;
    this.bodyEnd = this.#position + 1 + length;
    this.#position = this.bodyEnd;
    return true;
  }

  /** Steps over the CopyData messages that come next and are here in full, and adds their bodies to `frames`. */
  takeCopyData(frames: FrameTable): void {
    const { bytes } = this;
    const end = this.#end;
    let position = this.#position;
    while (end - position >= 5 && bytes[position] === backend.copyData) {
      const length =
        ((bytes[position + 1] ?? 0) << 24) |
        ((bytes[position + 2] ?? 0) << 16) |
        ((bytes[position + 3] ?? 0) << 8) |
        (bytes[position + 4] ?? 0);
      // Whatever is wrong with a length, `next` says so.
      if (length < 4 || length >= end - position) break;
      frames.add(position + 5, position + 1 + length);
      position += length + 1;
    }
    this.#position = position;
  }

  /** Puts the message of the last `next()` back. */
  unread(): void {
    this.#position = this.bodyStart - 5;
  }

  /** Waits for more bytes; ends the life of every view handed out so far. Throws when the connection is over. */
  async fill(): Promise<void> {
    while (this.#pendingBytes === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      this.#waiter = Promise.withResolvers<void>();
      await this.#waiter.promise;
    }
    this.#takePending();
  }

  /** As `fill()`, without waiting. */
  fillNow(): void {
    if (this.#pendingBytes > 0) this.#takePending();
  }

  #takePending(): void {
    const kept = this.#end - this.#position;
    const needed = Math.max(kept + this.#pendingBytes, this.#wantedBytes);
    if (needed > this.bytes.length || (this.bytes.length > KEEP_BYTES && needed < INITIAL_BYTES)) {
      const grown = Buffer.allocUnsafe(Math.max(INITIAL_BYTES, 2 ** Math.ceil(Math.log2(needed))));
      this.bytes.copy(grown, 0, this.#position, this.#end);
      this.bytes = grown;
    } else if (this.#position > 0) {
      this.bytes.copyWithin(0, this.#position, this.#end);
    }
    this.#position = 0;
    this.#end = kept;
    for (const chunk of this.#pending) this.#end += chunk.copy(this.bytes, this.#end);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#wantedBytes = 0;
    if (this.#socket.isPaused()) this.#socket.resume();
  }

  #wake(): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter === undefined) this.#onIdleData();
    else waiter.resolve();
  }
}

/** A server that refuses the client's certificate says so after the handshake, as an alert (TLS 1.3). */
function brokenBy(error: Error): PgConnectionError {
  const isTls = 'code' in error && String(error.code).startsWith('ERR_SSL_');
  const message = isTls ? `TLS failed: ${tlsReason(error)}` : `the connection broke: ${error.message}`;
  return new PgConnectionError(isTls ? 'tls' : 'closed', message, error);
}
