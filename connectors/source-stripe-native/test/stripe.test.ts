import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  apiCapture,
  type ApiRequest,
  catalogue,
  events,
  explainApi,
  occurredAt,
  type StreamContext,
  type Transport,
} from '@weir/cdk';
import { convergeApi, silentLog, VirtualClock } from '@weir/cdk/testing';
import { decodeConfig, lintConfigSchema } from '@weir/schema';
import { checkReadmeTables, matchSnapshot, SeededRandom } from '@weir/testing';
import { ofConnectedAccounts } from '../src/accounts.ts';
import { withWindow } from '../src/config.ts';
import { stripe } from '../src/stripe.ts';
import {
  accounts,
  bankAccounts,
  config,
  configOfAccounts,
  fakeStripe,
  objectOf,
  pathOf,
} from './fake-stripe.ts';

test('the schemas of the spec keep the guidelines for configurations, and are as recorded', () => {
  const { spec } = apiCapture(stripe);
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
  matchSnapshot(import.meta.url, 'plan.txt', explainApi(stripe, 'https://api.stripe.com/v1', now));
});

test('what is discovered is as recorded', async () => {
  const clock = new VirtualClock(Date.parse('2024-05-05T05:00:00Z'));
  const random = new SeededRandom(1);
  const transport = async () => ({ status: 200, headers: {}, body: (async function* () {})() });
  const capture = apiCapture(stripe, { clock, random, transport });
  const decoded = decodeConfig(capture.spec.configSchema, config, { what: 'the configuration' });
  const signal = new AbortController().signal;
  const context = { log: silentLog, signal, taskName: '', preview: undefined };
  const found = await clock.run(capture.discover(decoded, context));
  const shown = found.filter(({ recommendedName }) => /^(Customers|BankAccounts)$/.test(recommendedName));
  const names = found
    .map(({ recommendedName, key, resource, disable }) =>
      [recommendedName, key.join(), resource.schedule ?? '', disable ? 'not enabled' : ''].join(' ').trim(),
    )
    .sort();
  matchSnapshot(import.meta.url, 'discovered.txt', `${names.join('\n')}\n${JSON.stringify(shown, null, 2)}`);
});

const truths = {
  Customers: { lists: ['/v1/customers'], rows: (row: object) => [objectOf('customer', { ...row })] },
  Products: { lists: ['/v1/products'], rows: (row: object) => [objectOf('product', { ...row })] },
  BankAccounts: {
    lists: ['/v1/customers'],
    rows: (row: object) => bankAccounts({ ...row }),
    idOf: ({ id }: { id?: unknown }) => Number((typeof id === 'string' ? id : '').split('_')[1]),
  },
};

test('on a fake of Stripe: killed between any two lines, the collections end equal to its objects', async () => {
  const faults = new Set<string>();
  for (let seed = 1; seed <= 3; seed += 1) {
    const random = new SeededRandom(seed);
    const converged = await convergeApi({ api: stripe, fake: fakeStripe, config, streams: truths, random });
    for (const { name, captured, expected } of converged.streams) {
      assert.deepEqual(captured, expected, `${name}, seed ${seed}`);
    }
    for (const fault of Object.keys(converged.faults)) faults.add(fault);
  }
  assert.deepEqual([...faults].toSorted(), ['cut', 'expired', 'failing', 'reset', 'throttled']);
});

test('the accounts that are connected are captured too, each with its own objects', async () => {
  const ofAccounts = (kind: string, path: string) => ({
    lists: accounts.map((account) => pathOf(path, account)),
    rowsOf: (list: string, row: object) => {
      const account = accounts.find((each) => pathOf(path, each) === list) ?? '';
      return [{ ...objectOf(kind, { ...row }, account), account_id: account }];
    },
  });
  for (let seed = 1; seed <= 3; seed += 1) {
    const { streams } = await convergeApi({
      api: stripe,
      fake: fakeStripe,
      config: configOfAccounts,
      streams: {
        Customers: ofAccounts('customer', '/v1/customers'),
        Products: ofAccounts('product', '/v1/products'),
      },
      random: new SeededRandom(seed),
    });
    for (const { name, captured, expected } of streams) {
      assert.ok(new Set(expected.map(({ account_id: account }) => account)).size === accounts.length);
      assert.deepEqual(captured, expected, `${name}, seed ${seed}`);
    }
  }
});

test('the version of the API and the longest look at events are as the configuration says', async () => {
  const clock = new VirtualClock(Date.parse('2024-05-05T05:00:00Z'));
  const versions = new Set<string | undefined>();
  const transport: Transport = async ({ headers }) => {
    versions.add(headers['Stripe-Version']);
    return { status: 200, headers: {}, body: (async function* () {})() };
  };
  const capture = apiCapture(stripe, { clock, random: new SeededRandom(1), transport });
  const advanced = { api_version: '2024-06-20', incremental_window_size: 'PT1H' };
  const { spec } = capture;
  const text = JSON.stringify({ ...JSON.parse(config), advanced });
  const decoded = decodeConfig(spec.configSchema, text, { what: 'the configuration' });
  const { signal } = new AbortController();
  await clock.run(
    capture.discover(decoded as never, { log: silentLog, signal, taskName: '', preview: undefined }),
  );
  assert.deepEqual([...versions], ['2024-06-20']);
  const { Customers, BankAccounts, Files } = stripe.streams;
  assert.ok(Customers?.kind === 'events');
  const windowed = withWindow({ Customers, BankAccounts, Files }, 'PT1H');
  assert.ok(windowed['Customers']?.kind === 'events' && windowed['BankAccounts']?.kind === 'child changes');
  assert.equal(windowed['Customers'].options.longestWindow, '3600000ms');
  assert.ok(windowed['BankAccounts'].options.of.kind === 'events');
  assert.equal(windowed['BankAccounts'].options.of.options.longestWindow, '3600000ms');
  assert.equal(windowed['Files'], Files);
});

