import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '@weir/testing';
import { ledgerCapture, ledgerCollection } from '../../test/scripted/ledger.ts';
import type { ConnectorCommand } from '../connector/connector-command.ts';
import { type Random, systemClock } from '../host/clock.ts';
import { patience } from './back-off.ts';
import { readCollection } from './read-collection.ts';
import { readStatus } from './status.ts';
import { supervise, type SupervisorEvent } from './supervisor.ts';

/** A connector in a few lines of JavaScript over JSON lines, as a user would write it. */
function scriptedCommand(script: string): ConnectorCommand {
  const shell = `
    const say = (message) => process.stdout.write(JSON.stringify(message) + '\\n');
    const lines = require('node:readline').createInterface({ input: process.stdin });
    lines.on('line', (line) => {
      const request = JSON.parse(line);
      if (request.spec) say({ spec: { protocol: 3032023, configSchema: {}, resourceConfigSchema: {}, documentationUrl: '' } });
      if (request.validate) say({ validated: { bindings: [{ resourcePath: [String(process.pid)] }] } });
      if (request.apply) say({ applied: { actionDescription: 'by ' + process.pid } });
      if (request.open) open(request.open);
    });
    ${script}`;
  return {
    description: 'scripted',
    connectorType: 'LOCAL',
    program: process.execPath,
    arguments: ['-e', shell],
    env: {},
    codec: 'json',
  };
}

const counting = scriptedCommand(`
  function open({ state }) {
    say({ opened: {} });
    const from = state?.cursor ?? 0;
    for (let n = from; n < 100; n++) say({ captured: { binding: 0, doc: { id: n, positions: [n] } } });
    say({ checkpoint: { state: { updated: { cursor: 100 }, mergePatch: true } } });
    lines.close();
    process.stdin.destroy();
  }`);

const failing = scriptedCommand(`
  function open() {
    console.error(JSON.stringify({ level: 'error', message: 'TEST_PASSWORD_WRONG: the password is wrong', fields: { code: 'TEST_PASSWORD_WRONG', retry: 'never' } }));
    process.exit(1);
  }`);

const tasks = [{ name: 'test/source', kind: 'capture' }] as const;

/** The task is a capture by this connector. */
function built(
  command: ConnectorCommand,
  { spec = ledgerCapture(), secrets = [] }: Partial<BuiltCapture> = {},
) {
  const task = { kind: 'capture', spec, version: '1', command, catalogConfig: '{}', secrets } as const;
  return () => Promise.resolve(task);
}

interface BuiltCapture {
  readonly spec: ReturnType<typeof ledgerCapture>;
  readonly secrets: readonly string[];
}

/** Back-offs are as short as they may be. */
const noChance: Random = { bytes: (count) => Buffer.alloc(count), fraction: () => 0 };

test('a capture runs in a thread of its own until it is caught up, and a second run adds nothing', async () => {
  using folder = temporaryDirectory();
  const statePath = join(folder.path, 'state');
  for (let run = 0; run < 2; run++) {
    const events: SupervisorEvent[] = [];
    const { failed } = await supervise({
      statePath,
      tasks,
      build: built(counting, { spec: ledgerCapture(ledgerCollection()) }),
      signal: new AbortController().signal,
      untilCaughtUp: true,
      onEvent: (event) => void events.push(event),
    });
    assert.equal(failed.size, 0, JSON.stringify([...failed.values()]));
    assert.equal(events.at(-1)?.kind, 'stopped');
  }
  const lines: string[] = [];
  for await (const { bytes } of readCollection({ statePath, collection: 'test/ledger' })) {
    lines.push(...bytes.toString().split('\n').slice(0, -1));
  }
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { id: number }).id),
    Array.from({ length: 100 }, (_, id) => id),
  );
  const status = readStatus(statePath);
  assert.equal(status.tasks[0]?.bindings[0]?.documents, 100);
  assert.deepEqual(
    status.collections.map(({ documents }) => documents),
    [100],
  );
});

