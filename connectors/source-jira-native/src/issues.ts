// Issues by the time of their last update, and what belongs to an issue, which changes with it.
//
// JQL compares times by the minute, as texts without a zone that mean the zone of the user who asks. The search is eventually
// consistent: a second look, half a day later, finds what the first one could not see.

import { changes, childChanges, cursor, isJsonObject, type JsonObject, updatedAt } from '@weir/cdk';
import { mayBeGone } from './gone.ts';
import { platformPages } from './pages.ts';

/** What the account says of the search. */
export interface SearchScope {
  /** The IANA zone of the user's profile. */
  readonly zone?: string;
  /** Ids or keys; all that the user sees when there are none. */
  readonly projects: readonly string[];
}

const paging = cursor({ at: '/nextPageToken', param: 'nextPageToken' });

/** Ids are texts here and there; documents have numbers. */
export const numbered = (record: JsonObject): JsonObject => {
  const { id } = record;
  return typeof id === 'string' ? { ...record, id: Number(id) } : record;
};

const minute = (time: string): string => time.slice(0, 16).replace('T', ' ');

export function inProjects(projects: readonly string[]): string {
  // Quoted, since a key may be a word of JQL.
  return `project in (${projects.map((project) => `"${project}"`).join(',')})`;
}

function jql(projects: readonly string[], from: string, to: string): string {
  const clauses = [
    ...(projects.length === 0 ? [] : [inProjects(projects)]),
    `updated >= "${minute(from)}"`,
    `updated <= "${minute(to)}"`,
  ];
  return `${clauses.join(' AND ')} ORDER BY updated ASC`;
}

function searched({ zone, projects }: SearchScope, query: { fields: string; expand?: string }) {
  return {
    path: '/api/3/search/jql',
    records: 'issues',
    key: ['/id'],
    cursor: updatedAt('/fields/updated', { tick: '1m', lag: '1m', ...(zone === undefined ? {} : { zone }) }),
    query: { maxResults: 250, ...query },
    between: ({ from, to }: { from: string; to: string }) => ({ jql: jql(projects, from, to) }),
    paging,
    map: numbered,
    // A page is forgotten after seven days.
    resumes: 'at its last page',
    longestWindow: '1d',
    lookback: '12h',
    // They are shown by the millisecond; what is rendered of an issue depends on the day that it is read.
    sameTimeIsSameRow: true,
    interval: '5m',
  } as const;
}

interface Below {
  /** The fields of the search that hold the list, or its beginning. */
  readonly query: { readonly fields: string; readonly expand?: string };
  /** What the list is called: below the issue, in it, or among its fields. */
  readonly path: string;
  /** The member of the list that has the records. */
  readonly records: string;
  /** The same where it is asked for by itself. */
  readonly answered?: string;
}

function belowIssues(scope: SearchScope, below: Below) {
  const { query, path, records, answered = records } = below;
  return childChanges({
    of: changes(searched(scope, query)),
    id: '/id',
    as: '/issueId',
    held: (issue) => wholeList(issue, below),
    path: (id) => `/api/3/issue/${id}/${path}`,
    records: answered,
    // All transitions are one page, whatever is asked for.
    ...(path === 'transitions' ? {} : { paging: platformPages }),
    map: numbered,
    key: ['/id', '/issueId'],
    ...mayBeGone,
    interval: '5m',
    disabled: true,
  });
}

/** An issue without comments may lack the field, but never what it is expanded by; of long lists it has the beginning only. */
function wholeList(issue: JsonObject, { query, path, records }: Below): readonly JsonObject[] | undefined {
  const { fields = null } = issue;
  const field = isJsonObject(fields) ? (fields[path] ?? []) : null;
  const list = query.expand === undefined ? field : (issue[path] ?? null);
  if (Array.isArray(list)) return list as JsonObject[];
  const { total = null, [records]: rows = null } = isJsonObject(list) ? list : {};
  const isWhole = Array.isArray(rows) && typeof total === 'number' && total <= rows.length;
  return isWhole ? (rows as JsonObject[]) : undefined;
}

export function issueStreams(scope: SearchScope) {
  const inField = (path: string) =>
    belowIssues(scope, { query: { fields: `updated,${path}` }, records: `${path}s`, path });
  return {
    issues: changes({
      ...searched(scope, { fields: '*all', expand: 'renderedFields,transitions,operations,changelog' }),
      // Its offset has no colon, as RFC 3339 would have it.
      fields: { '/fields/updated': { type: 'string' } },
    }),
    issue_comments: inField('comment'),
    issue_worklogs: inField('worklog'),
    issue_changelogs: belowIssues(scope, {
      query: { fields: 'updated', expand: 'changelog' },
      records: 'histories',
      path: 'changelog',
      answered: 'values',
    }),
    issue_transitions: belowIssues(scope, {
      query: { fields: 'updated', expand: 'transitions' },
      records: 'transitions',
      path: 'transitions',
    }),
  };
}
