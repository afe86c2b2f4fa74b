// Snapshots that are gathered from several lists, or from one that is none of objects.

import {
  cursor,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type ReadRows,
  type Rows,
  rowSnapshot,
} from '@weir/cdk';
import { stringifyJson } from '@weir/schema/json';
import { numbered } from './issues.ts';
import { boardAnswers, fieldLists, openBoards, projectIsGone, projectsOf } from './lists.ts';
import { oneObject, values } from './pages.ts';

/** What has an id, each once. */
async function* onlyOnce(lists: Iterable<AsyncIterable<JsonValue>>): Rows {
  const seen = new Set<JsonValue>();
  for (const list of lists) {
    for await (const row of list) {
      if (!isJsonObject(row) || seen.has(row['id'] ?? null)) continue;
      seen.add(row['id'] ?? null);
      yield row;
    }
  }
}

const idOf = ({ id = null }: JsonObject): string => (typeof id === 'string' ? id : stringifyJson(id));

/** Ids are kept, so that no answer stays open while others are asked for. */
async function idsOf(rows: AsyncIterable<JsonValue>): Promise<string[]> {
  const ids: string[] = [];
  for await (const row of rows) if (isJsonObject(row)) ids.push(idOf(row));
  return ids;
}

/** Those of boards, many at a time; and those that are on no board, one by one. */
async function* epics(rows: ReadRows): Rows {
  const ofBoards = (await idsOf(rows(openBoards))).map((board) =>
    rows({ ...values, path: `/agile/1.0/board/${board}/epic`, answers: boardAnswers, map: numbered }),
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
      // An account may have no such type of issues.
      answers: [{ status: 400, text: /Epic' does not exist/, means: 'empty' }],
    }),
  );
  const alone = found.filter((id) => !known.has(id));
  yield* onlyOnce(
    alone.map((id) =>
      rows({
        ...oneObject,
        path: `/agile/1.0/epic/${id}`,
        map: numbered,
        answers: [{ status: [400, 404], text: /next-gen issue|does not exist/i, means: 'empty' }],
      }),
    ),
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
      rows({ ...values, path: '/api/3/statuses/search', query, answers: projectIsGone }),
    ),
  );
}

async function* labels(rows: ReadRows): Rows {
  for await (const label of rows({ ...values, path: '/api/3/label' })) yield { label };
}

const systemAvatars = (rows: ReadRows): Rows =>
  onlyOnce(
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
