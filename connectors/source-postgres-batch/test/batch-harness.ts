// A runtime in miniature: it discovers the tables of a server through the real connector process, lets it poll, and keeps
// what its checkpoints commit. It can kill the process and go on from the last commit, as a runtime does.

import { createLogger } from '@weir/connector';
import { FULL_RANGE, type CaptureSpec } from '@weir/protocol';
import { decodeConfig } from '@weir/schema';
import { ConnectorDriver, type PostgresServer } from '@weir/testing';
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
  return {
    name: 'acme/pg',
    connectorType: 'IMAGE',
    config: JSON.stringify(config),
    intervalSeconds: 0,
    inactiveBindings: [],
    bindings: bindings.map(({ resource, key, documentSchema }) => {
      const name = String(resource['name']);
      return {
        resourceConfig: JSON.stringify(resource),
        resourcePath: [name],
        backfill: 0,
        stateKey: encodeURIComponent(name),
        collection: {
          name: `acme/${name}`,
          key,
          uuidPtr: '/_meta/uuid',
          partitionFields: [],
          projections: [],
          writeSchema: documentSchema,
        },
      };
    }),
  };
}

export class BatchHarness {
  readonly config: Record<string, unknown>;
  bindings: readonly HarnessBinding[];
  state: Record<string, unknown> = {};
  /** Committed, as they came. */
  readonly texts: string[] = [];
  readonly schemas: object[] = [];
  readonly patches: Record<string, unknown>[] = [];
  checkpoints = 0;
  peakBytes = 0;
  logs: ConnectorDriver<'capture'>['logs'] = [];
  #driver: ConnectorDriver<'capture'> | undefined;

  constructor(config: Record<string, unknown>, bindings: readonly HarnessBinding[]) {
    this.config = config;
    this.bindings = bindings;
  }

  get documents(): Document[] {
    return this.texts.map((text) => JSON.parse(text) as Document);
  }

  bindingState(name: string): Record<string, unknown> {
    const states = (this.state['bindingStateV1'] ?? {}) as Record<string, Record<string, unknown>>;
    return states[encodeURIComponent(name)] ?? {};
  }

  kill(): void {
    this.#driver?.kill('SIGKILL');
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
      state: JSON.stringify(this.state),
    });
    let open: string[] = [];
    let count = 0;
    for (;;) {
      const response = await driver.receive().catch(() => undefined);
      if (response === undefined) break;
      if (response.kind === 'captured') {
        count += 1;
        if (keep) open.push(response.doc.toString());
      } else if (response.kind === 'sourcedSchema') this.schemas.push(JSON.parse(response.schema) as object);
      else if (response.kind === 'checkpoint') {
        const patch = JSON.parse(response.state.updated) as Record<string, unknown>;
        this.patches.push(patch);
        this.state = merged(this.state, patch) as Record<string, unknown>;
        this.texts.push(...open);
        open = [];
        this.checkpoints += 1;
        onCheckpoint(count);
      }
    }
    const { code, signal } = await driver.exited;
    this.logs = driver.logs;
    if (code === 0) return undefined;
    const last = driver.logs.findLast((log) => log.level === 'error');
    return last === undefined
      ? `ended by ${signal ?? code}`
      : `${String(last.fields['code'])}: ${last.message}`;
  }
}

/** RFC 7396. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {};
  const result: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name], value);
  }
  return result;
}
