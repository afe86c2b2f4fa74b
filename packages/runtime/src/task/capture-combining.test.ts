// What a capture's transaction does to documents of one key: reductions, redaction, inference, and their failures.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CaptureRequest, CaptureResponse, CaptureSpec } from '@weir/protocol';
import { composeReadSchema, inferredReadSchema } from '@weir/schema';
import { temporaryDirectory } from '@weir/testing';
import { ScriptedConnection } from '../../test/scripted/connection.ts';
import { Destination } from '../../test/scripted/destination.ts';
import { ledgerCapture, ledgerCollection, ledgerMaterialization } from '../../test/scripted/ledger.ts';
import { systemDisk } from '../host/disk.ts';
import { JournalReader } from '../journal/journal-reader.ts';
import type { CaptureConnection } from './connection.ts';
import { runCapture } from './capture-task.ts';
import { runMaterialization } from './materialize-task.ts';
import { openEnvironment, type TaskEnvironment } from './task-environment.ts';

type Json = Readonly<Record<string, unknown>>;

/** Sends the checkpoints, each a list of documents, that its state does not count yet, and ends. */
function sending(...checkpoints: readonly (readonly Json[])[]): CaptureConnection {
  return new ScriptedConnection<CaptureRequest, CaptureResponse>(async (script) => {
    let request = await script.next();
    if (request?.kind === 'apply') {
      script.respond({ kind: 'applied', actionDescription: '' });
      request = await script.next();
    }
    if (request?.kind !== 'open') return;
    script.respond({ kind: 'opened', explicitAcknowledgements: false });
    const { done = 0 } = JSON.parse(request.state) as { done?: number };
    for (const [index, documents] of checkpoints.entries()) {
      if (index < done) continue;
      for (const document of documents) {
        script.respond({ kind: 'captured', binding: 0, doc: Buffer.from(JSON.stringify(document)) });
      }
      const updated = JSON.stringify({ done: index + 1 });
      script.respond({ kind: 'checkpoint', state: { updated, mergePatch: true } });
    }
  });
}

function schemaOf(properties: object): object {
  return {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'integer' }, ...properties },
    reduce: { strategy: 'merge' },
  };
}

async function capture(
  environment: TaskEnvironment,
  properties: object,
  checkpoints: readonly (readonly Json[])[],
  changes: Partial<CaptureSpec> = {},
): Promise<void> {
  const stop = new AbortController();
  await runCapture({
    environment,
    capture: { ...ledgerCapture(ledgerCollection('test/ledger', schemaOf(properties))), ...changes },
    version: 'v1',
    connect: () => Promise.resolve(sending(...checkpoints)),
    signal: stop.signal,
    onEvent: (event) => {
      if (event.kind === 'caughtUp') stop.abort();
    },
  });
}

/** What the journal holds, without `_meta`. */
function stored(environment: TaskEnvironment): Json[] {
  return environment.store.journals('test/ledger').flatMap(({ folder, head }) => {
    using reader = new JournalReader(systemDisk, environment.folder.journalsPath, folder, 0);
    const lines: string[] = [];
    for (let batch = reader.next(head, 1 << 20); batch !== undefined; batch = reader.next(head, 1 << 20)) {
      lines.push(...batch.bytes.toString().split('\n').slice(0, -1));
    }
    return lines.map((line) => {
      const { _meta: _, ...document } = JSON.parse(line) as Json;
      return document;
    });
  });
}

function inferredOf(environment: TaskEnvironment): Readonly<Record<string, Json>> {
  const [inferred] = environment.store.inferredSchemas('test/ledger');
  return (JSON.parse(inferred?.schema ?? '{}') as { properties: Record<string, Json> }).properties;
}

const sum = { reduce: { strategy: 'sum' } };

