// A connector process of its own for a test that kills it: opens a session and takes transactions until it is killed,
// or has taken so many. Its argument is JSON: the configuration, the materialization, how far to go.

import type { Logger } from '@weir/connector';
import { FULL_RANGE, type MaterializationSpec } from '@weir/protocol';
import { decodeConfig } from '@weir/schema';
import { endpointConfig, resourceConfig, upgradeConfig } from '../src/config.ts';
import { materializePostgres } from '../src/materialize-postgres.ts';
import { open } from '../src/open.ts';
import { offsetOf, takeTransaction } from '@weir/testing';

interface Task {
  readonly config: unknown;
  readonly spec: MaterializationSpec;
  readonly until: number;
}

const { config: given, spec, until } = JSON.parse(process.argv[2] ?? '{}') as Task;
const config = decodeConfig(endpointConfig, JSON.stringify(given), {
  what: 'a test',
  upgrade: upgradeConfig,
});
const silent = (): void => undefined;
const log = { trace: silent, debug: silent, info: silent, warn: silent, error: silent, status: silent };
const context = {
  log: log as unknown as Logger,
  signal: new AbortController().signal,
  taskName: spec.name,
};
const bindings = spec.bindings.map((binding, index) => ({
  ...binding,
  index,
  resource: decodeConfig(resourceConfig, binding.resourceConfig, { what: 'a table' }),
}));

const target = { spec, bindings, version: '1', last: undefined, lastVersion: '', state: undefined };
await materializePostgres.apply(config, target, context);
await using session = await open({
  ...context,
  config,
  bindings,
  version: '1',
  range: FULL_RANGE,
  state: {},
  spec,
});
for (let offset = offsetOf(session.checkpoint); offset < until; offset += 1) {
  await takeTransaction(session, offset);
}
