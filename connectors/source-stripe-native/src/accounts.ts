// The accounts that are connected to the one whose key it is. Each is read with the same key and a header that names it, and
// has a state of its own.

import {
  errors,
  type HttpClient,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type PartDefinition,
  parts,
  type StreamContext,
  type StreamDefinition,
} from '@weir/cdk';

/** So many accounts are read at the same time, those that are furthest behind first. */
const AT_ONCE = 40;
const PAGE = 100;
/** Lists the connected accounts themselves. */
const OF_THE_PLATFORM = 'Accounts';

/** The streams of all accounts, in the place of those of one; none where no account is connected. */
export async function ofConnectedAccounts(
  { client }: StreamContext,
  streams: Readonly<Record<string, PartDefinition>>,
  signal: AbortSignal,
): Promise<Readonly<Record<string, StreamDefinition>>> {
  const { ids } = await listed(client, { limit: 1 }, signal);
  if (ids.length === 0) return {};
  // Asked for once in a session, and not to discover streams: there may be many.
  let accounts: Promise<readonly string[]> | undefined;
  const all = (): Promise<readonly string[]> => (accounts ??= allAccounts(client, signal));
  return Object.fromEntries(
    Object.entries(streams)
      .filter(([name]) => name !== OF_THE_PLATFORM)
      .map(([name, stream]) => [name, ofEach(stream, all)]),
  );
}

function ofEach(stream: PartDefinition, accounts: () => Promise<readonly string[]>): StreamDefinition {
  const { interval, schedule, disabled } = stream.options;
  return parts({
    of: accounts,
    headers: (account) => ({ 'Stripe-Account': account }),
    stream: (account) => marked(stream, account),
    atOnce: AT_ONCE,
    interval,
    ...(schedule === undefined ? {} : { schedule }),
    ...(disabled === undefined ? {} : { disabled }),
    fields: { '/account_id': { type: 'string' } },
  });
}

type Marked = Extract<PartDefinition, { kind: 'changes' | 'child changes' | 'events' }>;

/** Its rows say whose they are. */
function marked(stream: PartDefinition, account: string): Marked {
  const map = (row: JsonObject): JsonObject => ({ ...row, account_id: account });
  switch (stream.kind) {
    case 'changes':
      return { kind: stream.kind, options: { ...stream.options, map } };
    case 'child changes':
      return { kind: stream.kind, options: { ...stream.options, map } };
    case 'events': {
      const { rowOf, history } = stream.options;
      return {
        kind: stream.kind,
        options: {
          ...stream.options,
          rowOf: (event) => {
            const change = rowOf(event);
            return change && { ...change, row: map(change.row) };
          },
          history:
            'kind' in history
              ? { kind: history.kind, options: { ...history.options, map } }
              : { ...history, map },
        },
      };
    }
    default:
      throw new TypeError(`a stream of accounts cannot be of the kind ${stream.kind}`);
  }
}

/** The account of the key first. */
async function allAccounts(client: HttpClient, signal: AbortSignal): Promise<readonly string[]> {
  const ids = [idOf(await client.json({ url: '/account' }, signal))];
  let after: string | undefined;
  do {
    const page = await listed(client, { limit: PAGE, starting_after: after }, signal);
    ids.push(...page.ids);
    const last = page.ids.at(-1);
    if (page.hasMore && (last === undefined || last === after))
      throw errors.CDK_PAGING_LOOP({ message: 'A page of accounts has more behind it, and no place where.' });
    after = page.hasMore ? last : undefined;
  } while (after !== undefined);
  return ids;
}

async function listed(
  client: HttpClient,
  query: Readonly<Record<string, string | number | undefined>>,
  signal: AbortSignal,
): Promise<{ readonly ids: readonly string[]; readonly hasMore: boolean }> {
  const answer = await client.json({ url: '/accounts', query }, signal);
  const { data: rows, has_more: more } = isJsonObject(answer) ? answer : {};
  if (!Array.isArray(rows)) throw errors.CDK_RECORDS_MISSING({ message: 'A list of accounts has no data.' });
  return { ids: rows.map(idOf), hasMore: more === true };
}

function idOf(account: JsonValue): string {
  const id = isJsonObject(account) ? account['id'] : undefined;
  if (typeof id === 'string') return id;
  throw errors.CDK_RECORDS_MISSING({ message: 'An account of Stripe has no id.' });
}
