// Configurations and states as upstream wrote them before captures had lists of stores.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CaptureSession } from '@weir/capture';
import { apiCapture, type JsonObject } from '@weir/cdk';
import { Committed, CrashingOutput, FakeVendor, silentLog, VirtualClock } from '@weir/cdk/testing';
import { decodeConfig } from '@weir/schema';
import { SeededRandom } from '@weir/testing';
import { upgradeConfig } from '../src/config.ts';
import { shopify } from '../src/shopify.ts';
import { config, fakeShopify } from './fake-shopify.ts';

const NOW = Date.parse('2024-05-05T05:00:00Z');
const credentials = { credentials_title: 'Private App Credentials', access_token: 'shpat_north' };
const ofOneStore = { store: 'north', credentials, start_date: '2024-05-01T00:00:00Z' };

/** A session of some minutes at a calm fake, from a state. */
async function session(text: string, names: readonly string[], state: JsonObject) {
  const clock = new VirtualClock(NOW);
  const random = new SeededRandom(7);
  const vendor = new FakeVendor(fakeShopify, { clock, random, changesUntilMs: 0, isCalm: true });
  const asked: string[] = [];
  const transport: typeof vendor.transport = async (request) => {
    asked.push(`${request.url.hostname} ${request.body ?? ''}`);
    return await vendor.transport(request);
  };
  const capture = apiCapture(shopify, { clock, random, transport });
  const decoded = decodeConfig(capture.spec.configSchema, text, {
    what: 'the configuration',
    upgrade: (raw) => capture.upgradeConfig?.(raw) ?? raw,
  });
  capture.checkConfig?.(decoded);
  const context = { log: silentLog, signal: new AbortController().signal, taskName: '', preview: undefined };
  const found = await clock.run(capture.discover(decoded, context));
  const committed = new Committed();
  const ending = new AbortController();
  const opened = {
    config: decoded,
    bindings: names.map((name, index) => {
      const key = found.find(({ recommendedName }) => recommendedName === name)?.key ?? [];
      const collection = { name: `acme/${name}`, key };
      return { index, resource: { name }, resourcePath: [name], stateKey: name, backfill: 0, collection };
    }),
    state: { bindingStateV1: state },
    output: new CrashingOutput(committed, Infinity, () => undefined),
    log: silentLog,
    signal: ending.signal,
  };
  asked.length = 0;
  const timer = clock
    .until(clock.now() + 10 * 60_000, ending.signal)
    .then(() => ending.abort(new DOMException('the end', 'AbortError')));
  await clock.run(capture.pull(opened as unknown as CaptureSession<never, never, object>));
  await timer;
  const keys = Object.fromEntries(found.map(({ recommendedName, key }) => [recommendedName, key.join()]));
  const states = committed.state['bindingStateV1'] as Readonly<Record<string, JsonObject>>;
  const documents = committed.documents.map(({ binding, text: line }) => ({
    stream: names[binding] ?? '',
    document: JSON.parse(line) as { _meta: JsonObject; updatedAt: string },
  }));
  return { keys, states, asked, documents };
}

