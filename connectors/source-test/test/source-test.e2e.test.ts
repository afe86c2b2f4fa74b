import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  FULL_RANGE,
  type CaptureOpenRequest,
  type CaptureResponse,
  type CodecName,
  type CollectionSpec,
} from '@weir/protocol';
import { captureSpecText, ConnectorDriver, matchSnapshot } from '@weir/testing';

const MAIN = join(import.meta.dirname, '../src/main.ts');

const collection: CollectionSpec = {
  name: 'acme/greetings',
  key: ['/count'],
  uuidPtr: '/_meta/uuid',
  partitionFields: [],
  projections: [],
  writeSchema: '{}',
};

function open(config: object, state = '{}', streams = ['greetings']): CaptureOpenRequest {
  return {
    kind: 'open',
    version: '0000000000000001',
    range: FULL_RANGE,
    state,
    capture: {
      name: 'acme/test',
      connectorType: 'LOCAL',
      config: JSON.stringify({ delay_ms: 0, ...config }),
      intervalSeconds: 300,
      inactiveBindings: [],
      bindings: streams.map((stream) => ({
        resourceConfig: JSON.stringify({ stream }),
        resourcePath: [stream],
        collection,
        backfill: 0,
        stateKey: stream,
      })),
    },
  };
}

function start(codec: CodecName = 'proto'): ConnectorDriver<'capture'> {
  return new ConnectorDriver({ direction: 'capture', command: [process.execPath, MAIN], codec });
}

function brief(response: CaptureResponse): string {
  switch (response.kind) {
    case 'captured':
      return `${response.binding} ${response.doc.toString()}`;
    case 'checkpoint':
      return response.state.updated;
    default:
      return response.kind;
  }
}

async function all(connector: ConnectorDriver<'capture'>): Promise<string[]> {
  return (await connector.take(Infinity)).map(brief);
}

for (const codec of ['json', 'proto'] as const) {
  test(`over ${codec}, the capture ends by itself after its greetings, with exit code 0`, async () => {
    await using connector = start(codec);
    connector.send(open({ greetings: 2 }, '{}', ['a', 'b']));
    assert.deepEqual(await all(connector), [
      'opened',
      '0 {"count":0,"message":"Hello #0"}',
      '1 {"count":0,"message":"Hello #0"}',
      '{"cursor":1}',
      '0 {"count":1,"message":"Hello #1"}',
      '1 {"count":1,"message":"Hello #1"}',
      '{"cursor":2}',
    ]);
    assert.deepEqual(await connector.exited, { code: 0, signal: null });
  });
}

test('it goes on from its cursor, and with nothing left it ends at once', async () => {
  await using connector = start();
  connector.send(open({ greetings: 2 }, '{"cursor":2}'));
  assert.deepEqual(await all(connector), ['opened']);
  assert.deepEqual(await connector.exited, { code: 0, signal: null });
});

test('fail_after ends with exit code 1, and its sentence is the last log line', async () => {
  await using connector = start();
  connector.send(open({ greetings: 9, fail_after: 1 }));
  assert.deepEqual(await all(connector), ['opened', '0 {"count":0,"message":"Hello #0"}', '{"cursor":1}']);
  assert.deepEqual(await connector.exited, { code: 1, signal: null });
  const last = connector.logs.at(-1);
  assert.equal(last?.fields['code'], 'TEST_FAILED_AS_ASKED');
  assert.match(last?.message ?? '', /^TEST_FAILED_AS_ASKED: a horrible, no good error!/);
});

test('exit_after counts the documents of the session, and skip_state leaves the state alone', async () => {
  await using connector = start();
  connector.send(open({ greetings: 9, exit_after: 1, skip_state: true }, '{"cursor":4}'));
  assert.deepEqual(await all(connector), ['opened', '0 {"count":4,"message":"Hello #4"}', '{}']);
  assert.deepEqual(await connector.exited, { code: 0, signal: null });
});

test('two bindings of one stream are refused, by name', async () => {
  await using connector = start();
  const binding = { resourceConfig: '{"stream":"same"}', collection, backfill: 0 };
  connector.send({
    kind: 'validate',
    name: 'acme/test',
    connectorType: 'LOCAL',
    config: '{"greetings":1}',
    bindings: [binding, binding],
    lastVersion: '',
  });
  assert.equal(await connector.receive(), undefined);
  assert.match(connector.logs.at(-1)?.message ?? '', /CAPTURE_BINDING_INVALID: .*"same"/);
});

test('a checkpoint is whole or absent on the wire when the process dies around it', async () => {
  for (const [point, documents] of [
    ['capture.before-checkpoint:3', 2],
    ['capture.after-checkpoint:3', 3],
  ] as const) {
    await using connector = new ConnectorDriver({
      direction: 'capture',
      command: [process.execPath, MAIN],
      env: { WEIR_CRASH_POINT: point },
    });
    connector.send(open({ greetings: 9 }));
    const responses = await all(connector);
    assert.deepEqual(await connector.exited, { code: null, signal: 'SIGKILL' });
    const checkpoints = responses.filter((response) => response.startsWith('{"cursor"'));
    // What was handed to the pipe before the kill may be lost with the process, what comes after it cannot be there.
    assert.ok(checkpoints.length <= documents);
    assert.deepEqual(
      checkpoints,
      [1, 2, 3].slice(0, checkpoints.length).map((cursor) => `{"cursor":${cursor}}`),
    );
  }
});

test('the spec and what is discovered are as recorded', async () => {
  await using connector = start('json');
  matchSnapshot(import.meta.url, 'spec.txt', await captureSpecText(connector, '{"greetings":1}'));
});
