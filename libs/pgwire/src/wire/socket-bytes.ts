// Where the bytes of a socket go. A plain socket reads into one buffer that is used for every read, because a new one
// each time makes V8 collect its heap for the sake of memory that lies outside it. TLS brings its own buffers.

import type { Duplex } from 'node:stream';

/** The most that one read takes: what the kernel has gathered while a batch was worked on. */
const READ_BYTES = 1 << 18;

/** The bytes are valid during the call. */
export type Receive = (bytes: Uint8Array) => void;

export interface ByteSource {
  readonly socket: Duplex;
  /** From now on bytes go here, and nowhere else. */
  readonly listen: (receive: Receive) => void;
  /** A short read says that nothing more is there: it does not when TLS cuts the bytes into records. */
  readonly readsAllThatIsThere: boolean;
}

export class SocketBytes {
  #receive: Receive = () => {};

  /** For the options of a new socket. */
  readonly onread = {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback: (count: number, bytes: Uint8Array): boolean => {
      this.#receive(bytes.subarray(0, count));
      return true;
    },
  };

  listen(receive: Receive): void {
    this.#receive = receive;
  }
}
