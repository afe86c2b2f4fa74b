// A runtime in miniature: it discovers the tables of a server through the real connector process, opens a capture of
// them, commits what the process checkpoints, acknowledges it, and reduces documents by key into tables of its own.
// It can kill the process and go on from the last commit, as a runtime does.

import { type CodecName, FULL_RANGE, type CaptureSpec, type DiscoveredBinding } from '@weir/protocol';
import { ConnectorDriver, type PostgresServer } from '@weir/testing';
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

export function captureSpec(
  config: Record<string, unknown>,
  bindings: readonly HarnessBinding[],
): CaptureSpec {
  return {
    name: 'acme/pg',
    connectorType: 'IMAGE',
    config: JSON.stringify(config),
    intervalSeconds: 0,
    inactiveBindings: [],
    bindings: bindings.map((binding) => {
      const { namespace, stream } = binding.resource;
      const path = [String(namespace), String(stream)];
      const version = binding.backfill === undefined || binding.backfill === 0 ? '' : `.v${binding.backfill}`;
      return {
        resourceConfig: JSON.stringify(binding.resource),
        resourcePath: path,
        backfill: binding.backfill ?? 0,
        stateKey: `${path.map(encodeURIComponent).join('%2F')}${version}`,
        collection: {
          name: binding.collection ?? `acme/${path.join('/')}`,
          key: binding.key,
          uuidPtr: '/_meta/uuid',
          partitionFields: [],
          projections:
            binding.withTransactionId === true
              ? [
                  {
                    ptr: '/_meta/source/txid',
                    field: 'txid',
                    explicit: true,
                    isPartitionKey: false,
                    isPrimaryKey: false,
                    inference: {
                      types: ['integer'],
                      title: '',
                      description: '',
                      secret: false,
                      exists: 'MAY',
                      enum: [],
                    },
                  },
                ]
              : [],
          writeSchema: binding.documentSchema,
        },
      };
    }),
  };
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
    let open: { binding: number; text: string }[] = [];
    for (;;) {
      const response = await driver.receive().catch(() => undefined);
      if (response === undefined) break;
      if (response.kind === 'captured')
        open.push({ binding: response.binding, text: response.doc.toString() });
      else if (response.kind === 'sourcedSchema') {
        this.schemas.push({ table: this.#tableName(response.binding), schema: JSON.parse(response.schema) });
      } else if (response.kind === 'checkpoint') {
        this.state = mergePatch(this.state, JSON.parse(response.state.updated)) as Record<string, unknown>;
        for (const { binding, text } of open) this.#commit(binding, text);
        open = [];
        this.checkpoints += 1;
        this.lastCheckpointMs = performance.now();
        if (this.acknowledges) driver.send({ kind: 'acknowledge', checkpoints: 1 });
        this.#notify();
      }
    }
    await driver.exited;
    const last = driver.logs.findLast((log) => log.level === 'error');
    this.#failure = last === undefined ? undefined : `${String(last.fields['code'])}: ${last.message}`;
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

/** RFC 7396. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {};
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}
