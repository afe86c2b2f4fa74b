// Kills the connector at each of its crash points, and the server at any moment, and starts again from the checkpoint that
// the database gives. Transaction n adds one to a counter that it loads, inserts row n, replaces row n−1 and removes row
// n−2: whatever is lost or done twice shows, at the next start and in the end.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { FULL_RANGE, type MaterializeRequest, packTuple } from '@weir/protocol';
import { checkpointAt, ConnectorDriver, mysqlFlavours, type SampleStore, sampleStore } from '@weir/testing';
import { CRASH_POINTS } from './crash-points.ts';
import { onBothServers, Sink, type TableSample } from '../test/sink.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
/** Each takes seconds, most of them those of the server. */
const RUNS = process.env['WEIR_CRASH_RUNS'] === undefined ? 2 : 8;
const SEED = Number(process.env['WEIR_CRASH_SEED'] ?? Date.now() % 1_000_000);
const JOURNAL = Object.keys(checkpointAt(0).sources)[0] ?? '';

const table: TableSample = {
  table: 'ledger',
  fields: { id: { types: ['integer'] }, n: { types: ['integer'] }, what: { types: ['string'] } },
};

interface Run {
  readonly sink: Sink;
  readonly transactions: number;
  readonly crashPoint?: string;
}

function rowsAfter(position: number): object[] {
  if (position === 0) return [];
  return [
    { id: 0, n: position, what: 'counter' },
    ...(position > 1 ? [{ id: position - 1, n: position, what: 'replaced' }] : []),
    { id: position, n: position, what: 'new' },
  ];
}

function storesOf(position: number): SampleStore[] {
  const row = (id: number, what: string, exists: boolean, isDelete = false): SampleStore => ({
    key: [id],
    values: [position, what],
    doc: JSON.stringify({ id, n: position }),
    exists,
    delete: isDelete,
  });
  return [
    row(0, 'counter', position > 1),
    ...(position > 2 ? [row(position - 2, 'gone', true, true)] : []),
    ...(position > 1 ? [row(position - 1, 'replaced', true)] : []),
    row(position, 'new', false),
  ];
}

/** Applies, opens, and runs transactions until all are done or the process ends; returns how. */
async function session({ sink, transactions, crashPoint }: Run): Promise<'done' | 'killed' | 'failed'> {
  await using connector = new ConnectorDriver({
    direction: 'materialize',
    command: [process.execPath, MAIN],
    codec: 'proto',
    env: {
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
      ...(crashPoint === undefined ? {} : { WEIR_CRASH_POINT: crashPoint }),
    },
  });
  const { address, user, password } = sink.server;
  const config = JSON.stringify({ address, user, password, database: sink.database, hardDelete: true });
  const materialization = { ...sink.spec(table), config };
  const open: MaterializeRequest = {
    kind: 'open',
    materialization,
    version: '1',
    range: FULL_RANGE,
    state: '{}',
  };
  const last = sink.last === undefined ? {} : { lastMaterialization: materialization };
  connector.send({ kind: 'apply', materialization, version: '1', lastVersion: '', ...last }, open);
  let position = 0;
  const begin = (): void =>
    connector.send({ kind: 'acknowledge' }, { kind: 'load', binding: 0, keyPacked: packTuple([0]) });
  for (
    let response = await connector.receive();
    response !== undefined;
    response = await connector.receive()
  ) {
    if (response.kind === 'applied') sink.last = materialization;
    else if (response.kind === 'opened') {
      const { runtimeCheckpoint } = response;
      if (typeof runtimeCheckpoint === 'object')
        position = Number(runtimeCheckpoint.sources[JOURNAL]?.readThrough ?? 0);
      assert.deepEqual(await sink.query('SELECT id, n, what FROM ledger ORDER BY id'), rowsAfter(position));
      begin();
    } else if (response.kind === 'acknowledged') connector.send({ kind: 'flush' });
    else if (response.kind === 'loaded') {
      assert.equal((JSON.parse(response.doc.toString()) as { n: number }).n, position);
    } else if (response.kind === 'flushed') {
      if (position === transactions) return 'done';
      position += 1;
      connector.send(...storesOf(position).map(sampleStore));
      connector.send({ kind: 'startCommit', runtimeCheckpoint: checkpointAt(position) });
    } else if (response.kind === 'startedCommit') begin();
  }
  const { signal } = await connector.exited;
  if (signal === 'SIGKILL') return 'killed';
  assert.match(connector.logs.at(-1)?.message ?? '', /MYSQL_(CONNECTION_LOST|COMMIT_UNKNOWN|UNREACHABLE)/);
  return 'failed';
}

async function finish(sink: Sink, transactions: number): Promise<void> {
  assert.equal(await session({ sink, transactions }), 'done');
  assert.deepEqual(await sink.query('SELECT id, n, what FROM ledger ORDER BY id'), rowsAfter(transactions));
}

/** A small generator whose numbers the seed tells. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

onBothServers((server, flavour) => {
  const crashPoints = CRASH_POINTS.filter(
    (_point, at) => process.env['WEIR_CRASH_RUNS'] !== undefined || mysqlFlavours[at % 2] === flavour,
  );
  for (const point of crashPoints) {
    test(`[G2] killed at ${point}, every transaction is done once`, async () => {
      await using sink = await Sink.create(server());
      const pass = /applying|installed/.test(point) ? 1 : 2;
      const died = await session({ sink, transactions: 4, crashPoint: `${point}:${pass}` });
      assert.equal(died, 'killed', `${point}:${pass} was not passed`);
      await finish(sink, 5);
    });
  }

  test('[G2] when the server is killed at any moment, every transaction is done once', async (context: TestContext) => {
    context.diagnostic(`WEIR_CRASH_SEED=${SEED}, ${RUNS} kills of ${flavour}`);
    const random = randomOf(SEED);
    await using sink = await Sink.create(server());
    let transactions = 0;
    for (let run = 0; run < RUNS; run += 1) {
      transactions += 100;
      const running = session({ sink, transactions });
      // Wherever it is by then: connecting, storing, committing.
      await delay(400 + random() * 1500);
      await server().kill9();
      await running;
      await server().start();
    }
    await finish(sink, transactions);
  });
});
