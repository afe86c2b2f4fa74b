// Plays the runtime for one connector process: sends requests, reads responses, collects logs. Tests use it to see a
// connector exactly as a runtime does, over either codec.

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import {
  createDecoder,
  createEncoder,
  type CodecName,
  type FrameDecoder,
  type FrameEncoder,
  type Messages,
} from '@weir/protocol';
import { endsWithProcess } from './ends-with-process.ts';

type Direction = 'capture' | 'materialize';
type RequestOf<D extends Direction> = Messages[`${D}.Request`];
type ResponseOf<D extends Direction> = Messages[`${D}.Response`];

export interface ConnectorDriverOptions<D extends Direction> {
  readonly direction: D;
  /** The command and its arguments; for a connector of the workspace `[process.execPath, '…/src/main.ts']`. */
  readonly command: readonly [string, ...string[]];
  /** `json` by default. */
  readonly codec?: CodecName;
  /** Whether the connector is told the codec through FLOW_RUNTIME_CODEC. True by default. */
  readonly announceCodec?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export interface ConnectorLog {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface ConnectorExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class ConnectorDriver<D extends Direction> implements AsyncDisposable {
  /** How the process ended. */
  readonly exited: Promise<ConnectorExit>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #encoder: FrameEncoder<RequestOf<D>>;
  readonly #decoder: FrameDecoder<ResponseOf<D>>;
  readonly #output: AsyncIterator<Buffer>;
  #stderr = '';

  constructor(options: ConnectorDriverOptions<D>) {
    const { direction, command, codec = 'json', announceCodec = true } = options;
    const [file, ...args] = command;
    const announced = announceCodec ? { FLOW_RUNTIME_CODEC: codec } : {};
    this.#child = spawn(file, args, {
      env: {
        PATH: process.env['PATH'] ?? '',
        LOG_FORMAT: 'json',
        LOG_LEVEL: 'debug',
        ...announced,
        ...options.env,
      },
      stdio: 'pipe',
    });
    this.#encoder = createEncoder(`${direction}.Request`, codec) as FrameEncoder<RequestOf<D>>;
    this.#decoder = createDecoder(`${direction}.Response`, codec, {
      unknownFields: 'reject',
    }) as FrameDecoder<ResponseOf<D>>;
    this.#output = this.#child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    // A connector may end while requests are still on their way to it.
    this.#child.stdin.on('error', () => undefined);
    const end = endsWithProcess(() => this.#child.kill('SIGKILL'));
    this.exited = once(this.#child, 'close').then(([code, signal]) => {
      end[Symbol.dispose]();
      return { code, signal };
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(...requests: RequestOf<D>[]): void {
    for (const request of requests) this.#encoder.write(request);
    this.#child.stdin.write(this.#encoder.take());
  }

  /** Frames that are encoded already. Resolves when the connector may be given more. */
  async write(frames: Buffer): Promise<void> {
    if (this.#child.stdin.write(frames)) return;
    await Promise.race([once(this.#child.stdin, 'drain'), this.exited]);
  }

  /** A request as a peer of the JSON codec may write it, which an encoder here never does. */
  sendJson(request: unknown): void {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
  }

  /** The next response; undefined when the connector has closed its output. */
  async receive(): Promise<ResponseOf<D> | undefined> {
    for (;;) {
      const response = this.#decoder.next();
      if (response !== undefined) return response;
      const { done, value } = await this.#output.next();
      if (done === true) {
        this.#decoder.end();
        return undefined;
      }
      this.#decoder.push(value);
    }
  }

  /** The next response, which must be of this kind. The error of any other end says what the connector logged. */
  async expect<K extends ResponseOf<D>['kind']>(kind: K): Promise<Extract<ResponseOf<D>, { kind: K }>> {
    const response = await this.receive();
    if (response?.kind === kind) return response as Extract<ResponseOf<D>, { kind: K }>;
    if (response !== undefined) throw new Error(`expected ${kind}, got ${response.kind}`);
    const { code, signal } = await this.exited;
    throw new Error(`expected ${kind}, but it ended (${code ?? signal}): ${this.#stderr}`);
  }

  /** The next `count` responses, or fewer when the output ends. */
  async take(count: number): Promise<ResponseOf<D>[]> {
    const responses: ResponseOf<D>[] = [];
    while (responses.length < count) {
      const response = await this.receive();
      if (response === undefined) break;
      responses.push(response);
    }
    return responses;
  }

  /** Closes the connector's stdin. */
  end(): void {
    this.#child.stdin.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** What the connector has logged so far; complete once it has exited. */
  get logs(): readonly ConnectorLog[] {
    return this.#stderr
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        // Node's own words, of an exception that nobody caught, are not in the form of logs.
        if (!line.startsWith('{')) throw new Error(`the connector wrote to its stderr: ${this.#stderr}`);
        return { fields: {}, ...(JSON.parse(line) as { level: string; message: string }) };
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    this.#child.stdout.destroy();
    await this.exited;
  }
}
