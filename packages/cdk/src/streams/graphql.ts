// Lists of GraphQL APIs: a query with variables, pages by Relay's connections, and errors inside of answers whose status is
// that of success.

import { isJsonObject, parsePointer, resolvePointer } from '@weir/schema';
import { getProperty, type JsonObject, type JsonValue } from '@weir/schema/json';
import { errors } from '../errors.ts';
import type { BudgetLeft } from '../http/rate-limit.ts';
import type { AnswerRule, ApiRequest } from '../http/request.ts';
import type { ListPosition, Paging } from '../paging/paging.ts';
import { type ConnectionsWithin, completeConnections, nextCursor } from './connections-within.ts';
import type { FixedList } from './list-options.ts';

export interface ConnectionOptions {
  readonly query: string;
  /** Beside those of the page and of the filter. */
  readonly variables?: JsonObject;
  /** Where an answer has the connection: `data.shop.orders`. Its rows are its `nodes`. */
  readonly at: string;
  /** The variable of the number of rows on a page, and that number. */
  readonly size: readonly [variable: string, rows: number];
  /** The variable of the position; `after`. */
  readonly after?: string;
  /** What an answer says whose caller has asked too much, and one whose caller may not read this. */
  readonly throttled?: RegExp;
  readonly forbidden?: RegExp;
  /** The connections within its rows: their pages are put together, and become lists. */
  readonly within?: ConnectionsWithin;
  /** What a page spends of a budget of points, and what its answer tells of what is left. */
  readonly cost?: number;
  readonly budget?: (envelope: JsonValue) => BudgetLeft | undefined;
  /** `/graphql`. */
  readonly path?: string;
}

/** The part of a list that a connection is: what a filter asks for goes into the variables, not into the URL. */
export function connection(options: ConnectionOptions): Pick<
  FixedList<Paging<'stable'>>,
  'path' | 'method' | 'body' | 'records' | 'answers' | 'check' | 'complete' | 'cost' | 'budget'
> & {
  readonly paging: Paging<'stable'>;
} {
  const {
    query,
    variables = {},
    at,
    size,
    after = 'after',
    within,
    cost,
    budget,
    path = '/graphql',
  } = options;
  return {
    path,
    method: 'POST',
    body: { json: { query, variables: { ...variables, [size[0]]: size[1] } } },
    records: `${at}.nodes`,
    paging: connectionPages(at, after),
    answers: graphqlAnswers(options),
    check: refusePartialData,
    ...(within === undefined ? {} : { complete: completeConnections(within) }),
    ...(cost === undefined ? {} : { cost }),
    ...(budget === undefined ? {} : { budget }),
  };
}

/** What the answers of a GraphQL API mean whose status is that of success. */
export function graphqlAnswers({
  throttled,
  forbidden,
}: Pick<ConnectionOptions, 'throttled' | 'forbidden'>): readonly AnswerRule[] {
  return [
    ...(throttled === undefined ? [] : [{ status: 200, text: throttled, means: 'throttled' } as const]),
    ...(forbidden === undefined ? [] : [{ status: 200, text: forbidden, means: 'forbidden' } as const]),
    // Without data there is no list that could be read up to its errors.
    { status: 200, text: /^\s*\{\s*"errors"\s*:\s*\[\s*[^\s\]]/, means: 'fail' },
  ];
}

/** Puts what a filter asks for into the request: into the variables of a GraphQL query, otherwise into the URL. */
export function withFilter(base: ApiRequest, filter: NonNullable<ApiRequest['query']>): ApiRequest {
  const { body } = base;
  if (body === undefined || !('json' in body) || !isJsonObject(body.json) || !isQuery(body.json)) {
    return { ...base, query: { ...base.query, ...filter } };
  }
  return { ...base, body: { json: withVariables(body.json, filter as JsonObject) } };
}

function isQuery(body: JsonObject): boolean {
  return typeof body['query'] === 'string' && isJsonObject(body['variables'] ?? null);
}

function withVariables(body: JsonObject, more: JsonObject): JsonObject {
  const variables = body['variables'] ?? null;
  return { ...body, variables: { ...(isJsonObject(variables) ? variables : {}), ...more } };
}

/** Relay's: `pageInfo` says whether there is more, and where it begins. */
function connectionPages(at: string, variable: string): Paging<'stable'> {
  const pointer = parsePointer(`/${at.replaceAll('.', '/')}/pageInfo`);
  return {
    name: `pageInfo.endCursor as the variable ${variable}`,
    stability: 'stable',
    request: (base, position) =>
      position === undefined ? base : withFilter(base, { [variable]: String(position) }),
    next: ({ envelope }): ListPosition | undefined => {
      const info = resolvePointer(envelope, pointer);
      if (!isJsonObject(info ?? null)) {
        throw errors.CDK_RECORDS_MISSING({ message: `An answer has no pageInfo beside ${at}.nodes.` });
      }
      return nextCursor(info as JsonObject, at);
    },
  };
}

/** Data beside errors lacks something, and nothing says what. */
function refusePartialData(envelope: JsonValue): void {
  const list = isJsonObject(envelope) ? getProperty(envelope, 'errors') : undefined;
  if (!Array.isArray(list) || list.length === 0) return;
  const said = list.map((each) => (isJsonObject(each) ? each['message'] : undefined));
  const messages = said.filter((message) => typeof message === 'string');
  throw errors.CDK_HTTP_REFUSED({
    message: `An answer holds errors beside its data: ${messages.slice(0, 3).join('; ') || 'without a message'}.`,
  });
}
