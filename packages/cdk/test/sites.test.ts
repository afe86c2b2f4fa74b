// Several sites in one configuration: each has an address, credentials and a state of its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CaptureSession } from '@weir/capture';
import type { Logger } from '@weir/connector';
import { decodeConfig, lintConfigSchema } from '@weir/schema';
import { apiCapture } from '../src/api/api-capture.ts';
import type { ApiConfig, ApiResource } from '../src/api/api-config.ts';
import { type ApiDefinition, defineApi, get } from '../src/api/define-api.ts';
import { basic, bearer } from '../src/auth/fixed.ts';
import type { TransportRequest, TransportResponse } from '../src/http/transport.ts';
import { changes, ofSites, snapshot } from '../src/streams/define-stream.ts';
import { Committed, CrashingOutput } from '../src/testing/crashing-output.ts';
import { silentLog } from '../src/testing/silent-log.ts';
import { VirtualClock } from '../src/testing/virtual-clock.ts';
import { binding, common, list, row } from './api-harness.ts';

const regions = snapshot({ path: '/regions', records: 'data', order: 'as listed', interval: '5m' });

const api = defineApi({
  name: 'source-shops',
  title: 'Shops',
  config: {},
  sites: {
    list: 'shops',
    name: 'shop',
    info: { title: 'Shops', description: 'The shops to capture.' },
    nameInfo: { title: 'Shop', description: 'The name of the shop.' },
  },
  auth: [bearer(), basic()],
  start: { daysAgo: 1 },
  base: (config) => `https://${String('shop' in config ? config.shop : '')}.example.com`,
  probe: get('/me'),
  streams: {
    rows: ofSites('shop', changes(common)),
    regions: ofSites('shop', regions),
  },
});

const reaching = (shops: readonly string[]): ApiDefinition => ({
  ...api,
  describe: async () => ({
    rows: ofSites('shop', () => changes(common), shops),
    regions: ofSites('shop', () => regions, shops),
  }),
});

const configOf = (...shops: string[]): string =>
  JSON.stringify({
    shops: shops.map((shop) => ({
      shop,
      credentials: { credentials_title: 'Private App Credentials', access_token: `of ${shop}` },
    })),
  });

/** What is asked for, with which credentials. `reached`: the shops that the streams are read from, all when absent. */
function answering(reached?: readonly string[]) {
  const clock = new VirtualClock(Date.parse('2024-05-05T05:00:00Z'));
  const asked: string[] = [];
  const transport = async ({ url, headers }: TransportRequest): Promise<TransportResponse> => {
    asked.push(`${url.host}${url.pathname} ${headers['authorization']}`);
    const text = url.pathname === '/regions' ? `{"data":[{"of":"${url.host}"}]}` : list(row(1, '04:00:00'));
    return {
      status: 200,
      headers: {},
      body: (async function* () {
        yield Buffer.from(text);
      })(),
    };
  };
  return {
    clock,
    asked,
    capture: apiCapture(reached === undefined ? api : reaching(reached), { clock, transport }),
  };
}

const decoded = (text: string): ApiConfig =>
  decodeConfig(answering().capture.spec.configSchema, text, { what: 'the configuration' });

test('the configuration has a list of sites, each with credentials, and keeps the guidelines', () => {
  const { spec } = answering().capture;
  assert.deepEqual(lintConfigSchema(spec.configSchema), []);
  assert.throws(() => decoded('{"shops":[]}'), { code: 'CONFIG_INVALID' });
  assert.throws(() => decoded('{"shops":[{"shop":"north"}]}'), { code: 'CONFIG_INVALID' });
});

test('every site is asked whether its credentials are right; the name of a site is the first part of each key', async () => {
  const { clock, asked, capture } = answering();
  const context = { log: silentLog, signal: new AbortController().signal, taskName: '', preview: undefined };
  const found = await clock.run(capture.discover(decoded(configOf('north', 'south')), context));
  assert.deepEqual(asked, ['north.example.com/me Bearer of north', 'south.example.com/me Bearer of south']);
  assert.deepEqual(
    found.map(({ recommendedName, key }) => [recommendedName, ...key]),
    [
      ['rows', '/_meta/shop', '/id'],
      ['regions', '/_meta/shop', '/_meta/row_id'],
    ],
  );
  await assert.rejects(clock.run(capture.discover(decoded(configOf('north', 'north')), context)), {
    code: 'CDK_CREDENTIALS_INVALID',
    message: /"north" twice in \/shops/,
  });
});

