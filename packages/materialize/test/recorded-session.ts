// A materialization over a destination in memory that remembers what the kit asked of it, and the requests of a runtime to it.

import {
  EXPLICIT_ZERO_CHECKPOINT,
  FULL_RANGE,
  packTuple,
  type Checkpoint,
  type MaterializeOpenRequest,
  type MaterializeRequest,
} from '@weir/protocol';
import { configSchema, text } from '@weir/schema';
import { ConnectorHost } from '@weir/testing';
import type { Materialization } from '../src/materialization.ts';
import { serveMaterialize } from '../src/run-materialize.ts';
import type { Authoritative, Loads, PostCommit, Stores, Transactor } from '../src/transactor.ts';

const config = configSchema(
  { id: 'https://example.com/config', title: 'Sample' },
  { path: text({ title: 'Path', description: 'A path.', default: 'x' }) },
);

export const OPEN: MaterializeOpenRequest = {
  kind: 'open',
  version: '0000000000000001',
  range: FULL_RANGE,
  state: '{"pending":1}',
  materialization: {
    name: 'acme/mat',
    connectorType: 'LOCAL',
    config: '{"path":"y"}',
    bindings: [],
    inactiveBindings: [],
  },
};
export const ACKNOWLEDGE: MaterializeRequest = { kind: 'acknowledge' };
export const FLUSH: MaterializeRequest = { kind: 'flush' };

export function load(binding: number, key: number): MaterializeRequest {
  return { kind: 'load', binding, keyPacked: packTuple([key]) };
}

export function store(
  binding: number,
  key: number,
  flags: { exists?: boolean; delete?: boolean } = {},
): MaterializeRequest {
  return {
    kind: 'store',
    binding,
    keyPacked: packTuple([key]),
    valuesPacked: Buffer.alloc(0),
    doc: Buffer.from(`{"key":${key}}`),
    exists: flags.exists ?? false,
    delete: flags.delete ?? false,
  };
}

function checkpoint(readThrough: number): Checkpoint {
  return { sources: { 'a;b': { readThrough: BigInt(readThrough), producers: [] } }, ackIntents: {} };
}

export function startCommit(readThrough: number): MaterializeRequest {
  return { kind: 'startCommit', runtimeCheckpoint: checkpoint(readThrough) };
}

export function materialization(open: () => Transactor): Materialization<{ path: string }, { path: string }> {
  return {
    name: 'materialize-sample',
    spec: { configSchema: config, resourceSchema: config, documentationUrl: 'https://example.com' },
    validate: async () => [],
    apply: async () => ({ actionDescription: '' }),
    open: async () => open(),
  };
}

/** A destination in memory: remembers what the kit asked of it, in order. */
export class Recorder {
  readonly events: string[] = [];

  readonly load = async (loads: Loads): Promise<void> => {
    const wanted: [number, Buffer][] = [];
    for await (const { binding, keys } of loads) {
      this.events.push(`load ${binding}:${keys.length}`);
      for (const key of keys) wanted.push([binding, key]);
    }
    for (const [binding] of wanted) loads.loaded(binding, Buffer.from('{}'));
  };

  readonly store = async (stores: Stores): Promise<void> => {
    for await (const { binding, documents } of stores) {
      this.events.push(`store ${binding}:${Array.from(documents, ({ doc }) => doc.toString()).join(',')}`);
    }
  };

  authoritative(overrides: Partial<Authoritative> = {}): Authoritative {
    return {
      pattern: 'authoritative',
      hardDelete: false,
      checkpoint: EXPLICIT_ZERO_CHECKPOINT,
      load: this.load,
      store: this.store,
      commit: async ({ sources }) => {
        this.events.push(`commit ${sources['a;b']?.readThrough}`);
      },
      [Symbol.asyncDispose]: async () => {
        this.events.push('dispose');
      },
      ...overrides,
    };
  }

  postCommit(overrides: Partial<PostCommit> = {}): PostCommit {
    return {
      pattern: 'post-commit',
      hardDelete: false,
      load: this.load,
      store: this.store,
      commit: async () => {
        this.events.push('stage');
        return { pending: { a: 1 } };
      },
      acknowledge: async (patches) => {
        this.events.push(`apply ${JSON.stringify(patches)}`);
        return { pending: null };
      },
      [Symbol.asyncDispose]: async () => undefined,
      ...overrides,
    };
  }
}

export interface Run {
  readonly host: ConnectorHost<'materialize'>;
  readonly exit: Promise<0 | 1>;
}

export function start(open: () => Transactor): Run {
  const host = new ConnectorHost('materialize');
  return { host, exit: serveMaterialize(materialization(open), host) };
}

export async function kinds({ host, exit }: Run): Promise<{ code: number; kinds: string[]; error: unknown }> {
  const code = await exit;
  const responses = await host.rest();
  const error = host.logs.filter(({ level }) => level === 'error').at(-1)?.fields['code'];
  return { code, kinds: responses.map(({ kind }) => kind), error };
}
