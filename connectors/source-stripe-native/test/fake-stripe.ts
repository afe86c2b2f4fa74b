// Stripe as far as the connector relies on it. Where its ways are known from: `starting_after`, `has_more`, `limit`, the
// bounds `created[gte]` and `created[lte]`, `types[]`, lists newest first, times in whole seconds and the error
// `resource_missing` are those of the published OpenAPI description that the vendor's package `stripe` is made from, and so are the
// header `Stripe-Account`, which has a request answered for a connected account, and the lists `/account` and `/accounts`. How late
// events appear, and that pages hold no more than five rows, is made up.

import type { FakeApi, FakeList, FakePage, FakeRefusal, TableRow } from '@weir/cdk/testing';
import type { JsonObject } from '@weir/cdk';

/** The account of the key, and those that are connected to it, newest first. */
const platform = 'acct_1';
const connected = ['acct_3', 'acct_2'];
export const accounts = [platform, ...connected];

/** Where the table of an account is. */
export const pathOf = (path: string, account = platform): string =>
  account === platform ? path : `/${account}${path}`;

const seconds = ({ ms }: { ms: number }): number => Math.floor(ms / 1000);

/** A row of a table as an object of the API. Ids are unique across accounts. */
export function objectOf(
  kind: string,
  { id = 0, version = 0, created_at }: JsonObject,
  account = platform,
): JsonObject {
  const created = Date.parse(typeof created_at === 'string' ? created_at : '') / 1000;
  return { id: idIn(account, Number(id)), object: kind, created, version };
}

const idIn = (account: string, id: number): string => (account === platform ? '' : `${account}_`) + id;

function page(rows: readonly JsonObject[], { searchParams }: URL): FakePage | FakeRefusal {
  const after = searchParams.get('starting_after');
  const found = after === null ? -1 : rows.findIndex(({ id }) => id === after);
  if (after !== null && found === -1) {
    return { status: 400, text: '{"error":{"code":"resource_missing","param":"starting_after"}}' };
  }
  const rest = rows.slice(found + 1);
  const size = Math.min(Number(searchParams.get('limit')), 5);
  return { body: { object: 'list', data: rest.slice(0, size), has_more: rest.length > size } };
}

const newestFirst = (left: Pick<TableRow, 'id' | 'createdAt'>, right: typeof left): number =>
  right.createdAt.compare(left.createdAt) || right.id - left.id;

const hidden = (): FakeRefusal => ({ status: 404, text: 'no such path' });

const list =
  (kind: string, path: string): FakeList =>
  (_rows, url, _table, { headers }, tables) => {
    const account = headers['Stripe-Account'];
    const table = tables(pathOf(path, account));
    const rows = table.visible();
    // A row that is deleted is still known as a position.
    const shown = new Set(rows.map(({ id }) => id));
    const ever = table.ever().toSorted(newestFirst);
    const after = ever.findIndex(
      ({ id }) => idIn(account ?? platform, id) === url.searchParams.get('starting_after'),
    );
    const rest = ever.slice(after + 1).filter(({ id }) => shown.has(id));
    const bare = new URL(url);
    bare.searchParams.delete('starting_after');
    return page(
      rest.map(({ id }) => objectOf(kind, rows.find((row) => row.id === id)?.row ?? {}, account)),
      bare,
    );
  };

const kinds = { customer: '/v1/customers', product: '/v1/products' } as const;

const events: FakeList = (_rows, url, table, { headers }, tables) => {
  const { searchParams } = url;
  const account = headers['Stripe-Account'];
  const types = searchParams.getAll('types[]');
  const [from, to] = [searchParams.get('created[gte]'), searchParams.get('created[lte]')].map(Number);
  const wanted = Object.entries(kinds).flatMap(([kind, path]) => {
    const own = tables(pathOf(path, account));
    // Objects change between two looks at the log, not with every page.
    if (!searchParams.has('starting_after')) own.changeUntilTheEnd();
    return own.log
      .filter(({ at, visibleAtMs }) => {
        const second = seconds(at);
        return second >= (from ?? 0) && second <= (to ?? 0) && visibleAtMs <= table.nowMs;
      })
      .map(({ id, row, at, sequence }) => {
        const type = `${kind}.${row === undefined ? 'deleted' : 'updated'}`;
        const object = objectOf(kind, row ?? { id }, account);
        return {
          id: `evt_${kind}_${sequence}`,
          object: 'event',
          type,
          created: seconds(at),
          sequence,
          data: { object },
        };
      });
  });
  return page(
    wanted
      .filter(({ type }) => types.includes(type))
      .toSorted((left, right) => right.created - left.created || Number(right.sequence - left.sequence))
      .map(({ sequence: _sequence, ...event }) => event),
    url,
  );
};

/** The bank accounts of a customer: two, which change with it. */
export function bankAccounts(row: JsonObject): JsonObject[] {
  const { id, version = 0 } = objectOf('customer', row);
  return [1, 2].map((n) => ({ id: `ba_${Number(id)}_${n}`, object: 'bank_account', version }));
}

export const fakeStripe: FakeApi = {
  origin: 'https://api.stripe.com',
  accepts: ({ headers }) => headers['authorization'] === 'Bearer sk_test_1',
  lists: {
    '/v1/customers': list('customer', '/v1/customers'),
    '/v1/products': list('product', '/v1/products'),
    '/v1/events': events,
    '/v1/account': () => ({ body: { id: platform, object: 'account' } }),
    // A page has one account.
    '/v1/accounts': (_rows, { searchParams }) => {
      const after = searchParams.get('starting_after');
      const at = after === null ? 0 : connected.indexOf(after) + 1;
      const data = connected.slice(at, at + 1).map((id) => ({ id, object: 'account' }));
      return { body: { object: 'list', data, has_more: at + 1 < connected.length } };
    },
    ...Object.fromEntries(
      connected.flatMap((account) => Object.values(kinds).map((path) => [pathOf(path, account), hidden])),
    ),
  },
  below: {
    '/v1/customers': (row, url) => {
      const missing = '{"error":{"code": "resource_missing","type":"invalid_request_error"}}';
      return row === undefined ? { status: 404, text: missing } : page(bankAccounts(row.row), url);
    },
  },
  tables: { latestMs: 30_000 },
};

export const configOfAccounts = JSON.stringify({
  credentials: { credentials_title: 'Private App Credentials', access_token: 'sk_test_1' },
  start_date: '2024-01-01T00:00:00Z',
  capture_connected_accounts: true,
});

export const config =
  '{"credentials":{"credentials_title":"Private App Credentials","access_token":"sk_test_1"},"start_date":"2024-01-01T00:00:00Z"}';
