// Real processes: the scripted connector of ../../test for the faults, and source-hello-world for a session in proto.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { FULL_RANGE } from '@weir/protocol';
import type { CaptureResponse } from '@weir/protocol';
import { resolveConnector } from './connector-command.ts';
import type { ConnectorCommand } from './connector-command.ts';
import { ConnectorProcess } from './connector-process.ts';
import type { ConnectorOptions } from './connector-process.ts';
import { until } from '@weir/testing';
import type { OpsLog } from './ops-log.ts';

const fake = join(import.meta.dirname, '../../test/fake-connector.mjs');

function scripted(script: object): ConnectorCommand {
  return {
    description: 'fake',
    connectorType: 'LOCAL',
    program: process.execPath,
    arguments: [fake, JSON.stringify(script)],
    env: {},
    codec: 'json',
  };
}

async function start(script: object, options: ConnectorOptions = {}): Promise<ConnectorProcess<'capture'>> {
  return await ConnectorProcess.start('capture', scripted(script), options);
}

const discover = { kind: 'discover', connectorType: 'LOCAL', config: '{}', name: 'acme/c' } as const;

test('Spec comes first, then a unary request is answered, and EOF ends the process', async () => {
  await using connector = await start({
    spec: { documentationUrl: 'https://d', resourcePathPointers: ['/name'] },
    answers: { discover: { discovered: { bindings: [{ recommendedName: 'r', key: ['/id'] }] } } },
  });
  assert.equal(connector.spec.documentationUrl, 'https://d');
  assert.deepEqual(connector.spec.resourcePathPointers, ['/name']);
  const { bindings } = await connector.call(discover, 'discovered');
  assert.deepEqual(
    bindings.map((binding) => [binding.recommendedName, binding.key]),
    [['r', ['/id']]],
  );
  await connector.finish();
});

test('another protocol number is refused', async () => {
  await assert.rejects(start({ spec: { protocol: 1 } }), {
    code: 'CONNECTOR_PROTOCOL',
    message: /protocol 1,/,
  });
});

test('a program that does not exist cannot be started', async () => {
  const command = { ...scripted({}), program: '/nonexistent/connector' };
  await assert.rejects(ConnectorProcess.start('capture', command), {
    code: 'CONNECTOR_START_FAILED',
    message: /no such program/,
  });
});

test('a program that cannot even be tried leaves nothing open', async () => {
  const sockets = () =>
    process.getActiveResourcesInfo().filter((name) => /Pipe|Socket|TCP/.test(name)).length;
  const before = sockets();
  const command = { ...scripted({}), program: `${process.execPath}/below-a-file` };
  await assert.rejects(ConnectorProcess.start('capture', command), {
    code: 'CONNECTOR_START_FAILED',
    message: /ENOTDIR/,
  });
  await until('the sockets to be closed', () => sockets() <= before);
});

test('[G9] a failed connector fails with its last log, its own code, and without the secrets of its config', async () => {
  const last = {
    level: 'error',
    message: 'PG_LOGIN_FAILED: hunter2 is wrong',
    fields: { code: 'PG_LOGIN_FAILED' },
  };
  const logs: OpsLog[] = [];
  const connector = await start(
    { exit: { after: 'discover', code: 1, stderr: `starting up\n${JSON.stringify(last)}\n` } },
    { onLog: (log) => logs.push(log), config: '{"password":"hunter2"}' },
  );
  await assert.rejects(connector.call(discover, 'discovered'), {
    code: 'PG_LOGIN_FAILED',
    message: '*** is wrong',
  });
  assert.deepEqual(
    logs.map((log) => log.message),
    ['starting up', 'PG_LOGIN_FAILED: *** is wrong'],
  );
});

const update = (config: object): string =>
  `${JSON.stringify({ level: 'info', message: 'changed', fields: { eventType: 'configUpdate', config } })}\n`;

test('[G9][G10] a configuration that is announced before Spec is kept, and shown nowhere', async () => {
  const kept: string[] = [];
  const logs: OpsLog[] = [];
  const options: ConnectorOptions = {
    onLog: (log) => logs.push(log),
    onConfigUpdate: (config) => kept.push(config),
  };
  const stderr = `${update({ refresh_token: 'hush-hush' })}using hush-hush\n`;
  await assert.rejects(start({ exit: { after: 'spec', code: 1, stderr } }, options), {
    code: 'CONNECTOR_FAILED',
  });
  assert.deepEqual(kept, ['{"refresh_token":"hush-hush"}']);
  assert.doesNotMatch(JSON.stringify(logs), /hush-hush/);
});

test('[G10] the end of a connector is told when what it announced is kept', async () => {
  const tried: string[] = [];
  const connector = await start(
    { exit: { after: 'discover', code: 0, stderr: update({ refresh_token: 'hush-hush' }) } },
    {
      onConfigUpdate(config) {
        if (tried.push(config) < 3) throw new Error('the disk is full');
      },
    },
  );
  connector.send(discover);
  await connector.flush();
  assert.equal(await connector.receive(), undefined);
  assert.equal(tried.length, 3);
});

