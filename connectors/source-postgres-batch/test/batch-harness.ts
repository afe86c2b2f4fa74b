// A runtime in miniature: it discovers the tables of a server through the real connector process, lets it poll, and keeps
// what its checkpoints commit. It can kill the process and go on from the last commit, as a runtime does.

import { createLogger } from '@weir/connector';
import { FULL_RANGE, type CaptureSpec } from '@weir/protocol';
import { applyMergePatch, decodeConfig, type JsonValue, parseJson, stringifyJson } from '@weir/schema';
import {
  captureCommits,
  captureSpecOf,
  ConnectorDriver,
  loggedError,
  type PostgresServer,
} from '@weir/testing';
import { fileURLToPath } from 'node:url';
import { sourcePostgresBatch } from '../src/capture.ts';
import { endpointSchema } from '../src/config.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

export interface Document {
  readonly _meta: {
    readonly polled: string;
    readonly index: number;
    readonly row_id: number;
    readonly op?: string;
    readonly source: Readonly<Record<string, string>>;
  };
  readonly [column: string]: unknown;
}

export interface HarnessBinding {
  readonly resource: Record<string, unknown>;
  readonly key: readonly string[];
  readonly documentSchema: string;
}

export function endpointConfig(server: PostgresServer, advanced: object = {}): Record<string, unknown> {
  return {
    address: server.address,
    user: 'postgres',
    password: 'postgres',
    database: 'postgres',
    advanced: { poll: '0s', ...advanced },
  };
}

export function connector(env: Record<string, string> = {}): ConnectorDriver<'capture'> {
  return new ConnectorDriver({
    direction: 'capture',
    command: [process.execPath, main],
    codec: 'proto',
    env,
  });
}

/** In this process, which is quicker. */
export function discover(config: Record<string, unknown>) {
  const decoded = decodeConfig(endpointSchema, JSON.stringify(config), { what: 'the config' });
  const log = createLogger({
    level: 'error',
    format: 'json',
    writeLine: () => undefined,
    now: () => new Date(),
  });
  const { signal } = new AbortController();
  return sourcePostgresBatch.discover(decoded, { log, signal, taskName: 'acme/pg', preview: undefined });
}

/** A discovered table as a binding, with its resource changed. */
export async function bind(
  config: Record<string, unknown>,
  name: string,
  changes: Record<string, unknown> = {},
): Promise<HarnessBinding> {
  const found = (await discover(config)).find(({ resource }) => resource.name === name);
  if (found === undefined) throw new Error(`${name} was not discovered`);
  const documentSchema = JSON.stringify(found.documentSchema);
  return { resource: { ...found.resource, ...changes }, key: found.key, documentSchema };
}

export function query(
  name: string,
  template: string,
  changes: object = {},
  key = ['/_meta/row_id'],
): HarnessBinding {
  return { resource: { name, template, ...changes }, key, documentSchema: '{}' };
}

function captureSpec(config: Record<string, unknown>, bindings: readonly HarnessBinding[]): CaptureSpec {
  return captureSpecOf(
    config,
    bindings.map((binding) => ({ ...binding, path: [String(binding.resource['name'])] })),
  );
}

export class BatchHarness {
  readonly config: Record<string, unknown>;
  bindings: readonly HarnessBinding[];
  /** Committed, as they came. */
  readonly texts: string[] = [];
  readonly schemas: object[] = [];
  readonly patches: Record<string, unknown>[] = [];
  checkpoints = 0;
  logs: ConnectorDriver<'capture'>['logs'] = [];
  #driver: ConnectorDriver<'capture'> | undefined;
  /** Number for number. */
  #state: JsonValue = {};

  constructor(config: Record<string, unknown>, bindings: readonly HarnessBinding[]) {
    this.config = config;
    this.bindings = bindings;
  }

  get documents(): Document[] {
    return this.texts.map((text) => JSON.parse(text) as Document);
  }

  get stateText(): string {
    return stringifyJson(this.#state);
  }

  bindingState(name: string): Record<string, unknown> {
    const state = JSON.parse(this.stateText) as Record<string, Record<string, Record<string, unknown>>>;
    return state['bindingStateV1']?.[encodeURIComponent(name)] ?? {};
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#driver?.kill(signal);
  }

  /** Each binding is polled once. Returns what was committed; throws `CODE: message` when it fails. */
  async poll(env: Record<string, string> = {}): Promise<Document[]> {
    const before = this.texts.length;
    const failure = await this.run({ SHUTDOWN_AFTER_POLLING: 'yes', ...env });
    if (failure !== undefined) throw new Error(failure);
    return this.texts.slice(before).map((text) => JSON.parse(text) as Document);
  }

  /** Until the process ends; its error, or undefined. `onCheckpoint` sees each commit. */
  async run(
    env: Record<string, string> = {},
    onCheckpoint: (documents: number) => void = () => undefined,
    keep = true,
  ): Promise<string | undefined> {
    await using driver = connector(env);
    this.#driver = driver;
    driver.send({
      kind: 'open',
      capture: captureSpec(this.config, this.bindings),
      version: '1',
      range: FULL_RANGE,
      state: this.stateText,
    });
    const commits = captureCommits(driver, {
      keepsDocuments: keep,
      onSchema: (_, schema) => this.schemas.push(JSON.parse(schema) as object),
    });
    for await (const { documents, count, patch } of commits) {
      this.patches.push(JSON.parse(patch) as Record<string, unknown>);
      this.#state = applyMergePatch(this.#state, parseJson(patch));
      this.texts.push(...documents.map(({ text }) => text));
      this.checkpoints += 1;
      onCheckpoint(count);
    }
    const { code, signal } = await driver.exited;
    this.logs = driver.logs;
    return code === 0 ? undefined : (loggedError(driver) ?? `ended by ${signal ?? code}`);
  }
}
