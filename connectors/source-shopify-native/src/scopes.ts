// What a token has to be granted for each stream (`accessScopes` of the app in the store). The API's public types do not tell the
// scopes, so these were not checked against it. A scope to write holds the one to read.

import { errors, isJsonObject, type StreamContext } from '@weir/cdk';
import { parsePointer, resolvePointer } from '@weir/schema';
import { graphqlRequest } from './graphql-requests.ts';

/** One of these, or all that are in one of them, by the beginning of the name of a stream; the longest that fits holds. */
const needed: Readonly<Record<string, readonly string[]>> = {
  abandoned: ['orders'],
  customer: ['customers'],
  product: ['products'],
  fulfillment_orders: [
    'assigned_fulfillment_orders',
    'merchant_managed_fulfillment_orders',
    'third_party_fulfillment_orders',
    'marketplace_fulfillment_orders',
  ],
  fulfillments: ['orders'],
  order: ['orders'],
  order_returns: ['returns', 'orders'],
  inventory: ['inventory'],
  inventory_levels: ['inventory locations'],
  custom_: ['products'],
  smart_: ['products'],
  location: ['locations'],
  disputes: ['shopify_payments_disputes'],
  markets: ['markets'],
};

export function reaches(granted: ReadonlySet<string>, stream: string): boolean {
  const fitting = Object.keys(needed).filter((beginning) => stream.startsWith(beginning));
  const longest = fitting.toSorted((left, right) => right.length - left.length)[0] ?? '';
  return (needed[longest] ?? []).some((scopes) => scopes.split(' ').every((scope) => granted.has(scope)));
}

/** What the token of a store may read, without `read_`. */
export async function grantedScopes(
  { client }: StreamContext,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const request = graphqlRequest('{ currentAppInstallation { accessScopes { handle } } }');
  const answer = await client.json({ ...request, isSafe: true }, signal);
  const scopes = resolvePointer(answer, parsePointer('/data/currentAppInstallation/accessScopes'));
  // Without it the store would have no streams.
  if (!Array.isArray(scopes)) {
    throw errors.CDK_RECORDS_MISSING({ message: 'Shopify does not say what the token of a store may read.' });
  }
  return new Set(
    scopes
      .filter(isJsonObject)
      .map(({ handle }) => handle)
      .filter((handle) => typeof handle === 'string')
      .map((handle) => handle.replace(/^(?:read|write)_(?:all_)?/, '')),
  );
}
