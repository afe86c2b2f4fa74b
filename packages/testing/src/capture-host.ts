// A capture that runs in the test's own process, with the runtime's side of the protocol played for it: its documents and its
// state are kept, its checkpoints are acknowledged as they come.

import assert from 'node:assert/strict';
import { type Capture, serveCapture } from '@weir/capture';
import { FULL_RANGE } from '@weir/protocol';
import { ConnectorHost } from './connector-host.ts';
import { until } from './until.ts';

export interface HostedBinding {
  readonly resource: object;
  /** `/_meta/webhookId` when absent. */
  readonly key?: readonly string[];
  /** Of its collection, as JSON text; any object when absent. */
  readonly writeSchema?: string;
}

export interface HostedDocument {
  readonly binding: number;
  readonly doc: Record<string, unknown> & { readonly _meta: Record<string, unknown> };
}

export interface HostOptions {
  /** The state that the session begins with, as JSON text. */
  readonly state?: string;
  /** How many checkpoints one acknowledgement stands for; 1. */
  readonly acknowledges?: number;
  /** Of the process, beside what every process has. */
  readonly env?: Record<string, string>;
}

export class CaptureHost implements AsyncDisposable {
  /** Those of complete checkpoints. */
  readonly documents: HostedDocument[] = [];
  checkpoints = 0;
  readonly host: ConnectorHost<'capture'>;
  readonly #exit: Promise<0 | 1>;
  readonly #acknowledges: number;
  #state: Record<string, unknown>;
  #hasStopped = false;

  protected constructor(
    capture: Capture<never, never>,
    config: object,
    bindings: readonly HostedBinding[],
    { state = '{}', acknowledges = 1, env = {} }: HostOptions = {},
  ) {
    this.host = new ConnectorHost('capture', { env });
    this.#acknowledges = acknowledges;
    this.#state = JSON.parse(state) as Record<string, unknown>;
    this.#exit = serveCapture(capture, this.host);
    this.host.send({
      kind: 'open',
      version: '0000000000000001',
      range: FULL_RANGE,
      state,
      capture: {
        name: 'acme/capture',
        connectorType: 'LOCAL',
        config: JSON.stringify(config),
        intervalSeconds: 300,
        inactiveBindings: [],
        bindings: bindings.map((binding, index) => ({
          resourceConfig: JSON.stringify(binding.resource),
          resourcePath: [`b${index}`],
          collection: {
            name: `acme/c${index}`,
            key: binding.key ?? ['/_meta/webhookId'],
            uuidPtr: '/_meta/uuid',
            partitionFields: [],
            projections: [],
            writeSchema: binding.writeSchema ?? '{"type":"object"}',
          },
          backfill: 0,
          stateKey: `b${index}`,
        })),
      },
    });
    void this.#receive();
  }

  static start<Config, Resource>(
    capture: Capture<Config, Resource>,
    config: object,
    bindings: readonly HostedBinding[],
    options: HostOptions = {},
  ): CaptureHost {
    return new CaptureHost(capture as unknown as Capture<never, never>, config, bindings, options);
  }

  /** As it was committed last, as JSON text. */
  get state(): string {
    return JSON.stringify(this.#state);
  }

  get log(): string {
    return this.host.logLines.join('\n');
  }

  async untilDocuments(count: number): Promise<void> {
    await until(`${count} documents`, () => this.documents.length >= count, { explain: () => this.log });
  }

  /** Waits until the capture ends by itself with this error. */
  async untilFailed(code: string): Promise<void> {
    this.#hasStopped = true;
    const status = await this.#exit;
    this.host.close();
    assert.equal(status, 1, this.log);
    assert.ok(this.log.includes(code), this.log);
  }

  /** Ends the session as a signal does. */
  async stop(): Promise<void> {
    if (this.#hasStopped) return;
    this.#hasStopped = true;
    this.host.stop();
    const status = await this.#exit;
    this.host.close();
    assert.equal(status, 0, this.log);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #receive(): Promise<void> {
    let pending: HostedDocument[] = [];
    for (;;) {
      const response = await this.host.receive();
      if (response === undefined) return;
      if (response.kind === 'captured') {
        const doc = JSON.parse(response.doc.toString()) as HostedDocument['doc'];
        pending.push({ binding: response.binding, doc });
      }
      if (response.kind !== 'checkpoint') continue;
      this.documents.push(...pending);
      pending = [];
      this.#state = merged(this.#state, JSON.parse(response.state.updated)) as Record<string, unknown>;
      this.checkpoints += 1;
      if (this.checkpoints % this.#acknowledges === 0) {
        this.host.send({ kind: 'acknowledge', checkpoints: this.#acknowledges });
      }
    }
  }
}

/** RFC 7396. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result = typeof target === 'object' && target !== null ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, name);
    else Reflect.set(result, name, merged(Reflect.get(result, name), value));
  }
  return result;
}
