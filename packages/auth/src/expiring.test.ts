import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Expiring, renewing } from './expiring.ts';

const MINUTE = 60_000;

function source() {
  const state = { now: 0, fetched: 0, fails: false };
  const fetch = async (): Promise<Expiring<string>> => {
    state.fetched += 1;
    if (state.fails) throw new Error('the service is down');
    return { value: `token ${state.fetched}`, expiresAt: state.now + 60 * MINUTE };
  };
  return { state, provider: renewing(fetch, () => state.now) };
}

test('a value is fetched once while it is good, and anew five minutes before it ends', async () => {
  const { state, provider } = source();
  assert.equal(await provider(), 'token 1');
  state.now = 55 * MINUTE - 1;
  assert.equal(await provider(), 'token 1');
  state.now = 55 * MINUTE;
  assert.equal(await provider(), 'token 2');
  assert.equal(state.fetched, 2);
});

test('those who ask at the same time share one fetch', async () => {
  const { state, provider } = source();
  assert.deepEqual(await Promise.all([provider(), provider(), provider()]), [
    'token 1',
    'token 1',
    'token 1',
  ]);
  assert.equal(state.fetched, 1);
});

test('a failure is not remembered, and an old value serves until it ends', async () => {
  const { state, provider } = source();
  state.fails = true;
  await assert.rejects(provider(), /down/);
  state.fails = false;
  assert.equal(await provider(), 'token 2');
  state.fails = true;
  state.now = 59 * MINUTE;
  assert.equal(await provider(), 'token 2');
  state.now = 60 * MINUTE;
  await assert.rejects(provider(), /down/);
  state.fails = false;
  assert.equal(await provider(), 'token 5');
});

test('a value that ends sooner than in five minutes is fetched for each', async () => {
  let fetched = 0;
  const provider = renewing(
    async () => ({ value: (fetched += 1), expiresAt: MINUTE }),
    () => 0,
  );
  assert.deepEqual([await provider(), await provider()], [1, 2]);
});