test('a configuration of one store, and its state, go on: nothing is read again, and keys stay as they are', async () => {
  const cursor = '2024-05-05T04:50:00Z';
  const { keys, states, asked, documents } = await session(
    JSON.stringify(ofOneStore),
    ['orders', 'order_refunds', 'locations', 'markets'],
    {
      // By operations: upstream has no backfill of them.
      orders: { inc: { cursor }, last_initialized: '2024-04-01T00:00:00Z' },
      // By pages, with a backfill that goes on at a time, and one that goes on at a page.
      order_refunds: {
        inc: { cursor },
        backfill: { cutoff: '2024-05-05T04:00:00Z', next_page: '2024-05-05T03:30:00Z' },
        last_initialized: '2024-04-01T00:00:00Z',
      },
      locations: {
        inc: { cursor },
        backfill: { cutoff: '2024-05-05T04:00:00Z', next_page: '3' },
        last_initialized: '2024-04-01T00:00:00Z',
      },
      markets: {
        snapshot: { updated_at: cursor, last_count: 1, last_digest: 'x' },
        last_initialized: '2024-04-01T00:00:00Z',
      },
    },
  );
  assert.deepEqual([keys['orders'], keys['markets']], ['/id', '/_meta/store,/_meta/row_id']);
  const times = asked.flatMap((body) => /updated_at:>='([^']+)'/.exec(body)?.[1] ?? []);
  assert.ok(times.length > 0 && times.every((from) => from >= '2024-05-05T03:30:00Z'), times.join());
  assert.ok(asked.some((body) => body.includes('{ locations(') && body.includes('"after":"3"')));
  for (const name of ['orders', 'order_refunds', 'locations']) {
    const { inc, backfill } = states[name] ?? {};
    assert.deepEqual(Object.keys(inc ?? {}), ['north'], name);
    const { north } = inc as { north: { cursor: string } };
    assert.ok(north.cursor > cursor, name);
    assert.ok(!JSON.stringify(backfill ?? {}).includes('cutoff'), name);
  }
  assert.ok('north' in ((states['markets'] ?? {})['snapshot'] as object));
  // Rows of orders are those that changed since, and the store is told of all the same.
  for (const { stream, document } of documents) {
    assert.equal(document._meta['store'], 'north');
    if (stream === 'orders') assert.ok(document.updatedAt >= cursor);
  }
});

test('stores that join the first one begin with their history, and take nothing from its state', async () => {
  const { stores } = JSON.parse(config) as { stores: object[] };
  const { states, asked, keys } = await session(
    JSON.stringify({ start_date: ofOneStore.start_date, stores }),
    ['orders'],
    {
      orders: { inc: { cursor: '2024-05-05T04:50:00Z' }, last_initialized: '2024-04-01T00:00:00Z' },
    },
  );
  assert.equal(keys['orders'], '/_meta/store,/id');
  const from = (store: string) =>
    asked
      .filter((each) => each.startsWith(store))
      .flatMap((body) => /updated_at:>='([^']+)'/.exec(body)?.[1] ?? [])
      .toSorted()[0];
  assert.equal(from('north'), '2024-05-05T04:50:00Z');
  assert.equal(from('south'), '2024-05-01T00:00:00Z');
  assert.deepEqual(Object.keys(states['orders']?.['inc'] ?? {}).toSorted(), ['north', 'south']);
});

test('several stores have their names in the keys of their collections', async () => {
  const { stores } = JSON.parse(config) as { stores: object[] };
  await assert.rejects(
    session(JSON.stringify({ stores, advanced: { should_use_composite_key: false } }), [], {}),
    { code: 'CONFIG_INVALID', message: /should_use_composite_key is off/ },
  );
});

test('a token that users signed in for is that of a store', async () => {
  const oauth = { credentials_title: 'OAuth Credentials', client_id: 'i', client_secret: 's' };
  const text = JSON.stringify({ ...ofOneStore, credentials: { ...oauth, access_token: 'shpat_north' } });
  const { keys } = await session(text, ['markets'], {});
  assert.ok(keys['orders'] !== undefined);
});

test('windows of days, months and years become durations of days, and everything else stays as it is', () => {
  const upgraded = (size: unknown): unknown =>
    (upgradeConfig({ stores: [], advanced: { window_size: size } })['advanced'] as JsonObject)['window_size'];
  for (const [size, days] of [
    [30, 'P30D'],
    ['P1M', 'P30D'],
    ['P1Y', 'P365D'],
    ['P1W2D', 'P9D'],
    ['P2M3DT4H', 'P63DT4H'],
    ['P30D', 'P30D'],
    ['PT6H', 'PT6H'],
    ['P1D2M', 'P1D2M'],
    ['', ''],
  ] as const) {
    assert.equal(upgraded(size), days);
  }
  const modern = { stores: [{ store: 'a' }], start_date: '2024-01-01T00:00:00Z' };
  assert.deepEqual(upgradeConfig(modern), modern);
  const old = {
    store: 'a',
    credentials: { x: 1 },
    advanced: { window_size: 7, should_use_composite_key: true },
  };
  assert.deepEqual(upgradeConfig(old), {
    stores: [{ store: 'a', credentials: { x: 1 } }],
    advanced: { window_size: 'P7D', should_use_composite_key: false },
  });
});