test('[G1] a checkpoint whose documents cannot be reduced is kept in no part, and is not doubled by the next start', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  const good = [{ id: 5, n: 1 }];
  const torn = [
    { id: 6, n: 1 },
    { id: 1, n: 1 },
    { id: 1, n: 1 },
    { id: 1, n: 'x' },
  ];
  const run = (last: readonly Json[]): Promise<void> => capture(environment, { n: sum }, [good, last]);
  await assert.rejects(run(torn), { code: 'REDUCTION_FAILED' });
  const after = stored(environment);
  assert.ok(
    after.every(({ id }) => id === 5),
    JSON.stringify(after),
  );
  await run(torn.slice(0, 3));
  const all = stored(environment);
  assert.deepEqual(
    all.map(({ id }) => Number(id)).toSorted((a, b) => a - b),
    [1, 1, 5, 6],
  );
});

test('the inferred schema holds for what reductions made, and so does the read schema', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  const properties = { n: { type: 'integer', ...sum }, l: { type: 'array', reduce: { strategy: 'append' } } };
  const document = { id: 1, n: 60, l: ['x'] };
  // Two transactions: the destination's row becomes greater than any document that was ever inferred from.
  const first = [document, document, document];
  await capture(environment, properties, [first]);
  await capture(environment, properties, [first, first]);
  const { n, l } = inferredOf(environment);
  assert.ok(Number(n?.['maximum']) >= 120, JSON.stringify(n));
  assert.ok(Number(l?.['maxItems']) >= 2, JSON.stringify(l));

  const collection = ledgerCollection('test/ledger', schemaOf(properties));
  const inferredSchema = environment.store.inferredSchemas('test/ledger')[0]?.schema ?? '';
  const readSchema = composeReadSchema({
    readSchema: JSON.stringify(inferredReadSchema),
    writeSchema: collection.writeSchema,
    inferredSchema,
    key: ['/id'],
  });
  using destination = new Destination(join(folder.path, 'sink.db'), 'authoritative');
  const stop = new AbortController();
  await runMaterialization({
    environment,
    materialization: ledgerMaterialization({ ...collection, readSchema }),
    version: 'v1',
    connect: () => Promise.resolve(destination.connect()),
    signal: stop.signal,
    inferredVersions: [environment.store.inferredVersion('test/ledger')],
    onEvent: (event) => {
      if (event.kind === 'caughtUp') stop.abort();
    },
  });
  assert.equal(destination.rows().length, 1);
});

const redactSalt = Buffer.from('salt');
const secrets = {
  ssn: { type: 'integer', maximum: 999, redact: { strategy: 'sha256' } },
  pin: { type: 'string', redact: { strategy: 'block' } },
};

test('values are redacted after they were reduced and validated, and nothing of them is inferred or stored', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  const documents = [1, 2, 3].map((ssn) => ({ id: 1, ssn, pin: '0000' }));
  await capture(environment, secrets, [documents], { redactSalt });
  await capture(environment, secrets, [documents, [{ id: 1, ssn: 3 }]], { redactSalt });
  const all = stored(environment);
  assert.ok(all.length >= 2);
  for (const { ssn, pin } of all) {
    assert.match(String(ssn), /^sha256:[0-9a-f]{64}$/);
    assert.equal(pin, undefined);
  }
  // The same value has the same digest in every transaction.
  assert.equal(all.at(-1)?.['ssn'], all.at(-2)?.['ssn']);
  const inferred = inferredOf(environment);
  assert.equal(inferred['ssn']?.['type'], 'string');
  assert.equal(inferred['pin'], undefined);
});

test('[G9] an error does not quote what the schema redacts', async () => {
  for (const [document, shown] of [
    [{ id: 1, ssn: 123456 }, /at '\/ssn'.*found a value that is redacted/],
    [{ id: 1, pin: 123456 }, /at '\/pin'.*found a value that is redacted/],
    [{ id: 'one', pin: '123456' }, /at '\/id'.*found "one"/],
  ] as const) {
    using folder = temporaryDirectory();
    using environment = openEnvironment(folder.path);
    await assert.rejects(capture(environment, secrets, [[document]], { redactSalt }), (error: Error) => {
      assert.match(error.message, shown);
      assert.ok(!error.message.includes('123456'), error.message);
      return true;
    });
  }
});
