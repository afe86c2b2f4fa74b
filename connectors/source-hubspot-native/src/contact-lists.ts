// The lists of contacts that an account has. They are listed by offsets, which shift when a list is deleted. So pages overlap:
// one that does not begin with what was seen has left something out, and what is above it is read again.

import { errors, type HttpClient, isJsonObject } from '@weir/cdk';
import { resultsOf } from './answers.ts';

const PAGE = 500;
/** Lists may be of other objects. */
const CONTACTS = '0-1';

/** The ids, in their order. */
export async function* contactLists(
  client: HttpClient,
  signal: AbortSignal,
): AsyncGenerator<number, void, void> {
  let offset = 0;
  let last = 0;
  for (;;) {
    const json = { count: PAGE, offset, sort: 'HS_LIST_ID', additionalProperties: [] };
    const answer = await client.json(
      { method: 'POST', url: '/crm/v3/lists/search', body: { json }, isSafe: true },
      signal,
    );
    const lists = resultsOf(answer, 'lists').map((list) => ({
      id: Number(list['listId']),
      of: list['objectTypeId'],
    }));
    assertSorted(lists.map(({ id }) => id));
    if (offset > 0 && (lists[0]?.id ?? Infinity) > last) {
      offset = Math.max(0, offset - PAGE);
      continue;
    }
    for (const { id, of } of lists) if (id > last && of === CONTACTS) yield id;
    last = Math.max(last, lists.at(-1)?.id ?? 0);
    if (!isJsonObject(answer) || answer['hasMore'] !== true) return;
    if (lists.length < 2) {
      throw errors.CDK_PAGING_LOOP({ message: 'The search for lists has a page that leads nowhere.' });
    }
    offset += lists.length - 1;
  }
}

function assertSorted(ids: readonly number[]): void {
  const at = ids.findIndex((id, index) => !(id > (ids[index - 1] ?? 0)));
  if (at === -1) return;
  throw errors.CDK_ORDER_BROKEN({ message: `The search for lists has ${ids[at]} behind ${ids[at - 1]}.` });
}