interface Session {
  readonly state?: object;
  /** The shops that the streams reach. */
  readonly reached?: readonly string[];
  readonly log?: Logger;
}

/** A session of a second. */
async function captured(
  shops: readonly string[],
  bindings: readonly object[],
  { state = {}, reached = shops, log = silentLog }: Session = {},
) {
  const { clock, asked, capture } = answering(reached);
  const committed = new Committed();
  const ending = new AbortController();
  const session = {
    config: decoded(configOf(...shops)),
    bindings,
    state,
    output: new CrashingOutput(committed, Infinity, () => undefined),
    log,
    signal: ending.signal,
  };
  const timer = clock
    .until(clock.now() + 1000, ending.signal)
    .then(() => ending.abort(new DOMException('the end', 'AbortError')));
  await clock.run(capture.pull(session as unknown as CaptureSession<ApiConfig, ApiResource, object>));
  await timer;
  const documents = committed.documents.map(({ text }) => JSON.parse(text) as { id?: number; _meta: object });
  const sites = documents
    .filter(({ id }) => id === 1)
    .map(({ _meta }) => ('shop' in _meta ? _meta.shop : undefined));
  const states = committed.state['bindingStateV1'] as Record<string, { backfill: object; snapshot: object }>;
  return { asked, sites, states };
}

test('each site is read with its own credentials, and has a state of its own', async () => {
  const { asked, sites, states } = await captured(
    ['north', 'south'],
    [
      binding('rows', ['/_meta/shop', '/id']),
      { ...binding('regions', ['/_meta/shop', '/_meta/row_id']), index: 1 },
    ],
  );
  assert.deepEqual(
    new Set(asked),
    new Set(
      ['north', 'south'].flatMap((shop) =>
        ['/rows', '/regions'].map((path) => `${shop}.example.com${path} Bearer of ${shop}`),
      ),
    ),
  );
  assert.deepEqual(new Set(sites), new Set(['north', 'south']));
  assert.deepEqual(Object.keys(states['regions']?.snapshot ?? {}).toSorted(), ['north', 'south']);
});

test('a collection whose key does not hold the site is written all the same', async () => {
  const { sites } = await captured(['north'], [binding('rows', ['/id'])]);
  assert.deepEqual(new Set(sites), new Set(['north']));
});

test('a site that is configured and not reached any more is an error, and one that is gone from the configuration is told of', async () => {
  const both = ['north', 'south'];
  for (const [name, key] of [
    ['rows', ['/_meta/shop', '/id']],
    ['regions', ['/_meta/shop', '/_meta/row_id']],
  ] as const) {
    const bindings = [binding(name, key)];
    const { states } = await captured(both, bindings);
    const state = { bindingStateV1: states };
    // As it was, and with a site that was never reached.
    await captured(both, bindings, { state });
    await captured([...both, 'west'], bindings, { state, reached: both });
    await assert.rejects(captured(both, bindings, { state, reached: ['north'] }), {
      code: 'CDK_BINDING_UNKNOWN',
      message: /captured from "south", whose credentials do not reach it any more/,
    });
    const told: unknown[] = [];
    const log = {
      ...silentLog,
      warn: (_message: string, fields: unknown) => told.push(fields),
      with: () => log,
    };
    await captured(['north'], bindings, { state, log: log as unknown as Logger });
    assert.deepEqual(told, [{ stream: name, count: 1, parts: ['south'] }]);
  }
});

test('the plan is that of any site, also where the configuration names some', () => {
  const capture = apiCapture({
    ...api,
    base: (config) => `https://${String(Reflect.get(config, 'shop'))}.example.com`,
  });
  const decoded = decodeConfig(capture.spec.configSchema, configOf('north', 'south'), { what: 'it' });
  for (const plan of [capture.explain?.(decoded), capture.explain?.(undefined)]) {
    assert.match(plan ?? '', /GET https:\/\/\{shop\}\.example\.com\/rows/);
  }
});
