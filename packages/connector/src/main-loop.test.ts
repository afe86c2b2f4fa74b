import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectorHost } from '@weir/testing';
import { serve, type ConnectorHandler } from './main-loop.ts';

const SPEC = { kind: 'spec', connectorType: 'LOCAL', config: '{}' } as const;

function handler(
  handle: ConnectorHandler<'capture'>['handle'] = async (request, { responses }) => {
    responses.send({ kind: 'applied', actionDescription: request.kind });
    return 'answered';
  },
): ConnectorHandler<'capture'> {
  return { name: 'source-sample', direction: 'capture', handle };
}

for (const codec of ['json', 'proto'] as const) {
  test(`requests in ${codec} are answered in their codec one after another, and the end of stdin is exit 0`, async () => {
    const host = new ConnectorHost('capture', { codec, env: { FLOW_RUNTIME_CODEC: '' } });
    const exit = serve(handler(), host);
    host.send(SPEC, SPEC);
    host.end();
    assert.equal(await exit, 0);
    const answers = await host.rest();
    assert.deepEqual(answers, [
      { kind: 'applied', actionDescription: 'spec' },
      { kind: 'applied', actionDescription: 'spec' },
    ]);
    assert.deepEqual(host.logs, []);
  });

  test(`a stream in ${codec} that arrives byte by byte is the same stream`, async () => {
    const host = new ConnectorHost('capture', { codec, env: { FLOW_RUNTIME_CODEC: '' } });
    const whole = new ConnectorHost('capture', { codec });
    whole.send(SPEC);
    const exit = serve(handler(), host);
    for (const byte of whole.stdin.read() as Buffer) host.stdin.write(Buffer.of(byte));
    host.end();
    assert.equal(await exit, 0);
    assert.equal((await host.rest()).length, 1);
  });
}

test('stdin that ends without a byte is a clean end', async () => {
  const host = new ConnectorHost('capture', { env: { FLOW_RUNTIME_CODEC: '' } });
  host.end();
  assert.equal(await serve(handler(), host), 0);
});

test('an unknown codec, and bytes too few to tell it, are named errors', async () => {
  const unknown = new ConnectorHost('capture', { env: { FLOW_RUNTIME_CODEC: 'avro' } });
  assert.equal(await serve(handler(), unknown), 1);
  assert.match(unknown.logs.at(-1)?.message ?? '', /^CONNECTOR_CODEC_UNKNOWN: FLOW_RUNTIME_CODEC is "avro"/);

  const short = new ConnectorHost('capture', { env: { FLOW_RUNTIME_CODEC: '' } });
  short.stdin.end('{}');
  assert.equal(await serve(handler(), short), 1);
  assert.equal(short.logs.at(-1)?.fields['code'], 'CONNECTOR_CODEC_UNKNOWN');
});

test('a request cut off by the end of stdin is an error, not an end', async () => {
  const host = new ConnectorHost('capture', { codec: 'proto' });
  host.stdin.end(Buffer.from([9, 0, 0, 0, 10]));
  assert.equal(await serve(handler(), host), 1);
  assert.equal(host.logs.at(-1)?.fields['code'], 'PROTOCOL_PARTIAL_MESSAGE');
});

test('an unforeseen failure is one sentence as the last line, with its stack only at debug level', async () => {
  const failing = handler(async () => {
    throw new TypeError('the moon is down');
  });
  const host = new ConnectorHost('capture');
  host.send(SPEC);
  assert.equal(await serve(failing, host), 1);
  assert.deepEqual(
    host.logs.map(({ level }) => level),
    ['debug', 'error'],
  );
  assert.match(host.logs[0]?.message ?? '', /at .*main-loop\.test\.ts/);
  assert.match(host.logs[1]?.message ?? '', /^CONNECTOR_DEFECT: source-sample failed: the moon is down\n/);

  const quiet = new ConnectorHost('capture', { env: { LOG_LEVEL: 'error' } });
  quiet.send(SPEC);
  assert.equal(await serve(failing, quiet), 1);
  assert.equal(quiet.logs.length, 1);
});

test('asked to stop between two requests, the connector ends cleanly', async () => {
  const host = new ConnectorHost('capture');
  const exit = serve(handler(), host);
  host.send(SPEC);
  assert.equal((await host.receive())?.kind, 'applied');
  host.stop();
  assert.equal(await exit, 0);
});

test('a runtime that no longer reads aborts the signal and ends the connector with its own code', async () => {
  let aborted = false;
  const writing = handler(async (_request, { responses, signal }) => {
    signal.addEventListener('abort', () => {
      aborted = true;
    });
    for (;;) {
      responses.send({ kind: 'applied', actionDescription: 'x'.repeat(100_000) });
      await responses.drained();
    }
  });
  const host = new ConnectorHost('capture');
  host.send(SPEC);
  const exit = serve(writing, host);
  await host.receive();
  host.stdout.destroy(new Error('write EPIPE'));
  assert.equal(await exit, 1);
  assert.ok(aborted);
  assert.equal(host.logs.at(-1)?.fields['code'], 'CONNECTOR_STDOUT_CLOSED');
});

test('a request that is given up because the process is asked to end is no defect', async () => {
  const host = new ConnectorHost('capture', { codec: 'proto' });
  const began = Promise.withResolvers<void>();
  const waiting = handler(async (_request, { signal }) => {
    began.resolve();
    await new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('the wait ended', { cause: signal.reason })));
    });
    return 'answered';
  });
  const exit = serve(waiting, host);
  host.send(SPEC);
  await began.promise;
  host.stop('SIGTERM');
  assert.equal(await exit, 0);
  const last = host.logs.at(-1);
  assert.deepEqual(
    [last?.level, last?.message],
    ['info', 'source-sample ends without an answer, as it was asked to: SIGTERM'],
  );
});

test('what fails by itself while the process is asked to end is still told', async () => {
  const host = new ConnectorHost('capture', { codec: 'proto' });
  const failing = handler(async (_request, { signal }) => {
    host.stop('SIGTERM');
    assert.ok(signal.aborted);
    throw new Error('the disk is full');
  });
  const exit = serve(failing, host);
  host.send(SPEC);
  assert.equal(await exit, 1);
  assert.match(host.logs.at(-1)?.message ?? '', /^CONNECTOR_DEFECT: source-sample failed: the disk is full/);
});
