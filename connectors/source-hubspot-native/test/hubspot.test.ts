import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { apiCapture, catalogue, type ChangeStream, explainApi, Instant, type StreamContext } from '@weir/cdk';
import { type FakeApi, FakeVendor, silentLog, VirtualClock } from '@weir/cdk/testing';
import type { Logger } from '@weir/connector';
import { decodeConfig, lintConfigSchema } from '@weir/schema';
import { checkReadmeTables, matchSnapshot, SeededRandom } from '@weir/testing';
import { hubspot } from '../src/hubspot.ts';
import { config, fakeHubspot, paths } from './fake-hubspot.ts';

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

async function discover(fake: FakeApi, log = silentLog) {
  const clock = new VirtualClock(Date.parse('2024-05-05T05:00:00Z'));
  const random = new SeededRandom(3);
  const { transport } = new FakeVendor(fake, { clock, random, changesUntilMs: 0, isCalm: true });
  const capture = apiCapture(hubspot, { clock, random, transport });
  const decoded = decodeConfig(capture.spec.configSchema, config, { what: 'the configuration' });
  const context = { log, signal: new AbortController().signal, taskName: '', preview: undefined };
  return await clock.run(capture.discover(decoded, context));
}

test('what is discovered is as recorded', async () => {
  const found = await discover(fakeHubspot);
  const shown = found.filter(({ recommendedName }) =>
    /^(contacts|owners|workflows|custom_cars|form_submissions|contact_lists|email_events)$/.test(
      recommendedName,
    ),
  );
  const names = found.map(({ recommendedName, key }) => `${recommendedName} ${key.join()}`).join('\n');
  matchSnapshot(import.meta.url, 'discovered.txt', `${names}\n${JSON.stringify(shown, null, 2)}`);
});

test('a stream is hidden by a missing scope alone; any other refusal is an error that names the request', async () => {
  const told: unknown[] = [];
  const log: Logger = { ...silentLog, info: (_message, fields) => told.push(fields) };
  const refused = (status: number, text: string) => {
    const lists = { ...fakeHubspot.lists, [paths.emails]: () => ({ status, text }) };
    return discover({ ...fakeHubspot, lists }, log);
  };
  const names = (await refused(403, '{"category":"MISSING_SCOPES"}')).map((each) => each.recommendedName);
  assert.ok(!names.includes('marketing_emails') && names.includes('campaigns'));
  assert.deepEqual(told, [{ stream: 'marketing_emails' }, { stream: 'feedback_submissions' }]);
  for (const [status, code] of [
    [400, 'CDK_HTTP_REFUSED'],
    [403, 'CDK_HTTP_FORBIDDEN'],
  ] as const) {
    await assert.rejects(refused(status, 'not today'), {
      code,
      message: /GET .*\/marketing\/v3\/emails .*not today/,
    });
  }
});

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
