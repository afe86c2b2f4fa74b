// Runs of the engine over a database in memory, from the state that the run before left.

import type { SqlBinding } from '../src/binding.ts';
import { CaptureEngine } from '../src/engine.ts';
import type { EngineSettings } from '../src/engine-settings.ts';
import type { ResourceConfig } from '../src/resource.ts';
import { CaptureState } from '../src/state.ts';
import type { TableInfo } from '../src/table-info.ts';
import type { Downstream } from './downstream.ts';
import { FakeDatabase, FakeServer } from './fake-database.ts';

export function table(name: string, options: Partial<TableInfo> = {}): TableInfo {
  return {
    namespace: 'public',
    name,
    columns: [
      { name: 'id', nullable: false, schema: { type: 'integer' }, omitted: false, byteOrder: 'always' },
    ],
    primaryKey: ['id'],
    uniqueKey: [],
    uniqueKeys: [['id']],
    isBaseTable: true,
    ...options,
  };
}

export function binding(
  index: number,
  resource: Partial<ResourceConfig> = {},
  stateKey = `t${index}`,
): SqlBinding {
  return {
    index,
    stateKey,
    resource: { namespace: 'public', stream: `t${index}`, ...resource },
    collectionKey: ['/id'],
    wantsTransactionId: false,
  };
}

export const settings: EngineSettings = {
  isSkipped: () => false,
  emitSourcedSchemas: true,
  rediscoveryIntervalMs: 900_000,
  idleCheckpointMs: 5000,
  mostHeldBytes: 1_000_000,
  lengthensChunks: false,
  chunkCheckpointBytes: 1_000_000,
  reportIntervalMs: 60_000,
  stopWhenCaughtUp: true,
  onTruncate: 'ignore',
  onReplaced: 'stop',
};

export interface Run {
  readonly server: FakeServer;
  readonly downstream: Downstream;
  readonly bindings: readonly SqlBinding[];
  readonly random?: () => number;
  readonly chunkRows?: number;
  readonly settings?: Partial<EngineSettings>;
  readonly onOutput?: (kind: 'document' | 'checkpoint') => void;
  readonly signal?: AbortSignal;
  readonly infos?: TableInfo[];
  /** How keys of this kind are packed now; as they were when absent. */
  readonly repackKey?: (key: Buffer) => Buffer;
}

/** One process of the capture, from the downstream's state until it ends or dies. */
export async function runOnce(run: Run): Promise<FakeDatabase> {
  let now = 0;
  const infos = run.infos ?? run.bindings.map((each) => table(each.resource.stream));
  const database = new FakeDatabase(run.server, run.chunkRows ?? 3, run.random ?? (() => 0.5), infos);
  const { repackKey } = run;
  if (repackKey !== undefined) database.repackKey = (_table, _keyColumns, key) => repackKey(key);
  let engine: CaptureEngine | undefined;
  const output = run.downstream.attach(
    (kind) => run.onOutput?.(kind),
    (checkpoints) => engine?.acknowledged(checkpoints),
  );
  engine = new CaptureEngine(
    database,
    run.bindings,
    CaptureState.from(run.downstream.state),
    output,
    { ...settings, ...run.settings },
    {
      signal: run.signal ?? new AbortController().signal,
      now: () => (now += 1),
      random: run.random ?? (() => 0.5),
      status: () => {},
      log: () => {},
    },
  );
  await engine.run();
  run.downstream.settle();
  return database;
}

export function tableState(downstream: Downstream, key: string): unknown {
  return (downstream.state['bindingStateV1'] as Record<string, unknown>)[key];
}

export function filled(rows: number, tables = 1): FakeServer {
  const server = new FakeServer(tables);
  for (let t = 0; t < tables; t += 1) {
    for (let id = 1; id <= rows; id += 1) server.tables[t]?.set(id, id * 10);
  }
  return server;
}
