// A runtime in miniature: it discovers the tables of a server through the real connector process, opens a capture of
// them, commits what the process checkpoints, acknowledges it, and reduces documents by key into tables of its own.
// It can kill the process and go on from the last commit, as a runtime does.

import {
  type CodecName,
  FULL_RANGE,
  type CaptureSpec,
  type DiscoveredBinding,
  type Projection,
} from '@weir/protocol';
import { applyMergePatch, type JsonValue } from '@weir/schema';
import {
  captureCommits,
  captureSpecOf,
  ConnectorDriver,
  loggedError,
  type PostgresServer,
} from '@weir/testing';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Document = { [name: string]: Json } & {
  _meta: {
    op: 'c' | 'u' | 'd';
    source: {
      schema: string;
      table: string;
      loc: number[];
      snapshot?: true;
      ts_ms?: number;
      txid?: number;
      tag?: string;
    };
    before?: { [name: string]: Json };
  };
};

export interface CommittedDocument {
  readonly table: string;
  readonly text: string;
  readonly document: Document;
}

export interface HarnessBinding {
  readonly resource: Record<string, unknown>;
  readonly key: readonly string[];
  readonly documentSchema: string;
  /** Counts backfills: another number is another state key. */
  readonly backfill?: number;
  /** Of the catalog; one of its own when absent. */
  readonly collection?: string;
  /** Collections project the transaction id. */
  readonly withTransactionId?: boolean;
}

export function endpointConfig(
  server: PostgresServer,
  overrides: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    address: `${server.host}:${server.port}`,
    user: 'postgres',
    database: 'postgres',
    historyMode: false,
    credentials: { auth_type: 'UserPassword', password: 'postgres' },
    ...overrides,
  };
}

export async function discover(
  config: Record<string, unknown>,
  env: Record<string, string> = {},
): Promise<readonly DiscoveredBinding[]> {
  await using driver = connector(env);
  driver.send({ kind: 'discover', connectorType: 'IMAGE', config: JSON.stringify(config), name: 'acme/pg' });
  return (await driver.expect('discovered')).bindings;
}

/** Every discovered table as a binding, by table name. */
export async function discoverBindings(
  config: Record<string, unknown>,
  changes: Record<string, Record<string, unknown>> = {},
  env: Record<string, string> = {},
): Promise<HarnessBinding[]> {
  return (await discover(config, env)).map((binding) => {
    const resource = JSON.parse(binding.resourceConfig) as Record<string, unknown>;
    return {
      resource: { ...resource, ...changes[String(resource['stream'])] },
      key: binding.key,
      documentSchema: binding.documentSchema,
    };
  });
}

export function connector(
  env: Record<string, string> = {},
  codec: CodecName = 'proto',
): ConnectorDriver<'capture'> {
  return new ConnectorDriver({
    direction: 'capture',
    command: [process.execPath, main],
    codec,
    env,
  });
}

const transactionId: Projection = {
  ptr: '/_meta/source/txid',
  field: 'txid',
  explicit: true,
  isPartitionKey: false,
  isPrimaryKey: false,
  inference: { types: ['integer'], title: '', description: '', secret: false, exists: 'MAY', enum: [] },
};

export function captureSpec(
  config: Record<string, unknown>,
  bindings: readonly HarnessBinding[],
): CaptureSpec {
  return captureSpecOf(
    config,
    bindings.map(({ resource, withTransactionId, ...binding }) => ({
      ...binding,
      resource,
      path: [String(resource['namespace']), String(resource['stream'])],
      projections: withTransactionId === true ? [transactionId] : [],
    })),
  );
}

/** The error with which the connector refuses to validate, or '' when it accepts. */
export async function validate(
  config: Record<string, unknown>,
  bindings: readonly HarnessBinding[] = [],
  env: Record<string, string> = {},
): Promise<string> {
  await using driver = connector(env);
  driver.send({
    kind: 'validate',
    name: 'acme/pg',
    connectorType: 'IMAGE',
    config: JSON.stringify(config),
    bindings: captureSpec(config, bindings).bindings,
    lastVersion: '',
  });
  const response = await driver.receive();
  if (response?.kind === 'validated') return '';
  await driver.exited;
  const last = driver.logs.findLast((log) => log.level === 'error');
  return last === undefined ? 'no error was logged' : last.message;
}

