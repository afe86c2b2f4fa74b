// The receiving half of a connection: one growing buffer in which whole messages are framed in place.
// Invariant: `bytes`, and every offset or view into it, stay as they are until the next call of `fill()`. What is received
// meanwhile is put behind them, in a larger copy of the buffer if it has to be; past `HIGH_WATER_BYTES` of it the socket is
// paused, so a slow consumer slows the server down instead of filling memory.

import { PgConnectionError, tlsReason } from '../pg-errors.ts';
import { backend } from './backend-messages.ts';
import type { FrameTable } from './frame-table.ts';
import type { ByteSource } from './socket-bytes.ts';

const HIGH_WATER_BYTES = 1 << 19;
const INITIAL_BYTES = 1 << 16;
/** A larger buffer is given back once it is nearly empty again. */
const KEEP_BYTES = 1 << 23;
/** The server's own limit for one message is 1 GiB. */
const MAX_MESSAGE_BYTES = (1 << 30) + (1 << 16);
/** A read that is shorter than this is worth a rest. */
const WORTHWHILE_BYTES = 1 << 15;
const REST_MS = 1;

export class MessageStream {
  bytes: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  /** Type byte and body offsets of the message that `next()` stepped to. */
  type = 0;
  bodyStart = 0;
  bodyEnd = 0;
  /**
   * For streams, which servers send in small pieces: after a short read the socket rests for a millisecond, and the kernel
   * gathers what comes. A change a read costs a reader that keeps up more than the changes do.
   */
  isGathering = false;

  readonly #source: ByteSource;
  readonly #onIdleData: () => void;
  #position = 0;
  #end = 0;
  /** Received since the last `fill()`. */
  #newBytes = 0;
  #wantedBytes = 0;
  #rest: NodeJS.Timeout | undefined;
  #isResting = false;
  #isFull = false;
  #failure: PgConnectionError | undefined;
  #waiter: PromiseWithResolvers<void> | undefined;

  /** `onIdleData` is called when bytes, or the end of the connection, arrive while nobody waits in `fill()`. */
  constructor(source: ByteSource, onIdleData: () => void) {
    this.#source = source;
    this.#onIdleData = onIdleData;
    const { socket } = source;
    source.listen((received) => this.#receive(received));
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
    clearTimeout(this.#rest);
    this.#source.socket.destroy();
    this.#wake();
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
    while (this.#newBytes === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      this.#waiter = Promise.withResolvers<void>();
      await this.#waiter.promise;
    }
    this.fillNow();
  }

  /** As `fill()`, without waiting. */
  fillNow(): void {
    if (this.#newBytes === 0) return;
    this.#moveToFront(0);
    this.#newBytes = 0;
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#resume();
  }

  #receive(received: Uint8Array): void {
    if (this.#waiter !== undefined) this.#moveToFront(received.length);
    else if (this.#end + received.length > this.bytes.length) this.#replace(0, this.#end + received.length);
    this.bytes.set(received, this.#end);
    this.#end += received.length;
    this.#newBytes += received.length;
    if (this.#newBytes >= HIGH_WATER_BYTES) {
      this.#isFull = true;
      this.#source.socket.pause();
    } else if (this.isGathering && received.length < WORTHWHILE_BYTES && this.#source.readsAllThatIsThere) {
      this.#takeRest();
    }
    this.#wake();
  }

  #takeRest(): void {
    this.#isResting = true;
    this.#source.socket.pause();
    if (this.#rest !== undefined) this.#rest.refresh();
    else {
      this.#rest = setTimeout(() => {
        this.#isResting = false;
        this.#resume();
      }, REST_MS);
    }
  }

  #resume(): void {
    if (!this.#isFull && !this.#isResting) this.#source.socket.resume();
  }

  /** Only when no view is alive. Makes room for `count` more bytes, or for the rest of a message that was begun. */
  #moveToFront(count: number): void {
    const needed = Math.max(this.#end - this.#position + count, this.#wantedBytes);
    if (needed > this.bytes.length || (this.bytes.length > KEEP_BYTES && needed < INITIAL_BYTES)) {
      this.#replace(this.#position, needed);
    } else if (this.#position > 0) this.bytes.copyWithin(0, this.#position, this.#end);
    this.#end -= this.#position;
    this.#position = 0;
    this.#wantedBytes = 0;
  }

  /** A buffer for `needed` bytes, the first of them those behind `start`. */
  #replace(start: number, needed: number): void {
    const replaced = Buffer.allocUnsafeSlow(Math.max(INITIAL_BYTES, 2 ** Math.ceil(Math.log2(needed))));
    this.bytes.copy(replaced, 0, start, this.#end);
    this.bytes = replaced;
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
