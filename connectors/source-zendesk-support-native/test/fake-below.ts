// What Zendesk lists below a ticket and below a post.

import type { FakeApi } from '@weir/cdk/testing';
import { type JsonObject, type JsonValue, stringifyJson } from '@weir/schema/json';

/** The lists of the rows above. */
export const below = { tickets: '/api/v2/tickets', posts: '/api/v2/community/posts' } as const;

type ListBelow = NonNullable<FakeApi['below']>[string];

/** Some rows have two pages below them, each other one a single one: what is read meanwhile changes with every request. */
const numbersBelow = ({ id }: JsonObject): readonly number[] => (Number(id) % 7 === 0 ? [1, 2] : [1]);

const textOf = (value: JsonValue | undefined): string => stringifyJson(value ?? null);

/** Audits and comments alike. */
export function auditsOf({ id = null, version = null }: JsonObject): JsonObject[] {
  return numbersBelow({ id }).map((number) => ({ id: Number(id) * 10 + number, ticket_id: id, version }));
}

export function sideConversationsOf({ id = null, version = null }: JsonObject): JsonObject[] {
  return numbersBelow({ id }).map((number) => ({ id: `${textOf(id)}-${number}`, ticket_id: id, version }));
}

/** Nobody has voted on the others, or on their comments, which is not asked for then. */
const hasVotes = ({ id }: JsonObject): boolean => Number(id) % 3 === 0;

export function votesOf({ id = null, version = null }: JsonObject): JsonObject[] {
  if (!hasVotes({ id })) return [];
  return numbersBelow({ id }).map((number) => ({ id: Number(id) * 10 + number, version }));
}

/** The first one has the votes; the second one has none. */
export function commentsOf(row: JsonObject): JsonObject[] {
  const { id = null, version = null } = row;
  return [votesOf(row).length, 0].map((vote_count, index) => ({
    id: Number(id) * 10 + index,
    version,
    vote_count,
  }));
}

/** One row a page. */
function cursorPage(records: string, rows: readonly JsonObject[], { searchParams }: URL) {
  const isFirst = searchParams.get('page[after]') === null;
  const page = isFirst ? rows.slice(0, 1) : rows.slice(1);
  return { body: { [records]: page, meta: { has_more: isFirst && rows.length > 1, after_cursor: 'one' } } };
}

/** The API does not say whose comments it lists. */
const withoutTicket = ({ ticket_id: _ticket, ...row }: JsonObject): JsonObject => row;

export const listBelowTickets: ListBelow = (ticket, url) => {
  if (ticket === undefined) return { status: 404, text: 'RecordNotFound' };
  const records = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
  if (records !== 'side_conversations')
    return cursorPage(records, auditsOf(ticket.row).map(withoutTicket), url);
  const rows = sideConversationsOf(ticket.row);
  const isFirst = url.searchParams.get('page') === null;
  return {
    body: {
      side_conversations: isFirst ? rows.slice(0, 1) : rows.slice(1),
      next_page: isFirst && rows.length > 1 ? `${url.origin}${url.pathname}?page=2` : null,
    },
  };
};

export const listBelowPosts: ListBelow = (post, url) => {
  if (post === undefined) return { status: 404, text: 'RecordNotFound' };
  const { pathname } = url;
  if (/posts\/\d+\/comments$/.test(pathname)) return cursorPage('comments', commentsOf(post.row), url);
  const isVoted = /posts\/\d+\/(?:comments\/\d+0\/)?votes$/.test(pathname) && hasVotes(post.row);
  return isVoted
    ? cursorPage('votes', votesOf(post.row), url)
    : { status: 400, text: 'nobody has voted on it' };
};
