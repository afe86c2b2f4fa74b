// A body as bytes that are taken in any amounts, whatever the pieces in which they come.

import { errors } from '../errors.ts';

export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#chunks = body[Symbol.asyncIterator]();
  }

  /** The next bytes, as many as have come; undefined at the end. They stay valid. */
  async next(): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return undefined;
      // A transport may use its buffer again.
      this.#rest = Buffer.from(value);
    }
    const chunk = this.#rest;
    this.#rest = Buffer.alloc(0);
    return chunk;
  }

  /** Puts back what was not needed. */
  unread(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([bytes, this.#rest]);
  }

  /** Exactly so many. Throws CDK_BODY_INVALID when there are fewer. */
  async take(length: number): Promise<Buffer> {
    const taken: Buffer[] = [];
    let left = length;
    while (left > 0) {
      const chunk = await this.next();
      if (chunk === undefined)
        throw errors.CDK_BODY_INVALID({ message: 'The body of an answer was cut off.' });
      taken.push(chunk.subarray(0, left));
      if (chunk.length > left) this.unread(chunk.subarray(left));
      left -= Math.min(left, chunk.length);
    }
    return Buffer.concat(taken);
  }

  /** Reads on to the end, so that a body that was cut off shows. */
  async drain(): Promise<void> {
    while ((await this.next()) !== undefined);
  }
}
