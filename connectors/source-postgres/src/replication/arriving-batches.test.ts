// The wait for batches, over a stream that is made here: no server stays silent on demand for as long as is allowed.

import type { ReplicationBatch } from '@weir/pgwire';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrivingBatches } from './arriving-batches.ts';

const { signal } = new AbortController();

function silent(): AsyncIterable<ReplicationBatch> {
  return { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) };
}

test('a server that sends nothing for longer than is allowed is told; until then a wait only ends', async () => {
  const patient = new ArrivingBatches(silent(), signal);
  await patient.wait(1);
  assert.equal(patient.current, undefined);

  const batches = new ArrivingBatches(silent(), signal, 60);
  const waitOut = async (): Promise<void> => {
    for (;;) await batches.wait(10);
  };
  await assert.rejects(waitOut(), {
    code: 'PG_STREAM_SILENT',
    message: /sent nothing on the replication connection/,
  });
});

test('a stream that the server ends is a lost connection', async () => {
  const ended = new ArrivingBatches(
    (async function* (): AsyncGenerator<ReplicationBatch> {
      // Nothing.
    })(),
    signal,
  );
  await ended.wait(1000);
  await assert.rejects(ended.wait(1000), { code: 'PG_CONNECTION_LOST' });
});