test('the process that answered Validate is the one that is applied and opened', async () => {
  using folder = temporaryDirectory();
  const events: SupervisorEvent[] = [];
  let validatedBy: string | undefined;
  await supervise({
    statePath: folder.path,
    tasks,
    build: async (_task, _store, validate) => {
      const spec = ledgerCapture();
      const endpoint = {
        task: 'test/source',
        command: counting,
        config: '{}',
        catalogConfig: '{}',
        secrets: [],
        logLevel: 'info',
      };
      const { name, connectorType, config } = spec;
      const { bindings } = await validate('capture', endpoint, {
        kind: 'validate',
        name,
        connectorType,
        config,
        bindings: [],
        lastVersion: '',
      });
      [validatedBy] = bindings[0]?.resourcePath ?? [];
      return await built(counting, { spec })();
    },
    signal: new AbortController().signal,
    untilCaughtUp: true,
    onEvent: (event) => void events.push(event),
  });
  const applied = events.find(({ kind }) => kind === 'applied');
  assert.ok(validatedBy !== undefined);
  assert.deepEqual(applied, { task: 'test/source', kind: 'applied', actionDescription: `by ${validatedBy}` });
});

test('a failure that a person has to mend ends its task with the code that the connector gave', async () => {
  using folder = temporaryDirectory();
  const { failed } = await supervise({
    statePath: folder.path,
    tasks,
    build: built(failing),
    signal: new AbortController().signal,
  });
  assert.equal(failed.get('test/source')?.code, 'TEST_PASSWORD_WRONG');
});

test('a task that commits documents before each failure is tried again after a second, not ever later', async () => {
  using folder = temporaryDirectory();
  const stumbling = scriptedCommand(`
    function open({ state }) {
      const id = state?.cursor ?? 0;
      say({ opened: { explicitAcknowledgements: true } });
      say({ captured: { binding: 0, doc: { id, positions: [id] } } });
      say({ checkpoint: { state: { updated: { cursor: id + 1 }, mergePatch: true } } });
      lines.on('line', (line) => {
        if (!JSON.parse(line).acknowledge) return;
        console.error(JSON.stringify({ level: 'error', message: 'stumbled', fields: { code: 'TEST_STUMBLED', retry: 'backoff' } }));
        process.exit(1);
      });
    }`);
  const stop = new AbortController();
  const delays: (number | undefined)[] = [];
  await supervise({
    statePath: folder.path,
    tasks,
    build: built(stumbling, { spec: ledgerCapture(ledgerCollection()) }),
    signal: stop.signal,
    random: noChance,
    onEvent: (event) => {
      if (event.kind === 'failed' && delays.push(event.retryInMs) === 3) stop.abort();
    },
  });
  assert.deepEqual(delays, [500, 500, 500]);
});

test('a source that is never reached ends a run until caught up after so many tries, and no other run', async () => {
  const unreachable = scriptedCommand(`
    function open() {
      console.error(JSON.stringify({ level: 'error', message: 'no such host.', fields: { code: 'TEST_UNREACHABLE', retry: 'backoff' } }));
      process.exit(1);
    }`);
  for (const untilCaughtUp of [true, false]) {
    using folder = temporaryDirectory();
    const stop = new AbortController();
    const delays: (number | undefined)[] = [];
    const { failed } = await supervise({
      statePath: folder.path,
      tasks,
      build: built(unreachable),
      signal: stop.signal,
      untilCaughtUp,
      // The waits of a back-off take no time.
      clock: {
        nowMs: () => Date.now(),
        sleep: (ms, signal) => systemClock.sleep(ms < 500 ? ms : 0, signal),
      },
      random: noChance,
      onEvent: (event) => {
        if (event.kind !== 'failed') return;
        if (delays.push(event.retryInMs) > patience.failures) stop.abort();
      },
    });
    if (untilCaughtUp) {
      assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 16_000, undefined]);
      const { code, message } = failed.get('test/source') ?? assert.fail('it did not fail');
      assert.equal(code, 'TEST_UNREACHABLE');
      assert.match(message, /no such host\. It failed 7 times in a row/);
    } else {
      assert.equal(failed.size, 0);
      assert.equal(delays.length, patience.failures + 1);
      assert.ok(!delays.includes(undefined));
    }
  }
});

