import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReusedProcess } from './reused-process.ts';

interface Fake {
  readonly number: number;
  stopped: boolean;
  stop(): Promise<void>;
}

function fakes(fails: (number: number) => boolean = () => false) {
  const started: Fake[] = [];
  const reused = new ReusedProcess<Fake>(async () => {
    const fake: Fake = {
      number: started.length,
      stopped: false,
      stop: async () => {
        fake.stopped = true;
      },
    };
    started.push(fake);
    if (fails(fake.number)) throw new Error(`start ${fake.number} failed`);
    return fake;
  });
  return { started, reused };
}

test('a process that was kept, or stands by, is the next one to be connected, and only once', async () => {
  const { started, reused } = fakes();
  const first = await reused.connect();
  reused.keep(first);
  assert.equal(await reused.connect(), first);
  reused.standBy(60_000);
  reused.standBy(60_000);
  assert.equal(started.length, 2);
  const [second, third] = await Promise.all([reused.connect(), reused.connect()]);
  assert.deepEqual([second.number, third.number], [1, 2]);
  assert.ok(started.every(({ stopped }) => !stopped));
});

test('a process that nobody connects to is stopped after its time, and with its owner', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { started, reused } = fakes();
  reused.standBy(1000);
  context.mock.timers.tick(1000);
  await reused.drop();
  await new Promise(setImmediate);
  assert.equal(started[0]?.stopped, true);
  reused.standBy(1000);
  await reused[Symbol.asyncDispose]();
  assert.equal(started[1]?.stopped, true);
});

test('a process that could not stand by is started again when it is needed', async () => {
  const { started, reused } = fakes((number) => number === 0);
  reused.standBy(60_000);
  await new Promise(setImmediate);
  assert.equal((await reused.connect()).number, 1);
  assert.equal(started.length, 2);
});
