// The requests of the Admin API: pages of a list, which cost points, and operations that write all rows of a time into a file.

import {
  type ApiRequest,
  type BudgetLeft,
  connection,
  type ExportJob,
  graphqlAnswers,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type RowSelection,
  selection,
} from '@weir/cdk';
import { parsePointer, resolvePointer } from '@weir/schema';

export const PATH = '/admin/api/2026-01/graphql.json';
/** The member of a row below another that names that one, in files and in documents. */
export const ABOVE = '__parentId';

const said = { throttled: /"code":\s*"THROTTLED"/, forbidden: /"code":\s*"ACCESS_DENIED"/ };
const FIRST_BELOW = 5;
/** A query may cost a thousand points at most, and a page have so many rows. */
const DEAREST_PAGE = 900;
const LONGEST_PAGE = 250;

/** A list of objects: a field of the root of the schema. */
export interface ObjectList {
  readonly root: string;
  /** Beside those of the page and of the filter. */
  readonly args?: string;
  /** The filter goes into a connection below, whose rows are then all that is read; a list without any is read whole. */
  readonly filters?: 'rows' | 'rows below' | 'nothing';
  /** Something within its rows has lists and is no Node, so that the rest of those cannot be asked for. */
  readonly isFilesOnly?: boolean;
  /** Holds beside the time. */
  readonly also?: string;
  readonly rows: RowSelection;
}

export function graphqlRequest(query: string, variables: JsonObject = {}): ApiRequest {
  return { method: 'POST', url: PATH, body: { json: { query, variables } }, answers: graphqlAnswers(said) };
}

/** In the search syntax of the API; both bounds are included. */
export function filterOf({ also }: ObjectList, { from, to }: { from: string; to: string }): string {
  return `${also === undefined ? '' : `${also} AND `}updated_at:>='${from}' AND updated_at:<='${to}'`;
}

/** What an object costs: a point, and what is within it; a connection two points beside its rows. */
export function costOf({ fields, lists = [] }: RowSelection): number {
  const objects = fields.split('{').length - 1;
  return lists.reduce((cost, list) => cost + 2 + FIRST_BELOW * costOf(list), 1 + objects);
}

export function pagesOf(list: ObjectList) {
  const { root, args, filters = 'rows', rows } = list;
  const size = Math.max(1, Math.min(LONGEST_PAGE, Math.floor(DEAREST_PAGE / costOf(rows))));
  const parameters = [
    'first: $first',
    'after: $after',
    ...(filters === 'rows' ? ['query: $filter'] : []),
    ...(args === undefined ? [] : [args]),
  ];
  const declared = `$first: Int!, $after: String${filters === 'nothing' ? '' : ', $filter: String!'}`;
  const query = `query(${declared}) { ${root}(${parameters.join(', ')}) { nodes { ${selection(rows, FIRST_BELOW)} } pageInfo { hasNextPage endCursor } } }`;
  return connection({
    path: PATH,
    query,
    at: `data.${root}`,
    size: ['first', size],
    ...said,
    within: {
      ...rows,
      id: 'id',
      above: ABOVE,
      size: FIRST_BELOW,
      cost: (below) => FIRST_BELOW * costOf(below),
    },
    cost: Math.ceil(size * costOf(rows)),
    budget: budgetIn,
  });
}

function budgetIn(envelope: JsonValue): BudgetLeft | undefined {
  const status = resolvePointer(envelope, parsePointer('/extensions/cost/throttleStatus'));
  if (!isJsonObject(status ?? null)) return undefined;
  const { currentlyAvailable, restoreRate } = status as JsonObject;
  return { points: Number(currentlyAvailable), perSecond: Number(restoreRate) };
}

/** The query whose rows an operation writes. It takes no variables. */
function operationText(list: ObjectList, bounds: { from: string; to: string }): string {
  const { root, args, filters = 'rows', rows } = list;
  const filter = JSON.stringify(filterOf(list, bounds));
  const parameters = [
    ...(filters === 'rows' ? [`query: ${filter}`] : []),
    ...(args === undefined ? [] : [args]),
  ];
  const nodes = selection(rows, 'all').replaceAll('$filter', filter);
  return `{ ${root}${parameters.length === 0 ? '' : `(${parameters.join(', ')})`} { edges { node { ${nodes} } } } }`;
}

const RUNS = new Set<JsonValue | undefined>(['CREATED', 'RUNNING']);
const CREATE = `mutation($query: String!) { bulkOperationRunQuery(query: $query, groupObjects: true) { bulkOperation { id status } userErrors { code field message } } }`;
const POLL = 'query($id: ID!) { bulkOperation(id: $id) { id status errorCode objectCount url } }';
const FIND =
  'query($filter: String!) { bulkOperations(first: 50, query: $filter) { nodes { id status query createdAt } } }';
const CANCEL =
  'mutation($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { id status } userErrors { field message } } }';

/** An app may have five operations run at the same time in a store; the others wait. */
export function bulkOperation(list: ObjectList): ExportJob {
  return {
    create: (bounds) => {
      const request = graphqlRequest(CREATE, { query: operationText(list, bounds) });
      const refused = /"userErrors":\s*\[\s*\{(?![^\]]*(?:LIMIT_REACHED|OPERATION_IN_PROGRESS))/;
      return {
        ...request,
        answers: [...(request.answers ?? []), { status: 200, text: refused, means: 'fail' }],
      };
    },
    id: '/data/bulkOperationRunQuery/bulkOperation/id',
    busy: {
      at: '/data/bulkOperationRunQuery/userErrors/0/code',
      says: ['LIMIT_REACHED', 'OPERATION_IN_PROGRESS'],
    },
    find: (bounds, since) => ({
      // Those that run: of the others there may be any number.
      request: graphqlRequest(FIND, {
        filter: `operation_type:query AND created_at:>='${since}' AND (status:created OR status:running)`,
      }),
      id: (answer) => runningIn(answer, operationText(list, bounds), since),
    }),
    poll: (id) => graphqlRequest(POLL, { id }),
    gone: { status: 200, text: /"bulkOperation":\s*null/ },
    state: '/data/bulkOperation/status',
    done: ['COMPLETED'],
    failed: ['FAILED', 'CANCELED', 'EXPIRED'],
    reason: '/data/bulkOperation/errorCode',
    tooLarge: ['TIMEOUT'],
    wait: ['1s', '30s'],
    patience: '6h',
    cancel: (id) => graphqlRequest(CANCEL, { id }),
    // An operation without rows has no file, nor has one that is older than seven days. Its link holds a signature in the place
    // of credentials.
    files: (answer) => {
      const [url, rows] = ['url', 'objectCount'].map((name) =>
        resolvePointer(answer, parsePointer(`/data/bulkOperation/${name}`)),
      );
      if (typeof url === 'string') return [{ url, isAnonymous: true }];
      return rows === '0' ? [] : undefined;
    },
    forgotten: { status: [400, 403, 404, 410] },
  };
}

/** The operation of the same text that runs, and was not created before. */
function runningIn(answer: JsonValue, text: string, since: string): string | undefined {
  const nodes = resolvePointer(answer, parsePointer('/data/bulkOperations/nodes'));
  const found = (Array.isArray(nodes) ? nodes.filter(isJsonObject) : []).find(
    ({ status, query, createdAt }) =>
      RUNS.has(status) && query === text && typeof createdAt === 'string' && createdAt >= since,
  );
  return typeof found?.['id'] === 'string' ? found['id'] : undefined;
}
