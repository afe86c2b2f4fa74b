// One process of a connector: spawned, asked for its Spec, and then used for unary requests or for one session.
// What holds: the Spec response is the first thing read and carries the right protocol number; `receive` gives every
// message in order and, once, undefined for a clean end (exit status 0); any other end throws what the connector's last
// log said. Nothing here interprets documents or transactions.

import { createDecoder, createEncoder, PROTOCOL_VERSION } from '@weir/protocol';
import type {
  CapturedResponse,
  FrameDecoder,
  FrameEncoder,
  LoadedResponse,
  Messages,
  WeirError,
} from '@weir/protocol';
import { parseJson } from '@weir/schema';
import { errors } from '../errors.ts';
import { Child } from './child.ts';
import type { ConnectorCommand, ConnectorProtocol } from './connector-command.ts';
import { connectorFailure } from './failure.ts';
import type { ExitStatus } from './failure.ts';
import { LogDecoder } from './ops-log.ts';
import type { OpsLog } from './ops-log.ts';
import { ConfigUpdates, takeConfigUpdate } from './config-update.ts';
import { scrubber, scrubLog, secretsOf } from './scrub.ts';

export type RequestOf<P extends ConnectorProtocol> = Messages[`${P}.Request`];
export type ResponseOf<P extends ConnectorProtocol> = Messages[`${P}.Response`];
export type SpecResponseOf<P extends ConnectorProtocol> = Extract<ResponseOf<P>, { kind: 'spec' }>;

export interface ConnectorOptions {
  readonly onLog?: (log: OpsLog) => void;
  /** error, warn, info (default), debug or trace. */
  readonly logLevel?: string;
  /** The endpoint config that will be sent: its secrets are kept out of logs and errors. */
  readonly config?: string;
  /** Further strings to keep out of logs and errors. */
  readonly secrets?: readonly string[];
  /** Keeps a configuration that the connector has renewed, durably: the connector uses it from its next start on. */
  readonly onConfigUpdate?: (config: string) => void;
  /** Aborting kills the process; pending calls reject with the signal's reason. */
  readonly signal?: AbortSignal;
  /** How long the process may take to start and answer Spec. Default 60 s. */
  readonly startTimeoutMs?: number;
  readonly maxMessageBytes?: number;
  readonly now?: () => Date;
}

/** Requests are written to the connector in batches of about this many bytes. */
const writeBatchBytes = 256 * 1024;
const defaultStartTimeoutMs = 60_000;
/** A materialization ends at the end of its input; to a capture that says nothing, so it gets its SIGTERM at once. */
const defaultGraceMs = { capture: 0, materialize: 10_000 } as const;

function excerpt(message: unknown): string {
  const text = JSON.stringify(message, (_key, value: unknown) => {
    if (typeof value === 'bigint') return value.toString();
    const isBytes = typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer';
    return isBytes && 'data' in value ? Buffer.from(value.data as number[]).toString('utf8') : value;
  });
  return text.slice(0, 4096);
}

export class ConnectorProcess<P extends ConnectorProtocol> {
  readonly protocol: P;
  readonly command: ConnectorCommand;
  readonly #child: Child;
  readonly #decoder: FrameDecoder<ResponseOf<P>>;
  readonly #encoder: FrameEncoder<RequestOf<P>>;
  readonly #options: ConnectorOptions;
  /** Kept out of logs and errors. */
  readonly #secrets: string[];
  #scrub: (text: string) => string;
  #lastLog: OpsLog | undefined;
  #spec: SpecResponseOf<P> | undefined;
  #needsDrain = false;
  #killedBecause: Error | undefined;
  /** As it was renewed last. */
  #config: string | undefined;
  readonly #updates: ConfigUpdates;

