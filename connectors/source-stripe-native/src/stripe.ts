// Stripe. Nearly every change of an object is an event that holds the object as it was then; one list has the events of
// all objects for 30 days. The objects themselves are listed newest first, by the time of their creation. What lies
// below an object is read again when an event tells of the object, unless it has events of its own.

import {
  afterLast,
  atOnce,
  bearer,
  changes,
  childChanges,
  createdAt,
  defineApi,
  descent,
  each,
  events,
  type EventsOptions,
  get,
  isJsonObject,
  type JsonObject,
  occurredAt,
  type RowChange,
} from '@weir/cdk';
import { ofConnectedAccounts } from './accounts.ts';
import { config, withWindow } from './config.ts';
import { type ObjectList, objects } from './event-types.ts';

const interval = '5m';
/** Rows that tell nothing of their changes are read again at midnight. */
const nightly = '0 0 * * *';
const time = { format: 'seconds', tick: '1s', lag: '1m' } as const;
const created = createdAt('/created', time);
const paging = afterLast({ param: 'starting_after', at: '/id', more: '/has_more' });
const list = { records: 'data', paging, cursor: created } as const;
const between = ({ from, to }: { from: string; to: string }) => ({
  'created[gte]': from,
  'created[lte]': to,
});
const row = { key: ['/id'], keyType: 'string', interval } as const;

/** What is gone for good. A subscription that was ended is still listed, with the status that says so. */
const isDeletion = (type: unknown): boolean =>
  typeof type === 'string' && type.endsWith('.deleted') && type !== 'customer.subscription.deleted';

/** The object of an event; `kind`: of which kind it has to be, where events of several kinds have the same type. */
const objectOf =
  (kind?: string) =>
  ({ type, data = null }: JsonObject): RowChange | undefined => {
    const object = isJsonObject(data) ? data['object'] : undefined;
    if (object === undefined || !isJsonObject(object)) return undefined;
    if (kind !== undefined && object['object'] !== kind) return undefined;
    return { row: object, isDeleted: isDeletion(type) };
  };

function eventsOf(types: readonly string[], history: EventsOptions['history'], kind?: string) {
  return events({
    ...row,
    events: {
      path: '/events',
      query: { 'types[]': types },
      records: 'data',
      paging,
      cursor: occurredAt('/created', time),
      between,
    },
    rowOf: objectOf(kind),
    longestWindow: '1d',
    retention: '30d',
    history,
  });
}

const listed = ({ path, events: types, query = {} }: ObjectList) => eventsOf(types, { ...list, path, query });

/** What is not there any more, or what this account may not have, is no failure of a list below it. */
const answers = [
  { status: 404, text: /"code":\s*"resource_missing"/, means: 'empty' },
  { status: 403, text: /controlled by (?:the|your) platform/i, means: 'empty' },
] as const;

type Below = Parameters<typeof childChanges>[0]['of'];

/** `as`: the member of `_meta` that holds the id of the object above. */
const below = (of: Below, as: string, path: (id: string) => string, query = {}) =>
  childChanges({ ...row, of, id: '/id', as, path, query, records: 'data', paging, answers });

const accounts = descent({ ...row, ...list, path: '/accounts', schedule: nightly });
const customers = listed(objects.Customers);
const subscriptions = listed(objects.Subscriptions);
const sources = ['created', 'updated', 'deleted'].map((what) => `customer.source.${what}`);
const externals = ['created', 'updated', 'deleted'].map((what) => `account.external_account.${what}`);
const persons = ['created', 'updated', 'deleted'].map((what) => `person.${what}`);
const payment = ['attached', 'automatically_updated', 'updated', 'detached'].map(
  (what) => `payment_method.${what}`,
);
const external = (object: string) =>
  below(accounts, 'account', (id) => `/accounts/${id}/external_accounts`, { object });