test('a capture that has been idle is not given up for failures far apart, while another one is still at work', async () => {
  // It is done with every second poll, and fails in the others.
  const polling = scriptedCommand(`
    function open({ state }) {
      const polls = state?.polls ?? 0;
      say({ opened: { explicitAcknowledgements: true } });
      say({ checkpoint: { state: { updated: { polls: polls + 1 }, mergePatch: true } } });
      lines.on('line', (line) => {
        if (!JSON.parse(line).acknowledge) return;
        if (polls % 2 === 1) {
          console.error(JSON.stringify({ level: 'error', message: 'cut off.', fields: { code: 'TEST_CUT_OFF', retry: 'backoff' } }));
          process.exit(1);
        }
        lines.close();
        process.stdin.destroy();
      });
    }`);
  const working = scriptedCommand(`
    function open() {
      console.error(JSON.stringify({ level: 'info', message: 'reading', fields: { eventType: 'connectorStatus', caughtUp: false } }));
      say({ opened: {} });
    }`);
  using folder = temporaryDirectory();
  const stop = new AbortController();
  const delays: (number | undefined)[] = [];
  let skippedMs = 0;
  const { failed } = await supervise({
    statePath: folder.path,
    tasks: [...tasks, { name: 'test/working', kind: 'capture' }],
    build: ({ name }) => {
      const spec = { ...ledgerCapture(), name, intervalSeconds: 0 };
      return built(name === 'test/source' ? polling : working, { spec })();
    },
    signal: stop.signal,
    untilCaughtUp: true,
    clock: {
      nowMs: () => Date.now() + skippedMs,
      sleep: (ms, signal) => systemClock.sleep(ms < 500 ? ms : 0, signal),
    },
    onEvent: (event) => {
      if (event.kind !== 'failed') return;
      skippedMs += patience.sinceFirstMs;
      if (delays.push(event.retryInMs) === 3 || event.retryInMs === undefined) stop.abort();
    },
  });
  assert.equal(failed.size, 0, JSON.stringify([...failed.values()]));
  assert.equal(delays.length, 3);
  assert.ok(!delays.includes(undefined));
});

test('[G10] a connector that renews its configuration again and again, and commits nothing, is started ever later', async () => {
  using folder = temporaryDirectory();
  const renewing = scriptedCommand(`
    function open() {
      say({ opened: {} });
      console.error(JSON.stringify({ level: 'info', message: 'changed', fields: { eventType: 'configUpdate', config: { token: 'hush-' + process.pid } } }));
      lines.close();
      process.stdin.destroy();
    }`);
  const stop = new AbortController();
  const waits: number[] = [];
  const events: SupervisorEvent[] = [];
  const { failed } = await supervise({
    statePath: folder.path,
    tasks,
    build: built(renewing),
    signal: stop.signal,
    clock: {
      nowMs: () => Date.now(),
      sleep: async (ms) => {
        if (waits.push(ms) === 3) stop.abort();
      },
    },
    random: noChance,
    onEvent: (event) => void events.push(event),
  });
  // The first is opened at once.
  assert.deepEqual(waits, [500, 1000, 2000]);
  assert.equal(failed.size, 0, JSON.stringify([...failed.values()]));
  const seen = JSON.stringify(events);
  assert.match(seen, /renewed its configuration again/);
  assert.doesNotMatch(seen, /hush-/);
});

test('[G9] what was encrypted in a config reaches neither the logs nor the error of its task', async () => {
  using folder = temporaryDirectory();
  const leaking = scriptedCommand(`
    function open() {
      console.error(JSON.stringify({ level: 'info', message: 'dialling with hunter2', fields: { dsn: 'u:hunter2@h' } }));
      console.error(JSON.stringify({ level: 'error', message: 'hunter2 is wrong', fields: { code: 'TEST_LEAK', retry: 'never' } }));
      process.exit(1);
    }`);
  const events: SupervisorEvent[] = [];
  const { failed } = await supervise({
    statePath: folder.path,
    tasks,
    build: built(leaking, { secrets: ['hunter2'] }),
    signal: new AbortController().signal,
    onEvent: (event) => void events.push(event),
  });
  const seen = JSON.stringify([events, [...failed.values()]]);
  assert.match(seen, /dialling with \*\*\*/);
  assert.match(seen, /\*\*\* is wrong/);
  assert.doesNotMatch(seen, /hunter2/);
});

test('[G4] two runtimes on one state folder: the second is refused at once', async () => {
  using folder = temporaryDirectory();
  const stop = new AbortController();
  const options = {
    statePath: folder.path,
    tasks: [],
    build: () => Promise.reject(new Error('nothing to build')),
    signal: stop.signal,
  };
  const { StateLock } = await import('../store/state-lock.ts');
  using lock = StateLock.acquire(folder.path, Date.now());
  assert.ok(lock);
  await assert.rejects(supervise(options), { code: 'RUNTIME_STATE_LOCKED' });
});
