// A stream of many parts (accounts, stores): what one of them costs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { CaptureSession } from '@weir/capture';
import { decodeConfig } from '@weir/schema/config';
import { stringifyJson } from '@weir/schema/json';
import { SeededRandom } from '@weir/testing';
import { apiCapture } from '../src/api/api-capture.ts';
import type { ApiConfig, ApiResource } from '../src/api/api-config.ts';
import { changes, parts } from '../src/streams/define-stream.ts';
import { Committed, CrashingOutput } from '../src/testing/crashing-output.ts';
import { reducedCollection } from '../src/testing/reduced-collection.ts';
import { silentLog } from '../src/testing/silent-log.ts';
import { surviveKills } from '../src/testing/survive-kills.ts';
import { VirtualClock } from '../src/testing/virtual-clock.ts';
import { apiOf, binding, common, config } from './api-harness.ts';

const BEGIN = Date.parse('2024-05-05T05:00:00Z');
const ACCOUNTS = 250;
const accounts = Array.from({ length: ACCOUNTS }, (_, index) => `acct_${String(index).padStart(8, '0')}`);
const key = ['/_meta/account', '/id'];

const stream = parts({
  of: async () => accounts,
  as: 'account',
  atOnce: 8,
  interval: '10m',
  stream: (account) => changes({ ...common, path: `/${account}`, between: ({ from, to }) => ({ from, to }) }),
});

/** Each account has one row, of so many bytes. */
function captureOf(clock: VirtualClock, rowBytes: number) {
  const row = `{"id":1,"at":"2024-05-05T04:00:00Z","text":"${'x'.repeat(rowBytes)}"}`;
  const capture = apiCapture(apiOf({ rows: stream }), {
    clock,
    transport: async () => ({
      status: 200,
      headers: {},
      body: (async function* () {
        yield Buffer.from(`{"data":[${row}]}`);
      })(),
    }),
  });
  const decoded = decodeConfig(capture.spec.configSchema, config, { what: 'the configuration' });
  return (state: object, output: CrashingOutput | object, signal: AbortSignal): Promise<void> => {
    const session = {
      config: decoded,
      bindings: [binding('rows', key)],
      state,
      output,
      log: silentLog,
      signal,
    };
    return capture.pull(session as unknown as CaptureSession<ApiConfig, ApiResource, object>);
  };
}

test('killed between any two lines, hundreds of parts end complete, each in a state of its own', async () => {
  for (const seed of [1, 2]) {
    const clock = new VirtualClock(BEGIN);
    const run = captureOf(clock, 10);
    const { committed, sessions } = await surviveKills({
      clock,
      random: new SeededRandom(seed),
      killsEndMs: BEGIN + 5000,
      settleMs: 15 * 60_000,
      run,
    });
    assert.ok(sessions > 1);
    assert.equal(reducedCollection(committed.documents, 0, key).size, ACCOUNTS, `seed ${seed}`);
    const { inc, backfill } = (committed.state as unknown as States).bindingStateV1.rows;
    assert.deepEqual(Object.keys(inc).toSorted(), accounts);
    assert.deepEqual(backfill, {});
  }
});

interface States {
  readonly bindingStateV1: { readonly rows: Readonly<Record<'inc' | 'backfill', object>> };
}

test('a part that sleeps keeps nothing of what it has read, and its commit sends its own state alone', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  // What a collection frees of buffers is given back beside it, and has been once the next one begins.
  const collect = (): void => {
    gc();
    gc();
  };
  const clock = new VirtualClock(BEGIN);
  const run = captureOf(clock, 64 << 10);
  const patches: number[] = [];
  const committed = new Committed();
  committed.commit = (_documents, patch) => {
    patches.push(stringifyJson(patch).length);
  };
  const output = new CrashingOutput(committed, Infinity, () => undefined);
  const ending = new AbortController();
  const { signal } = ending;
  let held = Number.NaN;
  collect();
  const before = process.memoryUsage().arrayBuffers;
  const ended = clock.until(BEGIN + 12 * 60_000, signal).then(() => {
    collect();
    held = process.memoryUsage().arrayBuffers - before;
    ending.abort(new DOMException('the end', 'AbortError'));
  });
  await clock.run(run({}, output, signal).catch(() => undefined));
  await ended;
  const [whole = 0, ...own] = patches;
  assert.ok(own.length >= 2 * ACCOUNTS, `${own.length} commits`);
  assert.ok(Math.max(...own) < 200, `${Math.max(...own)} bytes, of ${whole}`);
  // One page each would be 16 MiB.
  assert.ok(held < 4 << 20, `${held} bytes`);
});