/** Accounts have no events here, so that what was missed below them is found at night. */
const again = <O extends object>({ kind, options }: { kind: 'events'; options: O }) => ({
  kind,
  options: { ...options, schedule: nightly },
});

const streams = {
  ...Object.fromEntries(Object.entries(objects).map(([name, object]) => [name, listed(object)])),
  Accounts: changes({ ...row, ...list, between, path: '/accounts', schedule: nightly }),
  Events: changes({
    ...row,
    ...list,
    between,
    path: '/events',
    cursor: occurredAt('/created', time),
  }),
  ...each(['BalanceTransactions', 'Files', 'FilesLink', 'ValueLists'], (name) =>
    changes({
      ...row,
      ...list,
      between,
      path: {
        BalanceTransactions: '/balance_transactions',
        Files: '/files',
        FilesLink: '/file_links',
        ValueLists: '/radar/value_lists',
      }[name],
      schedule: nightly,
      disabled: name === 'ValueLists',
    }),
  ),
  Persons: again(
    eventsOf(
      persons,
      below(accounts, 'account', (id) => `/accounts/${id}/persons`),
    ),
  ),
  ExternalAccountCards: again(eventsOf(externals, external('card'), 'card')),
  ExternalBankAccount: again(eventsOf(externals, external('bank_account'), 'bank_account')),
  Cards: eventsOf(
    sources,
    below(customers, 'customer', (id) => `/customers/${id}/cards`),
    'card',
  ),
  PaymentMethods: eventsOf(
    payment,
    below(customers, 'customer', (id) => `/customers/${id}/payment_methods`),
  ),
  BankAccounts: below(customers, 'customer', (id) => `/customers/${id}/bank_accounts`),
  CustomerBalanceTransaction: below(customers, 'customer', (id) => `/customers/${id}/balance_transactions`),
  ApplicationFeesRefunds: below(
    listed(objects.ApplicationFees),
    'application_fee',
    (id) => `/application_fees/${id}/refunds`,
  ),
  CheckoutSessionsLine: below(
    listed(objects.CheckoutSessions),
    'checkout_session',
    (id) => `/checkout/sessions/${id}/line_items`,
  ),
  CreditNotesLines: below(listed(objects.CreditNotes), 'credit_note', (id) => `/credit_notes/${id}/lines`),
  InvoiceLineItems: below(listed(objects.Invoices), 'invoice', (id) => `/invoices/${id}/lines`),
  SetupAttempts: below(
    listed(objects.SetupIntents),
    'setup_intent',
    (id) => `/setup_attempts?setup_intent=${id}`,
  ),
  SubscriptionItems: below(subscriptions, 'subscription', (id) => `/subscription_items?subscription=${id}`),
  TransferReversals: below(listed(objects.Transfers), 'transfer', (id) => `/transfers/${id}/reversals`),
  ValueListItems: {
    ...childChanges({
      ...row,
      of: changes({ ...row, ...list, between, path: '/radar/value_lists', schedule: nightly }),
      id: '/id',
      as: 'value_list',
      path: (id) => `/radar/value_list_items?value_list=${id}`,
      records: 'data',
      paging,
      answers,
      schedule: nightly,
      disabled: true,
    }),
  },
};

export const stripe = defineApi({
  name: 'source-stripe-native',
  title: 'Stripe',
  config,
  auth: [bearer()],
  start: { daysAgo: 30 },
  base: 'https://api.stripe.com/v1',
  probe: get('/account'),
  query: { limit: 100 },
  limits: [atOnce(20)],
  headers: ({ advanced: { api_version: version = '' } }) =>
    version === '' ? {} : { 'Stripe-Version': version },
  streams,
  describe: async (context, signal, { capture_connected_accounts: captures, advanced }) => {
    const windowed = withWindow(streams, advanced.incremental_window_size);
    const ofAccounts = captures ? await ofConnectedAccounts(context, windowed, signal) : {};
    return windowed === streams ? ofAccounts : { ...windowed, ...ofAccounts };
  },
});
