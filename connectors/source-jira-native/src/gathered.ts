// Snapshots that are gathered from several lists, or from one that is none of objects.

import {
  cursor,
  errors,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type ReadRows,
  type Rows,
  rowSnapshot,
} from '@weir/cdk';
import { stringifyJson } from '@weir/schema/json';
import { mayBeGone } from './gone.ts';
import { numbered } from './issues.ts';
import { fieldLists, openBoards, projectsOf } from './lists.ts';
import { oneObject, values } from './pages.ts';

async function* inTurn(lists: Iterable<AsyncIterable<JsonValue>>): Rows {
  for (const list of lists) for await (const row of list) if (isJsonObject(row)) yield row;
}

/** Rows that are in several of the lists, each once. */
async function* onlyOnce(lists: Iterable<AsyncIterable<JsonValue>>): Rows {
  const seen = new Set<string>();
  for await (const row of inTurn(lists)) if (seen.size < seen.add(idOf(row)).size) yield row;
}

function idOf({ id = null }: JsonObject): string {
  if (id === null || id === '') throw errors.CDK_STREAM_DEFECT({ message: 'A row of Jira has no id.' });
  return typeof id === 'string' ? id : stringifyJson(id);
}

/** Ids are kept, so that no answer stays open while others are asked for. */
async function idsOf(rows: AsyncIterable<JsonValue>): Promise<string[]> {
  const ids: string[] = [];
  for await (const row of rows) if (isJsonObject(row)) ids.push(idOf(row));
  return ids;
}

/** Those of boards, many at a time; and those that are on no board, one by one. */
async function* epics(rows: ReadRows): Rows {
  const ofBoards = (await idsOf(rows(openBoards))).map((board) =>
    rows({ ...values, path: `/agile/1.0/board/${board}/epic`, map: numbered, ...mayBeGone }),
  );
  const known = new Set<string>();
  for await (const epic of onlyOnce(ofBoards)) {
    known.add(idOf(epic));
    yield epic;
  }
  const found = await idsOf(
    rows({
      path: '/api/3/search/jql',
      query: { jql: 'issuetype = Epic ORDER BY id ASC', fields: 'id', maxResults: 250 },
      records: 'issues',
      paging: cursor({ at: '/nextPageToken', param: 'nextPageToken' }),
      ...mayBeGone,
      // An account may have no such type of issues.
      answers: [{ status: 400, text: /Epic' does not exist/, means: 'empty' }],
    }),
  );
  const alone = found.filter((id) => !known.has(id));
  yield* onlyOnce(
    alone.map((id) => rows({ ...oneObject, path: `/agile/1.0/epic/${id}`, map: numbered, ...mayBeGone })),
  );
}

/** Those of all projects, and those of projects that manage their own. */
async function* statuses(rows: ReadRows): Rows {
  const own = projectsOf('live,archived');
  const projects = await idsOf(
    rows({ ...own, map: (project) => (project['style'] === 'classic' ? undefined : project) }),
  );
  yield* onlyOnce(
    [{}, ...projects.map((projectId) => ({ projectId }))].map((query) =>
      rows({ ...values, path: '/api/3/statuses/search', query, ...mayBeGone }),
    ),
  );
}

async function* labels(rows: ReadRows): Rows {
  for await (const label of rows({ ...values, path: '/api/3/label' })) yield { label };
}

/** Their ids are told apart by their type. */
const systemAvatars = (rows: ReadRows): Rows =>
  inTurn(
    ['project', 'user', 'issuetype', 'priority'].map((type) =>
      rows({ path: `/api/3/avatar/${type}/system`, records: 'system' }),
    ),
  );

const rarely = { interval: '1h', disabled: true } as const;

export const gatheredStreams = {
  epics: rowSnapshot({ ...rarely, rows: epics }),
  issue_fields: rowSnapshot({ interval: '1h', rows: (rows) => onlyOnce(fieldLists.map(rows)) }),
  labels: rowSnapshot({ ...rarely, rows: labels }),
  statuses: rowSnapshot({ ...rarely, rows: statuses }),
  system_avatars: rowSnapshot({ ...rarely, rows: systemAvatars }),
};
