// Connections within the rows of a connection. A page has the first rows of each; the rest is asked for by the id of the
// row that has it (`node`), page by page. In the document each becomes a list of its rows, and a row below says which row it
// is below, as in files: so a document is the same whichever way it was read.

import { isJsonObject, type JsonObject, type JsonValue } from '@weir/schema/json';
import { errors } from '../errors.ts';
import type { ApiRequest } from '../http/request.ts';
import type { CompleteRecord } from './list-reader.ts';
import { getAt, type ListBelow, setAt } from './row-tree.ts';

/** What is selected of the rows of a connection. */
export interface RowSelection {
  /** Their type, by which the rest of a connection within them is asked for: it has to be a Node. */
  readonly type: string;
  /** The fields beside the connections. */
  readonly fields: string;
  readonly lists?: readonly ConnectionWithin[];
}

export interface ConnectionWithin extends ListBelow, RowSelection {
  /** Arguments beside those of its page, and the types of the variables in them. */
  readonly args?: { readonly text: string; readonly variables: Readonly<Record<string, string>> };
  readonly lists?: readonly ConnectionWithin[];
}

export interface ConnectionsWithin extends RowSelection {
  /** The members of a row that hold its id, and, of one below another, the id of that one. */
  readonly id: string;
  readonly above: string;
  /** How many rows of each connection come with a page. */
  readonly size: number;
  /** What another page of such rows spends of a budget of points; 1 when absent. */
  readonly cost?: (rows: RowSelection) => number;
}

const PAGE_INFO = 'pageInfo { hasNextPage endCursor }';

/** The text of a selection: with pages of so many rows, or for an operation that reads all of them by itself. */
export function selection({ fields, lists = [] }: RowSelection, size: number | 'all'): string {
  return [fields, ...lists.map((list) => connectionText(list, size, ''))].join(' ');
}

function connectionText(list: ConnectionWithin, size: number | 'all', after: string): string {
  const names = list.at.split('.');
  const rows = selection(list, size);
  const args = [size === 'all' ? '' : `first: ${size}${after}`, list.args?.text ?? '']
    .filter(Boolean)
    .join(', ');
  const connection = [
    names.pop() ?? '',
    args === '' ? '' : `(${args})`,
    size === 'all' ? ` { edges { node { ${rows} } } }` : ` { nodes { ${rows} } ${PAGE_INFO} }`,
  ].join('');
  return names.reduceRight((text, name) => `${name} { ${text} }`, connection);
}

/** Puts the pages of all connections within a record together. */
export function completeConnections(within: ConnectionsWithin): CompleteRecord {
  const complete = async (record: JsonObject, page: ApiRequest, ask: Reading['ask']): Promise<JsonObject> => {
    await flatten(record, within, null, { within, page, ask });
    return record;
  };
  return Object.assign(complete, { queries: queriesFor(within, within.size) });
}

/** What asks for the rest of each connection, at all depths. */
function queriesFor({ type, lists = [] }: RowSelection, size: number): string[] {
  return lists.flatMap((list) => [restQuery(type, list, size), ...queriesFor(list, size)]);
}

function restQuery(type: string, list: ConnectionWithin, size: number): string {
  const declared = Object.entries({ id: 'ID!', after: 'String!', ...list.args?.variables });
  const parameters = declared.map(([name, of]) => `$${name}: ${of}`).join(', ');
  return `query(${parameters}) { node(id: $id) { ... on ${type} { ${connectionText(list, size, ', after: $after')} } } }`;
}

interface Reading {
  readonly within: ConnectionsWithin;
  readonly page: ApiRequest;
  readonly ask: (request: ApiRequest) => Promise<JsonValue>;
}

