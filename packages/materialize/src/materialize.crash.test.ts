// Kills a materialization at each of its crash points, in its first and in its second transaction, and starts it
// again from the checkpoint it opens with. Each transaction adds one to a counter that is loaded before, so a
// transaction that is lost or done twice shows.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  FULL_RANGE,
  packTuple,
  type Checkpoint,
  type MaterializationSpec,
  type MaterializeRequest,
} from '@weir/protocol';
import { ConnectorDriver, temporaryDirectory } from '@weir/testing';
import { CRASH_POINTS } from './crash-points.ts';

const DESTINATION = join(import.meta.dirname, '../test/file-destination.ts');
const TRANSACTIONS = 3;
const keyPacked = packTuple(['counter']);

function specOf(path: string): MaterializationSpec {
  return {
    name: 'acme/mat',
    connectorType: 'LOCAL',
    config: JSON.stringify({ path }),
    bindings: [],
    inactiveBindings: [],
  };
}

function checkpointAt(position: number): Checkpoint {
  return { sources: { 'journal;suffix': { readThrough: BigInt(position), producers: [] } }, ackIntents: {} };
}

/** Applies, opens, and runs transactions until the counter has all of them or the process dies. */
async function session(
  path: string,
  crashPoint: string | undefined,
): Promise<{ died: boolean; counter: number }> {
  await using connector = new ConnectorDriver({
    direction: 'materialize',
    command: [process.execPath, DESTINATION],
    codec: 'proto',
    env: crashPoint === undefined ? {} : { WEIR_CRASH_POINT: crashPoint },
  });
  const materialization = specOf(path);
  const open: MaterializeRequest = {
    kind: 'open',
    materialization,
    version: '1',
    range: FULL_RANGE,
    state: '{}',
  };
  connector.send({ kind: 'apply', materialization, version: '1', lastVersion: '' }, open);
  let position = 0;
  let counter = 0;
  for (
    let response = await connector.receive();
    response !== undefined;
    response = await connector.receive()
  ) {
    if (response.kind === 'opened') {
      assert.ok(typeof response.runtimeCheckpoint === 'object');
      position = Number(response.runtimeCheckpoint.sources['journal;suffix']?.readThrough ?? 0);
      connector.send({ kind: 'acknowledge' }, { kind: 'load', binding: 0, keyPacked });
    } else if (response.kind === 'acknowledged') {
      connector.send({ kind: 'flush' });
    } else if (response.kind === 'loaded') {
      counter = (JSON.parse(response.doc.toString()) as { counter: number }).counter;
      // What was committed and where it was committed to are one.
      assert.equal(counter, position);
    } else if (response.kind === 'flushed') {
      if (position === TRANSACTIONS) return { died: false, counter };
      position += 1;
      const doc = Buffer.from(JSON.stringify({ counter: counter + 1 }));
      const store = {
        binding: 0,
        keyPacked,
        valuesPacked: Buffer.alloc(0),
        doc,
        exists: counter > 0,
        delete: false,
      };
      connector.send({ kind: 'store', ...store });
      connector.send({ kind: 'startCommit', runtimeCheckpoint: checkpointAt(position) });
    } else if (response.kind === 'startedCommit') {
      connector.send({ kind: 'acknowledge' }, { kind: 'load', binding: 0, keyPacked });
    }
  }
  const { signal } = await connector.exited;
  assert.equal(signal, 'SIGKILL', connector.logs.at(-1)?.message ?? 'ended without a log line');
  return { died: true, counter };
}

for (const point of CRASH_POINTS) {
  test(`[G2] killed at ${point}, every transaction is done once`, async () => {
    using folder = temporaryDirectory();
    const path = join(folder.path, 'rows.json');
    const passes = point.endsWith('-apply') ? [1] : [1, 2];
    for (const pass of passes) {
      const { died } = await session(path, `${point}:${pass}`);
      assert.ok(died, `${point}:${pass} was not passed`);
    }
    assert.deepEqual(await session(path, undefined), { died: false, counter: TRANSACTIONS });
  });
}