test('a connector is asked for logs that the runtime can read, whatever the environment asks for', async () => {
  const logs: OpsLog[] = [];
  const command = {
    ...scripted({}),
    arguments: ['-e', 'console.error(process.env.LOG_FORMAT); process.exit(1)'],
    env: { LOG_FORMAT: 'text' },
  };
  process.env['LOG_FORMAT'] = 'text';
  try {
    const starting = ConnectorProcess.start('capture', command, { onLog: (log) => logs.push(log) });
    await assert.rejects(starting, { code: 'CONNECTOR_FAILED' });
  } finally {
    delete process.env['LOG_FORMAT'];
  }
  assert.deepEqual(
    logs.map(({ message }) => message),
    ['json'],
  );
});

test('a connector that leaves before it answers Spec fails with its status', async () => {
  await assert.rejects(start({ exit: { after: 'spec', code: 3 } }), {
    code: 'CONNECTOR_FAILED',
    message: /exited with status 3 with no log output/,
  });
  await assert.rejects(start({ exit: { after: 'spec', code: 0 } }), {
    code: 'CONNECTOR_PROTOCOL',
    message: /ended its output/,
  });
});

test('what is not the protocol is an error that shows what came', async () => {
  const wrongKind = await start({ answers: { discover: { validated: {} } } });
  await assert.rejects(wrongKind.call(discover, 'discovered'), {
    code: 'CONNECTOR_PROTOCOL',
    message: /expected discovered.*"validated"/,
  });
  await wrongKind.kill();
  const noise = await start({ answers: { discover: 'hello!\n' } });
  await assert.rejects(noise.call(discover, 'discovered'), {
    code: 'CONNECTOR_PROTOCOL',
    message: /cannot be decoded/,
  });
});

test('a message cut by the end of the output is an error', async () => {
  const connector = await start({ answers: { discover: '{"discovered":' } });
  const answer = connector.call(discover, 'discovered');
  await connector.endInput();
  await assert.rejects(answer, { code: 'CONNECTOR_PROTOCOL', message: /partial message/ });
});

test('a connector that does not answer is killed after the timeout', async () => {
  await assert.rejects(start({ hang: 'spec' }, { startTimeoutMs: 200 }), {
    code: 'CONNECTOR_TIMEOUT',
    message: /did not answer spec within 0.2 s/,
  });
  const connector = await start({ hang: 'discover' });
  await assert.rejects(connector.call(discover, 'discovered', 100), { code: 'CONNECTOR_TIMEOUT' });
  assert.equal((await connector.kill()).signal, 'SIGKILL');
});

test('an aborted signal ends the process, and what was waited for fails with its reason', async () => {
  const abort = new AbortController();
  const connector = await start({ hang: 'discover' }, { signal: abort.signal });
  const answer = connector.call(discover, 'discovered');
  abort.abort(new Error('enough'));
  await assert.rejects(answer, /enough/);
});

test(
  'a connector that ignores EOF is killed, even when it also ignores SIGTERM',
  { timeout: 30_000 },
  async () => {
    const connector = await start({ stubborn: true });
    assert.deepEqual(await connector.stop(50), { code: null, signal: 'SIGKILL' });
  },
);

test('hello-world opens a session over proto, is acknowledged, and ends', async () => {
  const command = await resolveConnector(
    { kind: 'image', image: 'ghcr.io/estuary/source-hello-world:v1' },
    'capture',
  );
  const capture = {
    name: 'acme/hello',
    connectorType: 'IMAGE',
    config: '{"rate":1000}',
    bindings: [
      {
        resourceConfig: '{"name":"greetings","prefix":"Hello #{}!"}',
        resourcePath: ['greetings'],
        collection: {
          name: 'acme/greetings',
          key: ['/ts'],
          uuidPtr: '/_meta/uuid',
          partitionFields: [],
          projections: [],
          writeSchema: '{"type":"object"}',
        },
        backfill: 0,
        stateKey: 'greetings',
      },
    ],
    intervalSeconds: 300,
    inactiveBindings: [],
  } as const;
  await using connector = await ConnectorProcess.start('capture', command);
  connector.send({ kind: 'open', capture, version: '1', range: FULL_RANGE, state: '{}' });
  await connector.flush();
  const seen: CaptureResponse[] = [];
  while (!seen.some((response) => response.kind === 'checkpoint')) {
    const batch = await connector.receive();
    assert.ok(batch !== undefined);
    seen.push(...batch);
  }
  const [opened, first] = seen;
  assert.equal(opened?.kind, 'opened');
  assert.ok(first?.kind === 'captured');
  assert.match(first.doc.toString(), /Hello #/);
});
