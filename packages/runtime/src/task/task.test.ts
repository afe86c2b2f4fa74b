import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MaterializeRequest } from '@weir/protocol';
import { temporaryDirectory } from '@weir/testing';
import { Destination } from '../../test/scripted/destination.ts';
import {
  expectedPositions,
  ledgerCapture,
  ledgerCollection,
  ledgerMaterialization,
  ledgerSource,
} from '../../test/scripted/ledger.ts';
import { systemDisk } from '../host/disk.ts';
import { JournalReader } from '../journal/journal-reader.ts';
import { runCapture } from './capture-task.ts';
import { runMaterialization } from './materialize-task.ts';
import { openEnvironment, type TaskEnvironment, type TaskEvent } from './task-environment.ts';

/** Runs the ledger's capture until its connector has sent everything. */
async function capture(
  environment: TaskEnvironment,
  options: Parameters<typeof ledgerSource>[0],
  collection = ledgerCollection(),
): Promise<TaskEvent[]> {
  const stop = new AbortController();
  const events: TaskEvent[] = [];
  await runCapture({
    environment,
    capture: ledgerCapture(collection),
    version: 'v1',
    connect: async () => ledgerSource(options),
    signal: stop.signal,
    onEvent(event) {
      events.push(event);
      if (event.kind === 'caughtUp') stop.abort();
    },
  });
  return events;
}

async function materialize(
  environment: TaskEnvironment,
  destination: Destination,
  {
    requests,
    spec = ledgerMaterialization(),
  }: { requests?: MaterializeRequest[]; spec?: ReturnType<typeof ledgerMaterialization> } = {},
): Promise<TaskEvent[]> {
  const stop = new AbortController();
  const events: TaskEvent[] = [];
  await runMaterialization({
    environment,
    materialization: spec,
    version: 'v1',
    connect: async () => destination.connect((request) => requests?.push(request)),
    signal: stop.signal,
    onEvent(event) {
      events.push(event);
      if (event.kind === 'caughtUp') stop.abort();
    },
  });
  return events;
}

function journalDocuments(
  environment: TaskEnvironment,
  collection = 'test/ledger',
): Record<string, unknown>[] {
  return environment.store.journals(collection).flatMap(({ folder, head }) => {
    using reader = new JournalReader(systemDisk, environment.folder.journalsPath, folder, 0);
    const documents: Record<string, unknown>[] = [];
    for (let batch = reader.next(head, 1 << 20); batch !== undefined; batch = reader.next(head, 1 << 20)) {
      const lines = batch.bytes.toString().split('\n').slice(0, -1);
      documents.push(...lines.map((line) => JSON.parse(line) as Record<string, unknown>));
    }
    return documents;
  });
}

function positionsByKey(documents: readonly string[]): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  for (const document of documents) {
    const { id, positions } = JSON.parse(document) as { id: number; positions: number[] };
    rows.set(id, [...(rows.get(id) ?? []), ...positions]);
  }
  return rows;
}

test('[G1] what a capture sends is in the journal once, stamped in order, with the state of its last checkpoint', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  let acknowledged = 0;
  const events = await capture(environment, {
    documents: 1000,
    keys: 37,
    batch: 9,
    onAcknowledge: (checkpoints) => (acknowledged += checkpoints),
  });
  const documents = journalDocuments(environment);
  const uuids = documents.map((document) => (document['_meta'] as { uuid: string }).uuid);
  assert.deepEqual(
    uuids.toSorted((a, b) =>
      a.split('-')[2]! + a.split('-')[1]! + a < b.split('-')[2]! + b.split('-')[1]! + b ? -1 : 1,
    ),
    uuids,
  );
  assert.equal(new Set(uuids).size, documents.length);
  assert.deepEqual(
    positionsByKey(documents.map((document) => JSON.stringify(document))),
    expectedPositions(1000, 37),
  );
  assert.equal(acknowledged, Math.ceil(1000 / 9));
  assert.equal(environment.store.task('test/source')?.state, '{"cursor":1000}');
  assert.ok(events.some(({ kind }) => kind === 'commit'));
});

for (const pattern of ['authoritative', 'postCommit'] as const) {
  test(`[G2] a ${pattern} destination holds the fold of the journal, also after growing and reopening`, async () => {
    using folder = temporaryDirectory();
    using environment = openEnvironment(folder.path);
    using destination = new Destination(join(folder.path, 'sink.db'), pattern);
    for (const documents of [500, 500, 900]) {
      await capture(environment, { documents, keys: 61, batch: 7 });
      await materialize(environment, destination);
      assert.deepEqual(
        positionsByKey(destination.rows()),
        new Map([...expectedPositions(documents, 61)].sort(([a], [b]) => a - b)),
      );
    }
  });
}

test('a materialization that runs beside its capture follows it document by document', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  using destination = new Destination(join(folder.path, 'sink.db'), 'authoritative');
  const stop = new AbortController();
  const sink = runMaterialization({
    environment,
    materialization: ledgerMaterialization(),
    version: 'v1',
    connect: async () => destination.connect(),
    signal: stop.signal,
    onEvent(event) {
      if (event.kind === 'caughtUp' && destination.rows().length === 11) stop.abort();
    },
  });
  await capture(environment, { documents: 11, keys: 11, batch: 1 });
  assert.equal(await sink, 'stopped');
  assert.equal(destination.rows().length, 11);
});

