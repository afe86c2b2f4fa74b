// What the connector of a materialization answers in a session, and the order in which it may do so: Opened, then per
// transaction Acknowledged, Loaded*, Flushed, StartedCommit. Whatever is out of order is CONNECTOR_PROTOCOL.

import type { ConnectorState, MaterializeResponse } from '@weir/protocol';
import { errors } from '../errors.ts';
import type { MaterializeConnection } from './connection.ts';
import type { WakeUp } from './wake-up.ts';

export type AwaitedKind = 'opened' | 'flushed' | 'startedCommit';

export interface ConnectorAnswersOptions {
  /** Of the materialization. */
  readonly name: string;
  readonly connection: MaterializeConnection;
  /** Notified of everything that comes, and failed by what must not. */
  readonly changed: WakeUp;
  readonly onAcknowledged: (state: ConnectorState | undefined) => void;
  /** Says whether the document's key was asked for, and had not come before. `doc` is valid during the call. */
  readonly onLoaded: (binding: number, doc: Buffer) => boolean;
}

export class ConnectorAnswers {
  readonly #options: ConnectorAnswersOptions;
  #isAcknowledged = false;
  #mayLoad = false;
  #expected: AwaitedKind | undefined = 'opened';
  #answer: MaterializeResponse | undefined;
  #hasEnded = false;

  constructor(options: ConnectorAnswersOptions) {
    this.#options = options;
  }

  /** The connector has closed its output. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The transaction before is committed, and done with. */
  get isAcknowledged(): boolean {
    return this.#isAcknowledged;
  }

  /** Between the request to acknowledge and Flushed, keys of a transaction may be loaded. */
  get mayLoad(): boolean {
    return this.#mayLoad;
  }

  /** To be called before the request is sent. */
  expectAcknowledged(): void {
    this.#isAcknowledged = false;
    this.#mayLoad = true;
  }

  /** To be called before the request is sent. */
  expect(kind: AwaitedKind): void {
    this.#expected = kind;
  }

  async next<K extends AwaitedKind>(kind: K): Promise<Extract<MaterializeResponse, { kind: K }>> {
    const { changed } = this.#options;
    for (;;) {
      changed.throwIfFailed();
      const answer = this.#answer;
      if (answer !== undefined) {
        this.#answer = undefined;
        if (answer.kind !== kind) throw this.protocolError(`expected ${kind}, got ${answer.kind}`);
        return answer as Extract<MaterializeResponse, { kind: K }>;
      }
      if (this.#hasEnded) throw this.protocolError(`it ended where ${kind} was expected`);
      await changed.wait();
    }
  }

  async end(): Promise<void> {
    while (!this.#hasEnded) await this.#options.changed.wait();
  }

  /** Reads everything the connector sends. Never rejects: failures go to `changed`. */
  async receive(): Promise<void> {
    const { connection, changed } = this.#options;
    try {
      for (;;) {
        const messages = await connection.messages();
        if (messages === undefined) break;
        for (const message of messages) this.#take(message);
        changed.notify();
      }
      this.#hasEnded = true;
      changed.notify();
    } catch (error) {
      changed.fail(error);
    }
  }

  #take(message: MaterializeResponse): void {
    switch (message.kind) {
      case 'acknowledged':
        if (this.#isAcknowledged || !this.#mayLoad) throw this.protocolError('got acknowledged unasked');
        this.#options.onAcknowledged(message.state);
        this.#isAcknowledged = true;
        return;
      case 'loaded':
        this.#takeLoaded(message.binding, message.doc);
        return;
      case 'opened':
      case 'flushed':
      case 'startedCommit':
        if (message.kind !== this.#expected) throw this.protocolError(`got ${message.kind} unasked`);
        this.#expected = undefined;
        this.#answer = message;
        if (message.kind === 'flushed') this.#mayLoad = false;
        return;
      case 'spec':
      case 'validated':
      case 'applied':
        throw this.protocolError(`got ${message.kind} in a session`);
    }
  }

  #takeLoaded(binding: number, doc: Buffer): void {
    if (!this.#isAcknowledged) throw this.protocolError('got loaded before acknowledged');
    if (!this.#mayLoad) throw this.protocolError('got loaded after flushed');
    if (!this.#options.onLoaded(binding, doc)) {
      throw this.protocolError('got loaded for a key that was not asked for, or a second time');
    }
  }

  protocolError(what: string): Error {
    return errors.CONNECTOR_PROTOCOL({
      message: `The connector of ${this.#options.name} broke the protocol: ${what}.`,
    });
  }
}