export class CaptureHarness implements AsyncDisposable {
  readonly config: Record<string, unknown>;
  bindings: readonly HarnessBinding[];
  state: Record<string, unknown> = {};
  readonly committed: CommittedDocument[] = [];
  readonly schemas: { table: string; schema: Record<string, Json> }[] = [];
  checkpoints = 0;
  /** When the last checkpoint arrived, performance.now(). */
  lastCheckpointMs = 0;
  /** Off: nothing is acknowledged. */
  acknowledges = true;
  readonly #tables = new Map<string, Map<string, Document>>();
  #driver: ConnectorDriver<'capture'> | undefined;
  #reading: Promise<void> | undefined;
  #ended = false;
  #failure: string | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(config: Record<string, unknown>, bindings: readonly HarnessBinding[]) {
    this.config = config;
    this.bindings = bindings;
  }

  start(env: Record<string, string> = {}): void {
    const driver = connector(env);
    this.#driver = driver;
    this.#ended = false;
    this.#failure = undefined;
    driver.send({
      kind: 'open',
      capture: captureSpec(this.config, this.bindings),
      version: '1',
      range: FULL_RANGE,
      state: JSON.stringify(this.state),
    });
    this.#reading = this.#read(driver);
  }

  async #read(driver: ConnectorDriver<'capture'>): Promise<void> {
    const commits = captureCommits(driver, {
      onSchema: (binding, schema) =>
        this.schemas.push({
          table: this.#tableName(binding),
          schema: JSON.parse(schema) as Record<string, Json>,
        }),
    });
    for await (const { documents, patch } of commits) {
      const state = applyMergePatch(this.state as JsonValue, JSON.parse(patch) as JsonValue);
      this.state = state as Record<string, unknown>;
      for (const { binding, text } of documents) this.#commit(binding, text);
      this.checkpoints += 1;
      this.lastCheckpointMs = performance.now();
      if (this.acknowledges) driver.send({ kind: 'acknowledge', checkpoints: 1 });
      this.#notify();
    }
    await driver.exited;
    this.#failure = loggedError(driver);
    this.#ended = true;
    this.#notify();
  }

  #commit(binding: number, text: string): void {
    const table = this.#tableName(binding);
    const document = JSON.parse(text) as Document;
    this.committed.push({ table, text, document });
    const rows = this.#tables.get(table) ?? new Map<string, Document>();
    this.#tables.set(table, rows);
    const key = JSON.stringify(this.bindings[binding]?.key.map((pointer) => valueAt(document, pointer)));
    if (document._meta.op === 'd') rows.delete(key);
    else rows.set(key, { ...rows.get(key), ...document });
  }

  #tableName(binding: number): string {
    return String(this.bindings[binding]?.resource['stream']);
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }

  get logs() {
    return this.#driver?.logs ?? [];
  }

  /** The reduced collection of a table without `_meta`, in key order. */
  rows(table: string): { [name: string]: Json }[] {
    const rows = [...(this.#tables.get(table) ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return rows.map(([, row]) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => name !== '_meta')),
    );
  }

  documents(table: string): CommittedDocument[] {
    return this.committed.filter((document) => document.table === table);
  }

  /** Waits for something committed to make it true; fails when the process ends or after `timeoutMs`. */
  async until(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 120_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!(await condition())) {
      if (this.#ended)
        throw new Error(`the capture ended while waiting for ${what}: ${this.#failure ?? 'no error'}`);
      const left = deadline - performance.now();
      if (left <= 0) {
        const logs = this.logs.slice(-15).map((log) => `${log.level} ${log.message}`);
        throw new Error(`timed out waiting for ${what}\n${logs.join('\n')}`);
      }
      let timer: NodeJS.Timeout | undefined;
      const tick = new Promise<void>((resolve) => (timer = setTimeout(resolve, Math.min(left, 200))));
      await Promise.race([this.#wake.promise, tick]);
      clearTimeout(timer);
    }
  }

  untilActive(): Promise<void> {
    return this.until('every table to be Active', () => this.#modes().every((mode) => mode === 'Active'));
  }

  #modes(): unknown[] {
    const tables = (this.state['bindingStateV1'] ?? {}) as Record<string, { mode?: unknown }>;
    return captureSpec(this.config, this.bindings).bindings.map(({ stateKey }) => tables[stateKey]?.mode);
  }

  /** The error with which the process ends, as `CODE: message`. */
  async failure(): Promise<string> {
    await this.#reading;
    return this.#failure ?? '';
  }

  /** Resolves to the exit code; null when the signal ended the process. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    this.#driver?.kill(signal);
    await this.#reading;
    return (await this.#driver?.exited)?.code ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

function valueAt(document: Json, pointer: string): Json {
  let value: Json = document;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    value = (value as { [name: string]: Json })[name] ?? null;
  }
  return value;
}
