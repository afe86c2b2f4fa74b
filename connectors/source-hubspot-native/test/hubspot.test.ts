import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { apiCapture, catalogue, type ChangeStream, explainApi, Instant, type StreamContext } from '@weir/cdk';
import { convergeApi, FakeVendor, silentLog, VirtualClock } from '@weir/cdk/testing';
import { decodeConfig, lintConfigSchema } from '@weir/schema';
import { checkReadmeTables, matchSnapshot, SeededRandom } from '@weir/testing';
import { hubspot } from '../src/hubspot.ts';
import { customObject, propertiesOf } from '../src/account.ts';
import { config, fakeHubspot } from './fake-hubspot.ts';
import { groups } from './truths.ts';

test('the schemas of the spec keep the guidelines for configurations, and are as recorded', () => {
  const { spec } = apiCapture(hubspot);
  assert.deepEqual(lintConfigSchema(spec.configSchema), []);
  const parts = [spec.configSchema, spec.resourceSchema, spec.oauth2];
  matchSnapshot(import.meta.url, 'spec.txt', parts.map((part) => JSON.stringify(part, null, 2)).join('\n'));
});

test('the plan of every stream is as recorded', () => {
  const now = Date.parse('2024-05-05T05:00:00Z');
  matchSnapshot(import.meta.url, 'plan.txt', explainApi(hubspot, 'https://api.hubapi.com', now));
});

test('what is discovered is as recorded', async () => {
  const clock = new VirtualClock(Date.parse('2024-05-05T05:00:00Z'));
  const random = new SeededRandom(3);
  const { transport } = new FakeVendor(fakeHubspot, { clock, random, changesUntilMs: 0, isCalm: true });
  const capture = apiCapture(hubspot, { clock, random, transport });
  const decoded = decodeConfig(capture.spec.configSchema, config, { what: 'the configuration' });
  const context = { log: silentLog, signal: new AbortController().signal, taskName: '', preview: undefined };
  const found = await clock.run(capture.discover(decoded, context));
  const shown = found.filter(({ recommendedName }) =>
    /^(contacts|owners|workflows|custom_cars|form_submissions|contact_lists|email_events)$/.test(
      recommendedName,
    ),
  );
  const names = found.map(({ recommendedName, key }) => `${recommendedName} ${key.join()}`).join('\n');
  matchSnapshot(import.meta.url, 'discovered.txt', `${names}\n${JSON.stringify(shown, null, 2)}`);
});

for (const { what, streams, configured, seeds } of groups) {
  test(`on a fake of HubSpot: killed between any two lines, ${what} end equal to its tables`, async () => {
    const faults = new Set<string>();
    for (let seed = 1; seed <= seeds; seed += 1) {
      const converged = await convergeApi({
        api: hubspot,
        fake: fakeHubspot,
        config: configured,
        streams,
        described: { custom_cars: customObject('cars'), properties: propertiesOf(['p_cars']) },
        random: new SeededRandom(seed),
      });
      for (const { name, captured, expected } of converged.streams) {
        assert.deepEqual(captured, expected, `${name}, seed ${seed}`);
      }
      for (const fault of Object.keys(converged.faults)) faults.add(fault);
    }
    assert.deepEqual([...faults].toSorted(), ['cut', 'expired', 'failing', 'reset', 'throttled']);
  });
}

test('the tables of the README are those of the schemas and of the errors', () => {
  const { spec } = apiCapture(hubspot);
  checkReadmeTables(import.meta.url, { config: spec.configSchema, resource: spec.resourceSchema }, catalogue);
});

test('a page of forms that leads to itself is an error, and is not asked for without end', async () => {
  const stream = hubspot.streams['form_submissions'];
  assert.ok(stream?.kind === 'raw changes');
  let asked = 0;
  const client = {
    open: async () => {
      asked += 1;
      assert.ok(asked < 10, 'asked for again and again');
      const body = [Buffer.from('{"results":[],"paging":{"next":{"after":"1"}}}')];
      return { status: 200, headers: {}, isEmpty: false, body: Readable.from(body) };
    },
  };
  const context = { client, start: Instant.ofMs(0) } as unknown as StreamContext;
  const opened = stream.options.open(context) as unknown as ChangeStream<bigint>;
  const call = { cursor: 0n, nowMs: 1e12, signal: new AbortController().signal, log: silentLog };
  await assert.rejects(
    async () => {
      for await (const _event of opened.fetchChanges(call));
    },
    { code: 'CDK_PAGING_LOOP' },
  );
});
