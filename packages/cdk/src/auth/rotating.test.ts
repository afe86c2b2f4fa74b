// What becomes of a pair of tokens that may be used once, by a fake provider that counts how often each was exchanged.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '@weir/schema';
import type { JsonValue } from '@weir/schema/json';
import type { ApiRequest } from '../http/request.ts';
import { silentLog } from '../testing/silent-log.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { type ConfigKeeper, keptByFlow, keptByRuntime } from './config-keeper.ts';
import { RotatingCredentials } from './rotating.ts';

const never = new AbortController().signal;
const NOW = Date.parse('2024-05-05T05:00:00Z');
const EXPIRED = '2020-01-01T00:00:00Z';

interface WorldOptions {
  readonly endsAt?: string;
  readonly answer?: (count: number) => JsonValue;
}

function world(keeper: ConfigKeeper, { endsAt = '2024-05-05T06:00:00Z', answer }: WorldOptions = {}) {
  const clock = new VirtualClock(NOW);
  const exchanged: string[] = [];
  const ask = async ({ body }: ApiRequest): Promise<JsonValue> => {
    assert.ok(body !== undefined && 'form' in body);
    const count = exchanged.push(String(body.form['refresh_token']));
    await clock.until(clock.now() + 50, never);
    return answer?.(count) ?? { access_token: `a${count}`, refresh_token: `r${count}`, expires_in: 3600 };
  };
  const values = {
    client_id: 'the id',
    client_secret: new Secret('hush'),
    refresh_token: new Secret('r0'),
    access_token: new Secret('a0'),
    access_token_expires_at: endsAt,
  };
  const context = { clock, ask, config: {}, keeper };
  const credentials = new RotatingCredentials({ tokenUrl: 'https://token' }, values, context);
  const sent = async () => (await credentials.current(never)).headers['authorization'];
  return { clock, exchanged, credentials, sent };
}

function runtimeKeeper() {
  const updates: object[] = [];
  const log = { ...silentLog, configUpdate: (config: object) => updates.push(config) };
  const reasons = [new Error('the end'), new Error('another end')];
  const end = (): Error => reasons.shift() ?? new Error('ended too often');
  return { updates, keeper: keptByRuntime(() => '{}', log, end) };
}

test('[G10] a spent token is not exchanged again by who asks while the session is ending, or is refused', async () => {
  const { updates, keeper } = runtimeKeeper();
  const { clock, exchanged, credentials, sent } = world(keeper);
  const used = await credentials.current(never);
  await clock.run(clock.until(NOW + 55 * 60_000, never));
  await assert.rejects(clock.run(sent()), /the end/);
  await assert.rejects(clock.run(sent()), /the end/);
  await assert.rejects(clock.run(credentials.refresh(used, never)), /the end/);
  await clock.run(credentials.settled());
  assert.deepEqual([exchanged, updates.length], [['r0'], 1]);
});

test('[G10] a pair that could not be encrypted is held: only that is tried again, not the exchange', async () => {
  const announced: object[] = [];
  let failures = 2;
  const keeper = keptByFlow({
    config: () => '{}',
    log: { ...silentLog, configUpdate: (config: object) => announced.push(config) },
    configSchema: {},
    env: {},
    ask: async ({ body }) => {
      if (failures-- > 0) throw new Error('the service is down');
      return { sops: {}, of: JSON.stringify(body) };
    },
  });
  const { clock, exchanged, credentials, sent } = world(keeper, { endsAt: EXPIRED });
  await assert.rejects(clock.run(sent()), /the service is down/);
  await assert.rejects(clock.run(sent()), /the service is down/);
  assert.deepEqual([exchanged, announced], [['r0'], []]);
  // The end of the session is the last chance.
  await clock.run(credentials.settled());
  assert.equal(announced.length, 1);
  assert.match(JSON.stringify(announced), /r1/);
  assert.equal(await clock.run(sent()), 'Bearer a1');
  assert.deepEqual(exchanged, ['r0']);
});

test('an answer without a life of the token is refused, and its refresh token not exchanged again', async () => {
  for (const expires of [{}, { expires_in: 0 }, { expires_in: -1 }, { expires_in: 'soon' }]) {
    const { updates, keeper } = runtimeKeeper();
    const answer = () => ({ access_token: 'a1', refresh_token: 'r1', ...expires });
    const { clock, exchanged, sent } = world(keeper, { endsAt: EXPIRED, answer });
    await assert.rejects(clock.run(sent()), { code: 'CDK_HTTP_UNAUTHORIZED', message: /expires_in/ });
    await assert.rejects(clock.run(sent()), { code: 'CDK_HTTP_UNAUTHORIZED', message: /expires_in/ });
    assert.deepEqual([exchanged, updates], [['r0'], []]);
  }
});

test('a fresh token that the API has accepted and then refuses is not renewed; one it never accepted, or an older one, is', async () => {
  const begun = () => world(runtimeKeeper().keeper);
  const fresh = begun();
  const used = await fresh.credentials.current(never);
  fresh.credentials.accepted(used);
  assert.equal(await fresh.credentials.refresh(used, never), false);
  assert.deepEqual(fresh.exchanged, []);
  // Revoked some time later.
  await fresh.clock.run(fresh.clock.until(NOW + 5 * 60_000, never));
  await assert.rejects(fresh.clock.run(fresh.credentials.refresh(used, never)), /the end/);
  assert.deepEqual(fresh.exchanged, ['r0']);

  const unknown = begun();
  const refused = await unknown.credentials.current(never);
  await assert.rejects(unknown.clock.run(unknown.credentials.refresh(refused, never)), /the end/);
  assert.deepEqual(unknown.exchanged, ['r0']);
});