  private constructor(protocol: P, command: ConnectorCommand, options: ConnectorOptions, child: Child) {
    this.protocol = protocol;
    this.command = command;
    this.#options = options;
    this.#config = options.config;
    this.#updates = new ConfigUpdates({
      connector: command.description,
      keep: (config) => options.onConfigUpdate?.(config),
      onFailure: (failure) => this.#tellOfUnkept(failure, options.now ?? (() => new Date())),
    });
    this.#secrets = [...secretsOf(parseConfig(options.config)), ...(options.secrets ?? [])];
    this.#scrub = scrubber(this.#secrets);
    const limit = options.maxMessageBytes;
    const decoderOptions = { reuseFrames: true, ...(limit === undefined ? {} : { maxMessageBytes: limit }) };
    this.#decoder = createDecoder<`${P}.Response`>(`${protocol}.Response`, command.codec, decoderOptions);
    this.#encoder = createEncoder<`${P}.Request`>(`${protocol}.Request`, command.codec);
    this.#child = child;
    this.#followLogs(options.now ?? (() => new Date()));
    options.signal?.addEventListener('abort', () => this.#onAbort(), { once: true });
    if (options.signal?.aborted === true) this.#onAbort();
  }

  /**
   * Starts the program and asks for its Spec.
   * Errors: CONNECTOR_START_FAILED, CONNECTOR_TIMEOUT, CONNECTOR_PROTOCOL, or what the connector's last log said.
   */
  static async start<P extends ConnectorProtocol>(
    protocol: P,
    command: ConnectorCommand,
    options: ConnectorOptions = {},
  ): Promise<ConnectorProcess<P>> {
    const child = await Child.spawn(command, {
      ...environment(command),
      LOG_LEVEL: options.logLevel ?? 'info',
      WEIR_CONFIG_UPDATES: options.onConfigUpdate === undefined ? 'refused' : 'kept',
      ...command.env,
      // What a connector announces is read out of its log.
      LOG_FORMAT: 'json',
    });
    const connector = new ConnectorProcess(protocol, command, options, child);
    try {
      await connector.#child.started;
      await connector.#handshake();
      return connector;
    } catch (error) {
      await connector.kill();
      throw error;
    }
  }

  /** The connector's answer to Spec. */
  get spec(): SpecResponseOf<P> {
    if (this.#spec === undefined) throw new Error('the connector has not answered Spec');
    return this.#spec;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get lastLog(): OpsLog | undefined {
    return this.#lastLog;
  }

  /** Writes a request into the current batch. False: the connector lags behind, await `flush()` before going on. */
  send(request: RequestOf<P>): boolean {
    this.#encoder.write(request);
    if (this.#encoder.byteLength >= writeBatchBytes) this.#writeBatch();
    return !this.#needsDrain;
  }

  /** Hands over everything sent so far, and waits until the connector has taken what its pipe does not hold. */
  async flush(): Promise<void> {
    if (this.#encoder.byteLength > 0) this.#writeBatch();
    if (!this.#needsDrain) return;
    const drained = Promise.withResolvers<void>();
    this.#child.stdin.once('drain', drained.resolve);
    await Promise.race([drained.promise, this.#child.closed]);
    this.#needsDrain = false;
  }

  /** Half-closes: the connector reads to the end and exits. */
  async endInput(): Promise<void> {
    await this.flush();
    this.#child.stdin.end();
  }

  /**
   * The next messages, in order, at least one; undefined when the connector has ended cleanly. One reader at a time.
   * Errors: CONNECTOR_PROTOCOL for output that cannot be decoded, otherwise what the connector's last log said.
   */
  async receive(): Promise<ResponseOf<P>[] | undefined> {
    const messages = await this.messages();
    if (messages === undefined) return undefined;
    return Array.from(messages, withOwnDocument);
  }

  /** As `receive`, but each message is valid until the next is asked for, which may throw CONNECTOR_PROTOCOL too. */
  async messages(): Promise<Iterable<ResponseOf<P>> | undefined> {
    for (;;) {
      const first = this.#next();
      if (first !== undefined) return this.#from(first);
      this.#decoder.release();
      const chunk = await this.#child.output.read();
      if (chunk === undefined) {
        const status = await this.#child.closed;
        if (this.#killedBecause === undefined) await this.#updates.settled();
        return this.#end(status);
      }
      this.#decoder.push(chunk);
    }
  }

  /** The one answer to a unary request. The process stays usable. */
  async call<K extends ResponseOf<P>['kind']>(
    request: RequestOf<P>,
    expected: K,
    timeoutMs?: number,
  ): Promise<Extract<ResponseOf<P>, { kind: K }>> {
    this.send(request);
    const answer = this.flush().then(() => this.receive());
    const batch = await this.#inTime(answer, timeoutMs, request.kind);
    if (batch === undefined) {
      throw this.protocolError(`expected ${expected}, but the connector ended its output`);
    }
    const [response] = batch;
    if (batch.length !== 1 || response?.kind !== expected) {
      throw this.protocolError(`expected ${expected}`, batch.length === 1 ? response : batch);
    }
    return response as Extract<ResponseOf<P>, { kind: K }>;
  }

  /** Ends a process after unary requests: nothing more may come, and its exit status has to be 0. */
  async finish(timeoutMs: number = defaultStartTimeoutMs): Promise<void> {
    const ended = this.endInput().then(() => this.receive());
    const batch = await this.#inTime(ended, timeoutMs, 'the end of its input');
    if (batch !== undefined) throw this.protocolError('expected the end of the output', batch[0]);
  }

  /** Lets the process end: EOF, SIGTERM after `graceMs`, SIGKILL 5 s after that. What it still writes is dropped. */
  async stop(graceMs: number = defaultGraceMs[this.protocol]): Promise<ExitStatus> {
    this.#child.output.discard();
    const status = await this.#child.stop(graceMs);
    this.#updates.stop();
    return status;
  }

  async kill(): Promise<ExitStatus> {
    this.#child.kill('SIGKILL');
    this.#child.output.discard();
    const status = await this.#child.closed;
    this.#updates.stop();
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.hasExited) {
      this.#child.output.discard();
      this.#updates.stop();
    } else await this.stop();
  }

  /** An error that names the connector and shows up to 4096 characters of the message that was not expected. */
  protocolError(what: string, message?: unknown, cause?: unknown): WeirError {
    const shown = message === undefined ? '' : `: ${this.#scrub(excerpt(message))}`;
    return errors.CONNECTOR_PROTOCOL({
      message: `The connector ${this.command.description} broke the protocol (${what})${shown}`,
      cause,
    });
  }

  async #handshake(): Promise<void> {
    const request = { kind: 'spec', connectorType: this.command.connectorType, config: '{}' } as RequestOf<P>;
    const timeoutMs = this.#options.startTimeoutMs ?? defaultStartTimeoutMs;
    const kind: ResponseOf<P>['kind'] = 'spec';
    const spec = (await this.call(request, kind, timeoutMs)) as SpecResponseOf<P>;
    if (spec.protocol !== PROTOCOL_VERSION) {
      throw this.protocolError(
        `it speaks protocol ${spec.protocol}, this runtime speaks protocol ${PROTOCOL_VERSION}`,
      );
    }
    this.#spec = spec;
    this.#hideSecretsOfConfig();
  }

  /** Before Spec, only names tell what is secret. */
  #hideSecretsOfConfig(): void {
    this.#secrets.push(...secretsOf(parseConfig(this.#config), parseConfig(this.#spec?.configSchema)));
    this.#scrub = scrubber(this.#secrets);
  }

  *#from(first: ResponseOf<P>): Generator<ResponseOf<P>, void, undefined> {
    for (let next: ResponseOf<P> | undefined = first; next !== undefined; next = this.#next()) yield next;
  }

  /** The next message that has arrived. */
  #next(): ResponseOf<P> | undefined {
    try {
      return this.#decoder.next();
    } catch (cause) {
      this.#child.kill('SIGKILL');
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw this.protocolError(`its output cannot be decoded: ${this.#scrub(reason)}`, undefined, cause);
    }
  }

  #end(status: ExitStatus): undefined {
    if (this.#killedBecause !== undefined) throw this.#killedBecause;
    if (status.code !== 0) throw connectorFailure(this.command.description, status, this.#lastLog);
    try {
      this.#decoder.end();
    } catch (cause) {
      throw this.protocolError('it wrote a partial message and then closed its output', undefined, cause);
    }
    return undefined;
  }

  async #inTime<T>(answer: Promise<T>, timeoutMs: number | undefined, what: string): Promise<T> {
    if (timeoutMs === undefined) return await answer;
    const timer = setTimeout(() => {
      this.#killedBecause = errors.CONNECTOR_TIMEOUT({
        message: `The connector ${this.command.description} did not answer ${what} within ${timeoutMs / 1000} s.`,
      });
      this.#child.kill('SIGKILL');
    }, timeoutMs);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  #keepConfig(config: string): void {
    this.#config = config;
    this.#hideSecretsOfConfig();
    this.#updates.take(config);
  }

  #tellOfUnkept(failure: unknown, now: () => Date): void {
    const reason = failure instanceof Error ? failure.message : String(failure);
    const message = `the configuration that the connector has renewed could not be kept: ${reason}`;
    const log = { ts: now().toISOString(), level: 'error', message, fields: {} } as const;
    this.#options.onLog?.(scrubLog(log, this.#scrub));
  }

  #onAbort(): void {
    const reason: unknown = this.#options.signal?.reason;
    this.#killedBecause ??= reason instanceof Error ? reason : new Error(String(reason));
    this.#child.kill('SIGKILL');
  }

  #writeBatch(): void {
    const { stdin } = this.#child;
    const batch = this.#encoder.take();
    if (stdin.destroyed) return;
    const isWelcome = stdin.write(batch, (error) => {
      if (!(error instanceof Error)) this.#encoder.giveBack(batch);
    });
    if (!isWelcome) this.#needsDrain = true;
  }

  #followLogs(now: () => Date): void {
    const decoder = new LogDecoder(now);
    const report = (logs: readonly OpsLog[]): void => {
      for (const raw of logs) {
        const { log, config } = takeConfigUpdate(raw);
        if (config !== undefined) this.#keepConfig(config);
        const clean = scrubLog(log, this.#scrub);
        this.#lastLog = clean;
        this.#options.onLog?.(clean);
      }
    };
    this.#child.stderr.on('data', (chunk: Buffer) => report(decoder.push(chunk)));
    this.#child.stderr.once('close', () => report(decoder.end()));
  }
}

/** A session is never read this way, so that there are few. */
function withOwnDocument<M extends { readonly kind: string }>(message: M): M {
  if (!('doc' in message)) return message;
  const { kind, binding, doc } = message as unknown as CapturedResponse | LoadedResponse;
  return { kind, binding, doc: Buffer.from(doc) } as unknown as M;
}

function environment(command: ConnectorCommand): NodeJS.ProcessEnv {
  const { FLOW_RUNTIME_CODEC: _codec, ...inherited } = process.env;
  return command.connectorType === 'LOCAL' ? { ...process.env, FLOW_RUNTIME_CODEC: undefined } : inherited;
}

function parseConfig(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : parseJson(text);
  } catch {
    return undefined;
  }
}
