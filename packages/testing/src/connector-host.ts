// A connector process without a process: streams in memory that stand for stdin, stdout and stderr, and the runtime's
// side of them. What `serve` of @weir/connector does here is what it does in a process.

import { PassThrough, Transform } from 'node:stream';
import { createDecoder, createEncoder, type CodecName, type Messages } from '@weir/protocol';
import type { ConnectorLog } from './connector-driver.ts';

type Direction = 'capture' | 'materialize';
type RequestOf<D extends Direction> = Messages[`${D}.Request`];
type ResponseOf<D extends Direction> = Messages[`${D}.Response`];

/** A pipe whose chunks are overwritten when the next is asked for: a process reads into the same memory again. */
class ReusedInput extends PassThrough {
  override async *[Symbol.asyncIterator](): NodeJS.AsyncIterator<Buffer> {
    for await (const chunk of super[Symbol.asyncIterator]() as AsyncIterable<Buffer>) {
      const shown = Buffer.from(chunk);
      yield shown;
      shown.fill(0xff);
    }
  }
}

export class ConnectorHost<D extends Direction> {
  readonly stdin = new ReusedInput();
  /** Copies what is written, as a pipe does: the connector may write into the same memory again. */
  readonly stdout = new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, Buffer.from(chunk)),
  });
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal = false;
  readonly logLines: string[] = [];
  readonly writeLogLine = (line: string): void => {
    this.logLines.push(line);
  };
  readonly onStop = (stop: (reason: string) => void): void => {
    this.#stop = stop;
  };
  readonly #direction: D;
  readonly #codec: CodecName;
  readonly #output: AsyncIterator<Buffer>;
  readonly #decoder;
  #stop: (reason: string) => void = () => undefined;

  constructor(
    direction: D,
    options: { readonly codec?: CodecName; readonly env?: Record<string, string> } = {},
  ) {
    this.#direction = direction;
    this.#codec = options.codec ?? 'proto';
    this.env = { FLOW_RUNTIME_CODEC: this.#codec, LOG_FORMAT: 'json', LOG_LEVEL: 'debug', ...options.env };
    this.#output = this.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#decoder = createDecoder(`${direction}.Response` as const, this.#codec);
  }

  send(...requests: RequestOf<D>[]): void {
    const encoder = createEncoder(`${this.#direction}.Request` as const, this.#codec);
    for (const request of requests) encoder.write(request);
    this.stdin.write(encoder.take());
  }

  /** The next response. Waits for ever when none comes; undefined once `close` was called. */
  async receive(): Promise<ResponseOf<D> | undefined> {
    for (;;) {
      const response = this.#decoder.next();
      if (response !== undefined) return response;
      const { done, value } = await this.#output.next();
      if (done === true) return undefined;
      this.#decoder.push(value);
    }
  }

  /** Closes the connector's stdin. */
  end(): void {
    this.stdin.end();
  }

  /** Asks the connector to end, as a signal does. */
  stop(reason = 'SIGTERM'): void {
    this.#stop(reason);
  }

  /** Ends the output, once the connector has. */
  close(): void {
    this.stdout.end();
  }

  /** Everything that is left of the output. */
  async rest(): Promise<ResponseOf<D>[]> {
    this.close();
    const responses: ResponseOf<D>[] = [];
    for (let next = await this.receive(); next !== undefined; next = await this.receive())
      responses.push(next);
    return responses;
  }

  get logs(): readonly ConnectorLog[] {
    return this.logLines.map((line) => ({
      fields: {},
      ...(JSON.parse(line) as { level: string; message: string }),
    }));
  }
}