test('the property can fail: without the lag, events that appear late are lost', async () => {
  const { Customers } = stripe.streams;
  assert.ok(Customers !== undefined && Customers.kind === 'events');
  const { events: log } = Customers.options;
  const cursor = occurredAt('/created', { format: 'seconds', tick: '1s', lag: '0s' });
  const hasty = events({ ...Customers.options, events: { ...log, cursor } });
  let lost = 0;
  for (let seed = 1; seed <= 3; seed += 1) {
    const { streams } = await convergeApi({
      api: { ...stripe, streams: { ...stripe.streams, Customers: hasty } },
      fake: fakeStripe,
      config,
      // The others have the objects change between two looks of this one.
      streams: { Customers: truths.Customers, Products: truths.Products, BankAccounts: truths.BankAccounts },
      random: new SeededRandom(seed),
    });
    for (const { captured, expected } of streams.slice(0, 1)) {
      if (JSON.stringify(captured) !== JSON.stringify(expected)) lost += 1;
    }
  }
  assert.ok(lost > 0);
});

test('what Stripe answers for what is gone is an empty list, and any other refusal ends the task', async () => {
  for (const [status, text, code] of [
    [404, '{"error":{"code": "resource_missing"}}', undefined],
    [404, '{"error":{"message":"Unrecognized request URL"}}', 'CDK_HTTP_REFUSED'],
    [403, '{"error":{"message":"This account is controlled by the platform"}}', undefined],
    [403, '{"error":{"message":"no permission"}}', 'CDK_HTTP_FORBIDDEN'],
  ] as const) {
    const { BankAccounts } = stripe.streams;
    assert.equal(BankAccounts.kind, 'child changes');
    const below = {
      ...fakeStripe,
      below: { '/v1/customers': () => ({ status, text }) },
    };
    const run = convergeApi({
      api: stripe,
      fake: below,
      config,
      streams: { BankAccounts: { lists: ['/v1/customers'], rows: () => [] } },
      random: new SeededRandom(3),
    });
    if (code === undefined) assert.deepEqual((await run).streams[0]?.captured, []);
    else await assert.rejects(run, { code });
  }
});

test('an object that is deleted is deleted, and a subscription that has ended is not', () => {
  const { Customers, Subscriptions } = stripe.streams;
  assert.ok(Customers?.kind === 'events' && Subscriptions?.kind === 'events');
  const event = (type: string) => ({ type, data: { object: { id: 'x' } } });
  assert.equal(Customers.options.rowOf(event('customer.deleted'))?.isDeleted, true);
  assert.equal(Subscriptions.options.rowOf(event('customer.subscription.deleted'))?.isDeleted, false);
});

test('events of cards and bank accounts have the same types, and are told apart by what they hold', () => {
  const { ExternalAccountCards } = stripe.streams;
  assert.ok(ExternalAccountCards.kind === 'events');
  const event = (object: string) => ({
    type: 'account.external_account.created',
    data: { object: { id: 'x', object } },
  });
  assert.deepEqual(ExternalAccountCards.options.rowOf(event('card'))?.row, { id: 'x', object: 'card' });
  assert.equal(ExternalAccountCards.options.rowOf(event('bank_account')), undefined);
});

test('the tables of the README are those of the schemas and of the errors', () => {
  const { spec } = apiCapture(stripe);
  checkReadmeTables(import.meta.url, { config: spec.configSchema, resource: spec.resourceSchema }, catalogue);
});

test('a page of accounts that has more behind it, and no new place where, is an error: none is left out, and none is asked for without end', async () => {
  const { signal } = new AbortController();
  const accountsOf = async (pages: readonly (readonly string[])[]): Promise<readonly string[]> => {
    const left = [...pages];
    const client = {
      json: async ({ url, query }: ApiRequest) => {
        if (url === '/account') return { id: 'own' };
        if (query?.['limit'] === 1) return { data: [{ id: 'a' }], has_more: true };
        const ids = left.shift();
        assert.ok(ids !== undefined, 'asked for once more than there are pages');
        return { data: ids.map((id) => ({ id })), has_more: left.length > 0 || ids.at(-1) !== 'z' };
      },
    };
    const context = { client } as unknown as StreamContext;
    const streams = stripe.streams as Parameters<typeof ofConnectedAccounts>[1];
    const of = (await ofConnectedAccounts(context, streams, signal))['Customers'];
    assert.ok(of?.kind === 'parts');
    return of.options.of(context, signal);
  };
  assert.deepEqual(await accountsOf([['a', 'b'], ['z']]), ['own', 'a', 'b', 'z']);
  for (const pages of [[[]], [['a'], []], [['a'], ['a']]])
    await assert.rejects(accountsOf(pages), { code: 'CDK_PAGING_LOOP' });
});
