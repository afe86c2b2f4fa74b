import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MaterializeRequest } from '@weir/protocol';
import { composeReadSchema, inferredReadSchema } from '@weir/schema';
import { temporaryDirectory } from '@weir/testing';
import { Destination } from '../../test/scripted/destination.ts';
import {
  expectedPositions,
  ledgerCapture,
  ledgerCollection,
  ledgerMaterialization,
  ledgerSource,
} from '../../test/scripted/ledger.ts';
import { inferredSchemaOf } from '../store/inferred-schema.ts';
import { runCapture } from './capture-task.ts';
import type { MaterializeSessionEnd } from './materialize-session.ts';
import { runMaterialization } from './materialize-task.ts';
import { openEnvironment, type TaskEnvironment } from './task-environment.ts';

/** Each document has a key of its own, and their order is not that of the documents. */
const keys = 100;

/** Documents from `late` on have a property more. */
async function capture(environment: TaskEnvironment, documents: number, late: number): Promise<void> {
  const stop = new AbortController();
  const text = (position: number): string =>
    JSON.stringify({
      id: (position * 7) % keys,
      positions: [position],
      ...(position >= late ? { late: true } : {}),
    });
  await runCapture({
    environment,
    capture: ledgerCapture(),
    version: 'v1',
    connect: async () => ledgerSource({ documents, keys, batch: 9, text }),
    signal: stop.signal,
    onEvent({ kind }) {
      if (kind === 'caughtUp') stop.abort();
    },
  });
}

/** Runs the sink with a specification that is built now, until it has everything or its schema is outdated. */
async function materialize(
  environment: TaskEnvironment,
  destination: Destination,
  requests: MaterializeRequest[],
  beforeRun: () => Promise<void> = async () => {},
): Promise<{ end: MaterializeSessionEnd; outdated: number }> {
  const collection = ledgerCollection();
  const { writeSchema } = collection;
  const inferredSchema = inferredSchemaOf(environment.store, collection.name);
  assert.ok(inferredSchema !== undefined);
  const readSchema = composeReadSchema({
    readSchema: JSON.stringify(inferredReadSchema),
    writeSchema,
    inferredSchema,
  });
  const inferredVersions = [environment.store.inferredVersion(collection.name)];
  await beforeRun();
  const stop = new AbortController();
  let outdated = 0;
  const end = await runMaterialization({
    environment,
    materialization: ledgerMaterialization({ ...collection, readSchema }),
    version: 'v1',
    connect: async () => destination.connect((request) => requests.push(request)),
    signal: stop.signal,
    inferredVersions,
    onOutdated: () => (outdated += 1),
    onEvent({ kind }) {
      if (kind === 'caughtUp') stop.abort();
    },
  });
  return { end, outdated };
}

function positionsByKey(rows: readonly string[]): Map<number, number[]> {
  return new Map(
    rows.map((row) => {
      const { id, positions } = JSON.parse(row) as { id: number; positions: number[] };
      return [id, positions];
    }),
  );
}

for (const pattern of ['authoritative', 'postCommit'] as const) {
  test(`[G2] a document that needs a newer schema ends the session of a ${pattern} destination in front of it: what came before is committed, nothing is lost, and the connector sees whole transactions`, async () => {
    using folder = temporaryDirectory();
    using environment = openEnvironment(folder.path);
    using destination = new Destination(join(folder.path, 'sink.db'), pattern);
    const requests: MaterializeRequest[] = [];
    await capture(environment, 50, Infinity);
    await materialize(environment, destination, []);
    const first = await materialize(environment, destination, requests, async () => {
      await capture(environment, 100, 73);
    });
    assert.deepEqual(first, { end: 'schemaChanged', outdated: 1 });
    assert.match(
      requests.map(({ kind }) => kind).join(' '),
      /^acknowledge (load )+flush (store )+startCommit$/,
    );
    // A capture's transaction is ordered by key, so it holds some documents in front of the first late one.
    if (pattern === 'authoritative') assert.ok(destination.rows().length > 50);
    const second = await materialize(environment, destination, requests);
    assert.deepEqual(second, { end: 'stopped', outdated: 0 });
    const sorted = [...expectedPositions(100, keys)].sort(([a], [b]) => a - b);
    assert.deepEqual([...positionsByKey(destination.rows())], sorted);
  });
}

test('a document that no schema can read yet ends the session without a transaction', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  using destination = new Destination(join(folder.path, 'sink.db'), 'authoritative');
  const requests: MaterializeRequest[] = [];
  await capture(environment, 10, Infinity);
  await materialize(environment, destination, requests);
  const seen = requests.length;
  const { end } = await materialize(environment, destination, requests, async () => {
    await capture(environment, 20, 10);
  });
  assert.equal(end, 'schemaChanged');
  assert.deepEqual(
    requests.slice(seen).map(({ kind }) => kind),
    ['acknowledge'],
  );
});
