import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { FULL_RANGE, type CaptureOpenRequest, type CodecName, type CollectionSpec } from '@weir/protocol';
import { captureSpecText, ConnectorDriver, matchSnapshot } from '@weir/testing';

const MAIN = join(import.meta.dirname, '../src/main.ts');

const collection: CollectionSpec = {
  name: 'acme/greetings',
  key: ['/ts'],
  uuidPtr: '/_meta/uuid',
  partitionFields: [],
  projections: [],
  writeSchema: '{}',
};

function open(rate: number, state: string): CaptureOpenRequest {
  return {
    kind: 'open',
    version: '0000000000000001',
    range: FULL_RANGE,
    state,
    capture: {
      name: 'acme/hello',
      connectorType: 'LOCAL',
      config: `{"rate":${rate}}`,
      intervalSeconds: 300,
      inactiveBindings: [],
      bindings: [
        {
          resourceConfig: '{"name":"greetings","prefix":"Hello {}"}',
          resourcePath: ['greetings'],
          collection,
          backfill: 0,
          stateKey: 'greetings',
        },
      ],
    },
  };
}

function start(codec: CodecName, announceCodec = true): ConnectorDriver<'capture'> {
  return new ConnectorDriver({
    direction: 'capture',
    command: [process.execPath, MAIN],
    codec,
    announceCodec,
  });
}

for (const codec of ['json', 'proto'] as const) {
  test(`over ${codec}, unary requests repeat on one stream and its end is a clean exit`, async () => {
    await using connector = start(codec);
    const spec = { kind: 'spec', connectorType: 'LOCAL', config: '{}' } as const;
    connector.send(spec, spec);
    assert.equal((await connector.expect('spec')).protocol, 3032023);
    assert.deepEqual((await connector.expect('spec')).resourcePathPointers, ['/name']);
    connector.send({ kind: 'discover', connectorType: 'LOCAL', config: '{"rate":1}', name: 'acme/hello' });
    const { bindings } = await connector.expect('discovered');
    assert.deepEqual(
      bindings.map(({ recommendedName, key, resourcePath }) => ({ recommendedName, key, resourcePath })),
      [{ recommendedName: 'events', key: ['/ts'], resourcePath: ['greetings'] }],
    );
    connector.end();
    assert.equal(await connector.receive(), undefined);
    assert.deepEqual(await connector.exited, { code: 0, signal: null });
  });

  test(`over ${codec}, greetings go on from the state, each with its checkpoint, until SIGTERM`, async () => {
    await using connector = start(codec);
    connector.send(open(200, '{"bindingStateV1":{"greetings":7}}'));
    assert.equal((await connector.expect('opened')).explicitAcknowledgements, false);
    let number = 7;
    const timestamps = new Set<string>();
    while (number < 27) {
      const response = await connector.receive();
      if (response?.kind === 'captured') {
        const doc = JSON.parse(response.doc.toString()) as { ts: string; message: string };
        assert.equal(doc.message, `Hello ${number}`);
        timestamps.add(doc.ts);
        number += 1;
      } else {
        assert.equal(response?.kind, 'checkpoint');
        if (response?.kind !== 'checkpoint') return;
        assert.deepEqual(response.state, {
          updated: `{"bindingStateV1":{"greetings":${number}}}`,
          mergePatch: true,
        });
      }
    }
    assert.equal(timestamps.size, 20);
    connector.kill('SIGTERM');
    let last: string | undefined;
    for (
      let response = await connector.receive();
      response !== undefined;
      response = await connector.receive()
    ) {
      last = response.kind;
    }
    assert.ok(last === undefined || last === 'checkpoint');
    assert.deepEqual(await connector.exited, { code: 0, signal: null });
  });

  test(`the codec ${codec} is recognised by the first bytes when nobody names it`, async () => {
    await using connector = start(codec, false);
    connector.send({ kind: 'spec', connectorType: 'LOCAL', config: '{}' });
    assert.equal(
      (await connector.expect('spec')).documentationUrl,
      'https://go.estuary.dev/source-hello-world',
    );
  });
}

test('a session goes on after stdin has ended, since no acknowledgement is to come', async () => {
  await using connector = start('json');
  connector.send(open(100, '{}'));
  connector.end();
  await connector.expect('opened');
  const responses = await connector.take(10);
  assert.equal(responses.length, 10);
});

test('a config with several faults ends with one error that lists them, as the last log line', async () => {
  await using connector = start('json');
  connector.send({ kind: 'discover', connectorType: 'LOCAL', config: '{"rate":-1,"rat":2}', name: '' });
  assert.equal(await connector.receive(), undefined);
  assert.deepEqual(await connector.exited, { code: 1, signal: null });
  const last = connector.logs.at(-1);
  assert.equal(last?.level, 'error');
  assert.equal(last?.fields['code'], 'CONFIG_INVALID');
  assert.match(last?.message ?? '', /\/rate.*\n.*\/rat /s);
});

test('the spec and what is discovered are as recorded', async () => {
  await using connector = start('json');
  matchSnapshot(import.meta.url, 'spec.txt', await captureSpecText(connector, '{"rate":1}'));
});
