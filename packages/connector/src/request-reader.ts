// Requests from stdin. Chunks are taken one by one from the stream, so that a connector that does not ask for
// requests exerts back-pressure on the runtime through the pipe.
//
// Invariant: no chunk is asked for before all requests of the last one are taken. Bytes in requests (keys, documents) are
// valid until `next` has to wait for more, and a Store until the request behind it is taken.

import { createDecoder, sniffCodec, type CodecName, type FrameDecoder, type Messages } from '@weir/protocol';
import { errors } from './errors.ts';

export type Direction = 'capture' | 'materialize';
export type RequestOf<D extends Direction> = Messages[`${D}.Request`];
export type ResponseOf<D extends Direction> = Messages[`${D}.Response`];

export class RequestReader<D extends Direction> {
  readonly #direction: D;
  readonly #chunks: AsyncIterator<Buffer>;
  #codec: CodecName | undefined;
  #decoder: FrameDecoder<RequestOf<D>> | undefined;
  #head: Buffer = Buffer.alloc(0);
  #awaited: Promise<IteratorResult<Buffer>> | undefined;
  #ended = false;

  /** `codec` undefined: the first four bytes tell. */
  constructor(direction: D, stdin: AsyncIterable<Buffer>, codec: CodecName | undefined) {
    this.#direction = direction;
    this.#chunks = stdin[Symbol.asyncIterator]();
    if (codec !== undefined) this.#start(codec);
  }

  /** Known once the first request has been read, or when it was given. */
  get codec(): CodecName | undefined {
    return this.#codec;
  }

  /** The runtime has closed stdin and every request has been handed out. */
  get ended(): boolean {
    return this.#ended;
  }

  /** A request that has already arrived; undefined when there is none. */
  poll(): RequestOf<D> | undefined {
    return this.#decoder?.next();
  }

  /** The next request; undefined when stdin has ended, or when `signal` stops the wait (then `ended` is false). */
  async next(signal?: AbortSignal): Promise<RequestOf<D> | undefined> {
    for (;;) {
      const request = this.poll();
      if (request !== undefined) return request;
      if (this.#ended || !(await this.#receive(signal))) return undefined;
    }
  }

  async #receive(signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#awaited === undefined) {
      this.#decoder?.release();
      this.#awaited = this.#chunks.next();
    }
    const result = await unlessAborted(this.#awaited, signal);
    if (result === undefined) return false;
    this.#awaited = undefined;
    if (result.done === true) {
      this.#end();
      return false;
    }
    this.#push(result.value);
    return true;
  }

  #push(chunk: Buffer): void {
    if (this.#decoder !== undefined) {
      this.#decoder.push(chunk);
      return;
    }
    this.#head = Buffer.concat([this.#head, chunk]);
    if (this.#head.length < 4) return;
    const codec = sniffCodec(this.#head);
    if (codec === undefined) {
      throw errors.CONNECTOR_CODEC_UNKNOWN({
        message: `The first bytes on stdin (${this.#head.toString('hex', 0, 4)}) are neither a JSON object nor a protobuf frame.`,
      });
    }
    this.#start(codec).push(this.#head);
    this.#head = Buffer.alloc(0);
  }

  #start(codec: CodecName): FrameDecoder<RequestOf<D>> {
    this.#codec = codec;
    const direction = `${this.#direction}.Request` as const;
    this.#decoder = createDecoder(direction, codec, { reuseFrames: true }) as FrameDecoder<RequestOf<D>>;
    return this.#decoder;
  }

  #end(): void {
    this.#ended = true;
    this.#decoder?.end();
    if (this.#head.length > 0) {
      throw errors.CONNECTOR_CODEC_UNKNOWN({ message: 'stdin ended within its first four bytes.' });
    }
  }
}

/** The value of `promise`, or undefined as soon as `signal` is aborted. Leaves nothing registered on the signal. */
export function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  if (signal === undefined) return promise;
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(undefined);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