/** `above`: the id of the nearest row that has one. */
async function flatten(row: JsonObject, of: RowSelection, above: JsonValue, reading: Reading): Promise<void> {
  const id = row[reading.within.id] ?? above;
  for (const list of of.lists ?? []) {
    const first = getAt(row, list.at);
    if (!isJsonObject(first ?? null)) continue;
    const rows = await allRows(first as JsonObject, { type: of.type, id, list }, reading);
    for (const each of rows) {
      await flatten(each, list, id, reading);
      setAt(each, reading.within.above, id);
    }
    setAt(row, list.at, rows);
  }
}

interface Connection {
  readonly type: string;
  readonly id: JsonValue;
  readonly list: ConnectionWithin;
}

/** Where the next page begins; undefined where there is none. */
export function nextCursor({ hasNextPage, endCursor }: JsonObject, at: string): string | undefined {
  if (hasNextPage === false) return undefined;
  if (hasNextPage === true && typeof endCursor === 'string') return endCursor;
  throw errors.CDK_RECORDS_MISSING({
    message: `The pageInfo of ${at} does not say whether there is more, or not where.`,
  });
}

async function allRows(first: JsonObject, connection: Connection, reading: Reading): Promise<JsonObject[]> {
  const rows: JsonObject[] = [];
  let last: string | undefined;
  for (let page: JsonObject | undefined = first; page !== undefined;) {
    const { nodes = null, pageInfo = null } = page;
    if (!Array.isArray(nodes) || !isJsonObject(pageInfo)) {
      throw errors.CDK_RECORDS_MISSING({
        message: `An answer has no rows or no pageInfo at ${connection.list.at}.`,
      });
    }
    rows.push(...nodes.filter(isJsonObject));
    const endCursor = nextCursor(pageInfo, connection.list.at);
    if (endCursor === undefined) break;
    if (endCursor === last) {
      throw errors.CDK_PAGING_LOOP({
        message: `The pages of ${connection.list.at} of ${JSON.stringify(connection.id)} lead back to one that was read already.`,
      });
    }
    last = endCursor;
    page = await nextOf(connection, endCursor, reading);
  }
  return rows;
}

/** undefined: the row, or the object of it, that has it is gone. */
async function nextOf(
  { type, id, list }: Connection,
  after: string,
  { within, page, ask }: Reading,
): Promise<JsonObject | undefined> {
  const query = restQuery(type, list, within.size);
  const filters = Object.keys(list.args?.variables ?? {}).map((name) => [
    name,
    variablesOf(page)[name] ?? null,
  ]);
  const answer = await ask({
    ...page,
    cost: within.cost?.(list) ?? 1,
    body: { json: { query, variables: { id, after, ...Object.fromEntries(filters) } } },
  });
  const data = isJsonObject(answer) && isJsonObject(answer['data'] ?? null) ? answer['data'] : undefined;
  if (!isJsonObject(data ?? null) || (isJsonObject(answer) && 'errors' in answer)) {
    throw errors.CDK_HTTP_REFUSED({
      message: `The rest of ${list.at} of ${JSON.stringify(id)} was answered with errors.`,
    });
  }
  const { node } = data as JsonObject;
  if (node === null || (isJsonObject(node ?? null) && isWithinNothing(node as JsonObject, list.at))) {
    return undefined;
  }
  const next = isJsonObject(node ?? null) ? getAt(node as JsonObject, list.at) : undefined;
  if (isJsonObject(next ?? null)) return next as JsonObject;
  throw errors.CDK_RECORDS_MISSING({
    message: `The rest of ${list.at} of ${JSON.stringify(id)} was answered without such a list.`,
  });
}

/** The object of the row that has the list is gone. */
function isWithinNothing(row: JsonObject, path: string): boolean {
  const names = path.split('.');
  return names.some((_, index) => index > 0 && getAt(row, names.slice(0, index).join('.')) === null);
}

function variablesOf({ body }: ApiRequest): JsonObject {
  const json = body !== undefined && 'json' in body ? body.json : null;
  const variables = isJsonObject(json) ? (json['variables'] ?? null) : null;
  return isJsonObject(variables) ? variables : {};
}
