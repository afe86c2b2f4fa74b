import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changes, updatedAt } from '@weir/cdk';
import { convergeApi } from '@weir/cdk/testing';
import { SeededRandom } from '@weir/testing';
import { testApi } from '@weir/testing/api';
import { greenhouse } from '../src/greenhouse.ts';
import { config, fakeGreenhouse } from './fake-greenhouse.ts';

testApi({
  test: import.meta.url,
  api: greenhouse,
  fake: fakeGreenhouse,
  config,
  base: 'https://harvest.greenhouse.io/v3',
  streams: {
    users: '/v3/users',
    candidates: '/v3/candidates',
    demographic_questions: '/v3/demographic_questions',
  },
  shown: ['users', 'demographic_questions'],
});

test('the property can fail: without the lag, rows that appear late are lost', async () => {
  const { users } = greenhouse.streams;
  assert.equal(users.kind, 'changes');
  const cursor = updatedAt('/updated_at', { tick: '1ms', lag: '0s' });
  const hasty = { ...greenhouse, streams: { users: changes({ ...users.options, cursor }) } };
  let lost = 0;
  for (let seed = 1; seed <= 5; seed += 1) {
    const random = new SeededRandom(seed);
    const run = { api: hasty, fake: fakeGreenhouse, config, streams: { users: '/v3/users' }, random };
    for (const { captured, expected } of (await convergeApi(run)).streams) {
      if (JSON.stringify(captured) !== JSON.stringify(expected)) lost += 1;
    }
  }
  assert.ok(lost > 0);
});
