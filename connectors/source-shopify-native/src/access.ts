// What a token has to be granted for each stream (`accessScopes` of the app in the store), and which plans of Shopify have it. The
// API's public types do not tell either, so these were not checked against it. A scope to write holds the one to read.

import { errors, isJsonObject, type JsonObject, objectsAt, type StreamContext } from '@weir/cdk';
import { parsePointer, resolvePointer } from '@weir/schema';
import { graphqlRequest } from './bulk-operation.ts';

/** One of these, or all that are in one of them, by the beginning of the name of a stream; the longest that fits holds. */
const needed: Readonly<Record<string, readonly string[]>> = {
  abandoned: ['orders'],
  customer: ['customers'],
  product: ['products'],
  fulfillment_orders: ['assigned', 'merchant_managed', 'third_party', 'marketplace'].map(
    (whose) => `${whose}_fulfillment_orders`,
  ),
  fulfillments: ['orders'],
  order: ['orders'],
  order_returns: ['returns', 'orders'],
  inventory: ['inventory'],
  inventory_levels: ['inventory locations'],
  custom_: ['products'],
  smart_: ['products'],
  location: ['locations'],
  subscription: ['own_subscription_contracts'],
  disputes: ['shopify_payments_disputes'],
  markets: ['markets'],
  staff_members: ['users'],
};
/** What custom apps read on the larger plans only: who bought, and who works in the store. */
const notOnPlans: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    ['customers', 'orders', 'fulfillment_orders'].map((name) => [name, ['Basic', 'Starter']]),
  ),
  staff_members: ['Basic', 'Starter', 'Shopify'],
};

/** What the token of a store may read. */
export interface Access {
  /** Without `read_`. */
  readonly scopes: ReadonlySet<string>;
  /** undefined: one that has everything. */
  readonly plan: string | undefined;
}

export function reaches({ scopes, plan }: Access, stream: string): boolean {
  if (plan !== undefined && notOnPlans[stream]?.includes(plan) === true) return false;
  const fitting = Object.keys(needed).filter((beginning) => stream.startsWith(beginning));
  const longest = fitting.toSorted((left, right) => right.length - left.length)[0] ?? '';
  return (needed[longest] ?? []).some((each) => each.split(' ').every((scope) => scopes.has(scope)));
}

const ASKED =
  '{ currentAppInstallation { accessScopes { handle } } shop { plan { displayName partnerDevelopment shopifyPlus } } }';

export async function accessOf({ client, config }: StreamContext, signal: AbortSignal): Promise<Access> {
  const answer = await client.json({ ...graphqlRequest(ASKED), isSafe: true }, signal);
  const scopes = objectsAt(answer, '/data/currentAppInstallation/accessScopes');
  const plan = resolvePointer(answer, parsePointer('/data/shop/plan'));
  // Without them the store would have no streams.
  if (scopes === undefined) {
    throw errors.CDK_RECORDS_MISSING({ message: 'Shopify does not say what the token of a store may read.' });
  }
  const handles = scopes.map(({ handle }) => handle).filter((handle) => typeof handle === 'string');
  return {
    scopes: new Set(handles.map((handle) => handle.replace(/^(?:read|write)_(?:all_)?/, ''))),
    plan: isJsonObject(plan ?? null) && !isPublicApp(config) ? limiting(plan as JsonObject) : undefined,
  };
}

/** The name of a plan that has not everything, by a name that it may have. */
function limiting({ displayName, partnerDevelopment, shopifyPlus }: JsonObject): string | undefined {
  if (partnerDevelopment === true || shopifyPlus === true) return undefined;
  return typeof displayName === 'string' ? displayName : undefined;
}

/** Apps that users have signed in at are not held to the plans of stores. */
function isPublicApp(config: StreamContext['config']): boolean {
  const title = resolvePointer((config ?? null) as never, parsePointer('/credentials/credentials_title'));
  return title === 'OAuth Credentials';
}