test('delta updates append every document once, and never load', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  using destination = new Destination(join(folder.path, 'sink.db'), 'authoritative', true);
  const requests: MaterializeRequest[] = [];
  const spec = ledgerMaterialization(ledgerCollection(), { deltaUpdates: true });
  await capture(environment, { documents: 300, keys: 10, batch: 9 });
  await materialize(environment, destination, { requests, spec });
  await capture(environment, { documents: 400, keys: 10, batch: 9 });
  await materialize(environment, destination, { requests, spec });
  assert.deepEqual(
    positionsByKey(destination.log()),
    new Map([...expectedPositions(400, 10)].sort(([a], [b]) => a - b)),
  );
  assert.ok(!requests.some(({ kind }) => kind === 'load'));
});

test('stores come sorted by packed key, and keys past the greatest stored one are never loaded', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  using destination = new Destination(join(folder.path, 'sink.db'), 'authoritative');
  const requests: MaterializeRequest[] = [];
  const ascending = (position: number): string => JSON.stringify({ id: position, positions: [position] });
  await capture(environment, { documents: 600, keys: 600, batch: 50, text: ascending });
  await materialize(environment, destination, { requests });
  await capture(environment, { documents: 900, keys: 900, batch: 50, text: ascending });
  await materialize(environment, destination, { requests });
  assert.equal(requests.filter(({ kind }) => kind === 'load').length, 0);
  const again = (position: number): string => JSON.stringify({ id: position - 900, positions: [position] });
  await capture(environment, { documents: 1000, keys: 1000, batch: 50, text: again });
  await materialize(environment, destination, { requests });
  assert.equal(requests.filter(({ kind }) => kind === 'load').length, 100);
  const kinds = requests.map(({ kind }) => kind);
  assert.match(kinds.join(' '), /^acknowledge flush (store )+startCommit acknowledge/);
  let last: Buffer | undefined;
  for (const request of requests) {
    if (request.kind === 'startCommit') last = undefined;
    if (request.kind !== 'store') continue;
    assert.ok(last === undefined || Buffer.compare(last, request.keyPacked) < 0);
    last = request.keyPacked;
  }
});

test('a new state key reads its collection from the beginning', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  using first = new Destination(join(folder.path, 'first.db'), 'postCommit');
  await capture(environment, { documents: 50, keys: 5, batch: 9 });
  await materialize(environment, first);
  using second = new Destination(join(folder.path, 'second.db'), 'postCommit');
  await materialize(environment, second, {
    spec: ledgerMaterialization(ledgerCollection(), { stateKey: 'ledger.v1' }),
  });
  assert.deepEqual(positionsByKey(second.rows()), positionsByKey(first.rows()));
});

test('[G6] an invalid document stops the capture with collection, pointer, value and reason; checkpoints before it stay', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  const text = (position: number): string =>
    JSON.stringify({ id: position === 25 ? 'twenty-five' : position, positions: [position] });
  await assert.rejects(capture(environment, { documents: 100, keys: 100, batch: 10, text }), {
    code: 'DOCUMENT_INVALID',
    message: `A document of collection test/ledger does not satisfy its write schema: at '/id': must be of type integer, found "twenty-five".`,
  });
  assert.equal(environment.store.task('test/source')?.state, '{"cursor":20}');
  assert.equal(journalDocuments(environment).length, 20);
});

test('[G1] a connector that ends behind its last checkpoint is an error, and what came after it is not kept', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  const { ScriptedConnection } = await import('../../test/scripted/connection.ts');
  const failing = runCapture({
    environment,
    capture: ledgerCapture(),
    version: 'v1',
    signal: new AbortController().signal,
    connect: async () =>
      new ScriptedConnection(async (script) => {
        await script.next();
        script.respond({ kind: 'applied', actionDescription: '' });
        await script.next();
        script.respond({ kind: 'opened', explicitAcknowledgements: false });
        script.respond({ kind: 'captured', binding: 0, doc: Buffer.from('{"id":1,"positions":[0]}') });
      }),
  });
  await assert.rejects(failing, {
    code: 'CONNECTOR_PROTOCOL',
    message: /documents that no checkpoint follows/,
  });
  assert.equal(journalDocuments(environment).length, 0);
});

test('[G8] a destination that has read past the journal is refused, never skipped', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  using destination = new Destination(join(folder.path, 'sink.db'), 'authoritative');
  await capture(environment, { documents: 50, keys: 5, batch: 9 });
  await materialize(environment, destination);
  const [journal] = environment.store.journals('test/ledger');
  environment.store.commitCapture({
    task: 'test/source',
    state: '{}',
    heads: [{ name: journal!.name, head: 10, documents: 1, clock: 0n }],
    inferred: [],
    counts: [],
    nowMs: 0,
  });
  await assert.rejects(materialize(environment, destination), { code: 'CHECKPOINT_AHEAD' });
});
