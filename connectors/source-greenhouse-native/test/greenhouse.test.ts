import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiCapture, catalogue, changes, explainApi, updatedAt } from '@weir/cdk';
import { convergeApi, FakeVendor, silentLog, VirtualClock } from '@weir/cdk/testing';
import { decodeConfig, lintConfigSchema } from '@weir/schema';
import { checkReadmeTables, matchSnapshot, SeededRandom } from '@weir/testing';
import { greenhouse } from '../src/greenhouse.ts';
import { config, fakeGreenhouse } from './fake-greenhouse.ts';

test('the schemas of the spec keep the guidelines for configurations, and are as recorded', () => {
  const { spec } = apiCapture(greenhouse);
  assert.deepEqual(lintConfigSchema(spec.configSchema), []);
  assert.deepEqual(lintConfigSchema(spec.resourceSchema), []);
  const schemas = [spec.configSchema, spec.resourceSchema];
  matchSnapshot(
    import.meta.url,
    'spec.txt',
    schemas.map((schema) => JSON.stringify(schema, null, 2)).join('\n'),
  );
});

test('the plan of every stream is as recorded', () => {
  const now = Date.parse('2024-05-05T05:00:00Z');
  matchSnapshot(import.meta.url, 'plan.txt', explainApi(greenhouse, 'https://harvest.greenhouse.io/v3', now));
});

test('what is discovered is as recorded', async () => {
  const clock = new VirtualClock(Date.parse('2024-05-05T05:00:00Z'));
  const random = new SeededRandom(1);
  const { transport } = new FakeVendor(fakeGreenhouse, { clock, random, changesUntilMs: 0 });
  const capture = apiCapture(greenhouse, { clock, random, transport });
  const decoded = decodeConfig(capture.spec.configSchema, config, { what: 'the configuration' });
  const signal = new AbortController().signal;
  const context = { log: silentLog, signal, taskName: '', preview: undefined };
  const found = await clock.run(capture.discover(decoded, context));
  assert.equal(found.length, 44);
  const shown = found.filter(({ recommendedName }) =>
    /^(users|demographic_questions)$/.test(recommendedName),
  );
  const names = found.map(({ recommendedName, key }) => `${recommendedName} ${key.join()}`).join('\n');
  matchSnapshot(import.meta.url, 'discovered.txt', `${names}\n${JSON.stringify(shown, null, 2)}`);
});

test('on a fake of Greenhouse: killed between any two lines, the collections end equal to its tables', async () => {
  const faults = new Set<string>();
  for (let seed = 1; seed <= 5; seed += 1) {
    const { streams, faults: had } = await convergeApi({
      api: greenhouse,
      fake: fakeGreenhouse,
      config,
      streams: {
        users: '/v3/users',
        candidates: '/v3/candidates',
        demographic_questions: '/v3/demographic_questions',
      },
      random: new SeededRandom(seed),
    });
    for (const { name, captured, expected } of streams)
      assert.deepEqual(captured, expected, `${name}, seed ${seed}`);
    for (const fault of Object.keys(had)) faults.add(fault);
  }
  assert.deepEqual([...faults].toSorted(), ['cut', 'expired', 'failing', 'reset', 'throttled']);
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

test('the tables of the README are those of the schemas and of the errors', () => {
  const { spec } = apiCapture(greenhouse);
  checkReadmeTables(import.meta.url, { config: spec.configSchema, resource: spec.resourceSchema }, catalogue);
});
