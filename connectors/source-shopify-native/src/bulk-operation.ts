// The requests of the Admin API: queries that are answered at once, and operations that write all rows of a time into a file.

import {
  type ApiRequest,
  budgetAt,
  type ExportJob,
  graphqlAnswers,
  type JsonObject,
  type JsonValue,
  objectsAt,
  type RootConnection,
  type RootPages,
  wholeConnection,
} from '@weir/cdk';
import { parsePointer, resolvePointer } from '@weir/schema';

const path = '/admin/api/2026-01/graphql.json';
const said = { throttled: /"code":\s*"THROTTLED"/, forbidden: /"code":\s*"ACCESS_DENIED"/ };
const status = '/extensions/cost/throttleStatus';

/** `above`: the member of a row below another that names that one, in files and in documents. A query costs 1000 points at most. */
export const pages = {
  ...said,
  path,
  most: 250,
  dearest: 900,
  id: 'id',
  above: '__parentId',
  size: 5,
  budget: budgetAt(`${status}/currentlyAvailable`, `${status}/restoreRate`),
} as const satisfies RootPages;

export interface ObjectList extends RootConnection {
  /** Something within its rows has lists and is no Node, so that the rest of those cannot be asked for. */
  readonly isFilesOnly?: boolean;
  /** Holds beside the time. */
  readonly also?: string;
}

export function graphqlRequest(query: string, variables: JsonObject = {}): ApiRequest {
  return { method: 'POST', url: path, body: { json: { query, variables } }, answers: graphqlAnswers(said) };
}

/** In the search syntax of the API; both bounds are included. */
export function filterOf({ also }: ObjectList, { from, to }: { from: string; to: string }): string {
  return `${also === undefined ? '' : `${also} AND `}updated_at:>='${from}' AND updated_at:<='${to}'`;
}

const RUNS = new Set<JsonValue | undefined>(['CREATED', 'RUNNING']);
const CREATE = `mutation($query: String!) { bulkOperationRunQuery(query: $query, groupObjects: true) { bulkOperation { id status } userErrors { code field message } } }`;
const POLL = 'query($id: ID!) { bulkOperation(id: $id) { id status errorCode objectCount url } }';
const FIND =
  'query($filter: String!) { bulkOperations(first: 50, query: $filter) { nodes { id status query createdAt } } }';
const CANCEL =
  'mutation($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { id status } userErrors { field message } } }';
const refused = /"userErrors":\s*\[\s*\{(?![^\]]*(?:LIMIT_REACHED|OPERATION_IN_PROGRESS))/;

/** An app may have five operations run at the same time in a store; the others wait. */
export function bulkOperation(list: ObjectList): ExportJob {
  const textOf = (bounds: { from: string; to: string }) => wholeConnection(list, filterOf(list, bounds));
  return {
    create: (bounds) => {
      const request = graphqlRequest(CREATE, { query: textOf(bounds) });
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
      id: (answer) => {
        const found = objectsAt(answer, '/data/bulkOperations/nodes')?.find(
          ({ status: is, query, createdAt = '' }) =>
            RUNS.has(is) && query === textOf(bounds) && typeof createdAt === 'string' && createdAt >= since,
        );
        return typeof found?.['id'] === 'string' ? found['id'] : undefined;
      },
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
