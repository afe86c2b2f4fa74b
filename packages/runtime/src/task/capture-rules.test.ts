// The rules of a capture's session: what is sent before it, what its checkpoints carry, and how large they may be.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CaptureRequest, CaptureResponse } from '@weir/protocol';
import { temporaryDirectory } from '@weir/testing';
import { ScriptedConnection, type Script } from '../../test/scripted/connection.ts';
import { ledgerCapture } from '../../test/scripted/ledger.ts';
import type { CaptureConnection } from './connection.ts';
import { runCapture } from './capture-task.ts';
import { openEnvironment, type TaskEnvironment } from './task-environment.ts';

type Source = Script<CaptureRequest, CaptureResponse>;

/** Answers Apply, and after Opened sends what `session` sends; then it ends. */
function source(
  session: (script: Source) => void,
  onRequest?: (request: CaptureRequest) => void,
): CaptureConnection {
  return new ScriptedConnection<CaptureRequest, CaptureResponse>(async (script) => {
    for (let request = await script.next(); request !== undefined; request = await script.next()) {
      onRequest?.(request);
      if (request.kind === 'apply') script.respond({ kind: 'applied', actionDescription: '' });
      if (request.kind !== 'open') continue;
      script.respond({ kind: 'opened', explicitAcknowledgements: false });
      session(script);
      return;
    }
  });
}

/** Runs so many sessions, one right after the other. */
async function capture(
  environment: TaskEnvironment,
  connect: () => CaptureConnection,
  { sessions = 1, transactionBytes = 1 << 20 } = {},
): Promise<number[]> {
  const stop = new AbortController();
  const commits: number[] = [];
  let ended = 0;
  await runCapture({
    environment,
    capture: { ...ledgerCapture(), intervalSeconds: 0 },
    version: 'v1',
    connect: () => Promise.resolve(connect()),
    signal: stop.signal,
    transactionBytes,
    onEvent: (event) => {
      if (event.kind === 'commit') commits.push(event.documents);
      if (event.kind === 'caughtUp' && (ended += 1) === sessions) stop.abort();
    },
  });
  return commits;
}

const captured = (id: number): CaptureResponse => ({
  kind: 'captured',
  binding: 0,
  doc: Buffer.from(JSON.stringify({ id, positions: [id] })),
});
const checkpoint = (updated: string, mergePatch = true): CaptureResponse => ({
  kind: 'checkpoint',
  state: { updated, mergePatch },
});

test('every session begins with Apply and then Open, each with the state that was committed', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  const seen: string[] = [];
  let session = 0;
  await capture(
    environment,
    () =>
      source(
        (script) => {
          session += 1;
          script.respond(captured(session));
          script.respond(checkpoint(`{"n":${session}}`));
        },
        (request) => {
          if (request.kind === 'apply' || request.kind === 'open')
            seen.push(`${request.kind} ${request.state}`);
        },
      ),
    { sessions: 3 },
  );
  const each = (state: string): string[] => [`apply ${state}`, `open ${state}`];
  assert.deepEqual(seen, [...each('{}'), ...each('{"n":1}'), ...each('{"n":2}')]);
});

test('a checkpoint merges or replaces the state, in the order they came', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  await capture(environment, () =>
    source((script) => {
      for (const message of [
        checkpoint('{"a":1,"b":{"c":1}}'),
        checkpoint('{"only":{"x":1}}', false),
        checkpoint('{"only":{"x":null,"y":2}}'),
      ]) {
        script.respond(captured(1));
        script.respond(message);
      }
    }),
  );
  assert.deepEqual(JSON.parse(environment.store.task('test/source')?.state ?? ''), { only: { y: 2 } });
});

test('a checkpoint without a state is refused', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  const run = capture(environment, () =>
    source((script) => {
      script.respond(captured(1));
      script.respond({ kind: 'checkpoint', state: undefined } as unknown as CaptureResponse);
    }),
  );
  await assert.rejects(run, { code: 'CONNECTOR_PROTOCOL', message: /checkpoint without a state/ });
});

test('a sourced schema widens the inferred schema with the checkpoint behind it', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  const schema = {
    type: 'object',
    properties: {
      id: { type: 'integer' },
      positions: { type: 'array', items: { type: 'integer' } },
      late: { type: 'string' },
    },
    additionalProperties: false,
  };
  await capture(environment, () =>
    source((script) => {
      script.respond({ kind: 'sourcedSchema', binding: 0, schema: JSON.stringify(schema) });
      script.respond(captured(1));
      script.respond(checkpoint('{}'));
    }),
  );
  const [inferred] = environment.store.inferredSchemas('test/ledger');
  const { properties } = JSON.parse(inferred?.schema ?? '{}') as { properties: Record<string, unknown> };
  assert.ok('late' in properties && 'positions' in properties, inferred?.schema);
});

test('one transaction of the connector is one commit, however much larger than a transaction of the runtime it is', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  const commits = await capture(
    environment,
    () =>
      source((script) => {
        script.respond(captured(0));
        script.respond(checkpoint('{"n":1}'));
        for (let id = 1; id <= 500; id += 1) script.respond(captured(id));
        script.respond(checkpoint('{"n":2}'));
      }),
    { transactionBytes: 1000 },
  );
  assert.deepEqual(commits, [1, 500]);
});

test('documents that no checkpoint follows are an error, and none of them is kept', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  for (const transactionBytes of [1 << 20, 10]) {
    const run = capture(
      environment,
      () => source((script) => [1, 2, 3].forEach((id) => script.respond(captured(id)))),
      { transactionBytes },
    );
    await assert.rejects(run, { code: 'CONNECTOR_PROTOCOL', message: /no checkpoint follows/ });
    assert.deepEqual(
      environment.store.journals('test/ledger').map(({ head }) => head),
      [0],
    );
  }
});
