// Jira as far as the connector relies on it. Where its ways are known from:
// * The published OpenAPI documents of the platform (version 3) and of Jira Software, as the package jira.js has them: paths; `jql`,
//   `fields`, `maxResults`, `nextPageToken` of the search, whose token is null on the last page and expires; `startAt`, `maxResults`,
//   `total`, `isLast` and the names of the lists (values, comments, worklogs, histories); `timeZone` of /myself; `havePermission`
//   of /mypermissions; bare lists of priorities, users, tabs and fields.
// * Upstream's connector: bounds of JQL are minutes in the zone of the user; a search holds the beginning of the lists below an
//   issue; what is answered for boards without sprints, private ones, and tabs that are gone.
// * The vendor's page "Search and reconcile": the search is eventually consistent.
// Made up are: how late rows appear, how few rows a page has, and that a page token expires after minutes and not after days.

import { type JsonObject, ofShown, zoneOffsetMs, Instant } from '@weir/cdk';
import type { FakeApi, FakeList, FakePage, FakeRefusal, TableRow } from '@weir/cdk/testing';
import { isJsonObject } from '@weir/schema/json';

const HOUR_MS = 3_600_000;
const TOKEN_LIVES_MS = 15 * 60_000;
const PAGE = 3;
/** Of the lists below an issue, a search has no more. */
const HELD = 2;

export interface FakeJiraOptions {
  readonly zone?: string;
  /** Which of two instants a repeated time of the user's clocks is taken for. */
  readonly repeated?: 'first' | 'second';
  /** How late a change may be found. */
  readonly latestMs?: number;
  readonly granted?: readonly string[];
  /** There is a service desk. */
  readonly hasDesk?: boolean;
}

const refused = (status: number, message: string): FakeRefusal => ({
  status,
  text: JSON.stringify({ errorMessages: [message], errors: {} }),
});

const idOf = ({ id }: JsonObject): number => Number(id);

/** Two changes never have the same time: the version is its milliseconds. */
const timeOf = ({ version = 0, updated_at: at }: JsonObject): string =>
  `${typeof at === 'string' ? at.slice(0, 19) : ''}.${String(Number(version) % 1000).padStart(3, '0')}+0000`;

/** What belongs to an issue changes with it, and is never taken away. */
const below = (row: JsonObject, most: number): JsonObject[] =>
  Array.from({ length: 1 + (idOf(row) % 4) }, (_, n) => ({
    id: String(idOf(row) * 10 + n),
    issueId: String(idOf(row)),
    version: row['version'] ?? 0,
  })).slice(0, most);

const listBelow = (row: JsonObject, name: string): JsonObject => ({
  [name]: below(row, HELD),
  startAt: 0,
  maxResults: HELD,
  total: below(row, Infinity).length,
});

export function issueOf(row: JsonObject): JsonObject {
  return {
    id: String(idOf(row)),
    key: `ACME-${idOf(row)}`,
    fields: {
      updated: timeOf(row),
      comment: listBelow(row, 'comments'),
      worklog: listBelow(row, 'worklogs'),
    },
    changelog: listBelow(row, 'histories'),
    transitions: below(row, HELD),
  };
}

/** As documents have it. */
export const captured = (record: JsonObject): JsonObject => ({ ...record, id: idOf(record) });
export const belowIssue = (row: JsonObject, most = Infinity): JsonObject[] =>
  below(row, most).map((record) => ({ ...captured(record), issueId: idOf(row) }));

function minutes(text: string, zone: string, repeated: 'first' | 'second'): Instant {
  const shown = Instant.parse(`${text.replace(' ', 'T')}:00`);
  if (shown === undefined) throw new TypeError(`no minute: ${text}`);
  const first = ofShown(zone, shown);
  const later = first.plusMs(HOUR_MS);
  const isRepeated = zoneOffsetMs(zone, later) === zoneOffsetMs(zone, first) - HOUR_MS;
  return isRepeated && repeated === 'second' ? later : first;
}

const byUpdate = (left: TableRow, right: TableRow): number =>
  left.updatedAt.compare(right.updatedAt) || left.id - right.id;

const search =
  ({ zone = 'Asia/Kolkata', repeated = 'first' }: FakeJiraOptions): FakeList =>
  (rows, { searchParams }, { nowMs }) => {
    const jql = searchParams.get('jql') ?? '';
    const project = /^project in \("ACME"(?:,"(\w+)")?\)(?: AND |$)/.exec(jql);
    if (project?.[1] !== undefined) {
      return refused(400, `The value '${project[1]}' does not exist for the field 'project'.`);
    }
    if (project !== null && project[0] === jql) return { body: { issues: [], isLast: true } };
    const bounds = /updated >= "([^"]+)" AND updated <= "([^"]+)" ORDER BY updated ASC$/.exec(jql);
    if (bounds === null) return refused(400, 'Unbounded JQL queries are not allowed here.');
    const [from, to] = bounds.slice(1).map((text) => minutes(text, zone, repeated));
    const token = tokenOf(searchParams.get('nextPageToken'), jql, nowMs);
    if (token === 'expired') return refused(400, 'The nextPageToken is not valid.');
    const found = rows
      .filter(
        ({ updatedAt }) => from?.isAfter(updatedAt) === false && to !== undefined && !updatedAt.isAfter(to),
      )
      .toSorted(byUpdate)
      .filter((row) => token === undefined || isBehind(row, token));
    const page = found.slice(0, PAGE);
    const last = page.at(-1);
    const isLast = found.length <= PAGE;
    const next = isLast || last === undefined ? null : [jql, nowMs, last.updatedAt.ms, last.id];
    const fields = searchParams.get('fields') ?? '';
    return {
      body: {
        issues: page.map(({ row }) => shownIssue(issueOf(row), fields)),
        isLast,
        nextPageToken: next === null ? null : Buffer.from(JSON.stringify(next)).toString('base64url'),
      },
    };
  };

/** Those that were asked for; of an issue without comments none. */
function shownIssue(issue: JsonObject, wanted: string): JsonObject {
  const { fields = null } = issue;
  if (wanted === '*all' || !isJsonObject(fields)) return issue;
  const shown = Object.entries(fields).filter(([name]) => wanted.split(',').includes(name));
  return { ...issue, fields: Object.fromEntries(shown) };
}

type Token = readonly [ms: number, id: number];

function tokenOf(text: string | null, jql: string, nowMs: number): Token | 'expired' | undefined {
  if (text === null) return undefined;
  const [of, madeMs, ms, id] = JSON.parse(Buffer.from(text, 'base64url').toString()) as [
    string,
    number,
    number,
    number,
  ];
  return of !== jql || nowMs > madeMs + TOKEN_LIVES_MS ? 'expired' : [ms, id];
}

const isBehind = ({ updatedAt, id }: TableRow, [ms, last]: Token): boolean =>
  updatedAt.ms > ms || (updatedAt.ms === ms && id > last);

/** `isLast` or `total` says what is the last page; a page has fewer rows than are asked for. */
function page(rows: readonly JsonObject[], { searchParams }: URL, name: string): FakePage {
  const startAt = Number(searchParams.get('startAt') ?? 0);
  const values = rows.slice(startAt, startAt + PAGE);
  const end = startAt + values.length;
  const last = name === 'values' ? { isLast: end >= rows.length } : {};
  return { body: { startAt, maxResults: PAGE, total: rows.length, ...last, [name]: values } };
}

const bare: FakeList = (rows) => ({ body: rows.map(({ row }) => row) });

const barePages: FakeList = (rows, { searchParams }) => {
  const startAt = Number(searchParams.get('startAt'));
  return { body: rows.slice(startAt, startAt + PAGE).map(({ row }) => row) };
};

/** The user sees the first few boards and screens: each of them is asked for what is below it. */
const isSeen = ({ id }: { readonly id: number }): boolean => id <= 15;
const isPrivate = (id: number): boolean => id % 5 === 0;

const boards: FakeList = (rows, url) =>
  page(
    rows.filter(isSeen).map(({ row, id }) => ({ ...row, isPrivate: isPrivate(id) })),
    url,
    'values',
  );

/** As the list has it. */
export function boardOf(row: JsonObject): JsonObject[] {
  const id = idOf(row);
  return isSeen({ id }) ? [{ ...row, isPrivate: isPrivate(id) }] : [];
}

/** Of a board: two, unless it is of another kind. */
export function sprintsOf(row: JsonObject): JsonObject[] {
  const id = idOf(row);
  if (!isSeen({ id }) || isPrivate(id) || id % 4 === 0 || id % 7 === 0) return [];
  return [0, 1].map((n) => ({ id: id * 10 + n, version: row['version'] ?? 0 }));
}

function belowBoard(row: TableRow | undefined, url: URL): FakePage | FakeRefusal {
  if (row === undefined || !isSeen(row) || isPrivate(row.id)) {
    return refused(
      404,
      'The requested board cannot be viewed because it either does not exist or you do not have permission to view it.',
    );
  }
  if (row.id % 4 === 0) return refused(400, 'The board does not support sprints');
  if (row.id % 7 === 0) return refused(422, 'This board has no columns with a mapped status');
  return page(sprintsOf(row.row), url, 'values');
}

/** The fields of the tabs of a screen. The third tab is gone. */
export function tabFieldsOf({ id = 0, version = 0 }: JsonObject): JsonObject[] {
  const screen = Number(id);
  if (!isSeen({ id: screen })) return [];
  return [1, 2].flatMap((tab) =>
    ['summary', 'labels'].map((field) => ({
      id: field,
      version,
      screenId: screen,
      tabId: screen * 10 + tab,
    })),
  );
}

function belowScreen(row: TableRow | undefined, { pathname }: URL): FakePage | FakeRefusal {
  if (row === undefined) return refused(404, 'Screen with the given id does not exist.');
  const tab = /\/tabs\/(\d+)\/fields$/.exec(pathname)?.[1];
  if (tab === undefined) return { body: [1, 2, 3].map((n) => ({ id: row.id * 10 + n, name: `tab ${n}` })) };
  if (tab.endsWith('3')) return refused(400, `The screen tab with id ${tab} does not exist.`);
  return {
    body: tabFieldsOf(row.row)
      .filter(({ tabId }) => tabId === Number(tab))
      .map(({ id: field = '', version = 0 }) => ({ id: field, version })),
  };
}

function belowIssuePath(row: TableRow | undefined, url: URL): FakePage | FakeRefusal {
  if (row === undefined) return refused(404, 'Issue does not exist or you do not have permission to see it.');
  const list = url.pathname.split('/').at(-1) ?? '';
  const names: Readonly<Record<string, string>> = {
    comment: 'comments',
    worklog: 'worklogs',
    changelog: 'values',
  };
  const name = names[list];
  if (name === undefined) return refused(404, `no ${url.pathname}`);
  return page(below(row.row, Infinity), url, name);
}

const allPermissions = ['ADMINISTER', 'USER_PICKER', 'EDIT_WORKFLOW'];

/** Of those that this Jira has. */
const ownPermissions =
  (known: readonly string[], granted: readonly string[]): FakeList =>
  (_rows, { searchParams }) => {
    const wanted = (searchParams.get('permissions') ?? '').split(',');
    const unknown = wanted.find((key) => !known.includes(key));
    if (unknown !== undefined) return refused(400, `The permission ${unknown} is not known.`);
    const entries = wanted.map((key) => [key, { key, havePermission: granted.includes(key) }] as const);
    return { body: { permissions: Object.fromEntries(entries) } };
  };

const api = '/rest/api/3';
export const paths = {
  issues: `${api}/issue`,
  priorities: `${api}/priority`,
  users: `${api}/users/search`,
  boards: '/rest/agile/1.0/board',
  screens: `${api}/screens`,
} as const;

export function fakeJira(options: FakeJiraOptions = {}): FakeApi {
  const { zone = 'Asia/Kolkata', latestMs = 60_000, hasDesk = false } = options;
  const known = hasDesk ? [...allPermissions, 'SERVICEDESK_AGENT'] : allPermissions;
  const { granted = known } = options;
  return {
    origin: 'https://acme.atlassian.net',
    accepts: ({ headers }) => headers['authorization'] === `Basic ${btoa('ada@acme.com:the token')}`,
    lists: {
      [paths.issues]: () => refused(404, 'issues are searched for'),
      [`${api}/search/jql`]: search(options),
      [`${api}/myself`]: () => ({ body: { accountId: '1', timeZone: zone } }),
      [`${api}/permissions`]: () => ({
        body: { permissions: Object.fromEntries(known.map((key) => [key, { key }])) },
      }),
      [`${api}/mypermissions`]: ownPermissions(known, granted),
      [paths.priorities]: bare,
      [paths.users]: barePages,
      [paths.boards]: boards,
      [paths.screens]: (rows, url) =>
        page(
          rows.filter(isSeen).map(({ row }) => row),
          url,
          'values',
        ),
    },
    sameTable: { [`${api}/search/jql`]: paths.issues },
    below: { [paths.issues]: belowIssuePath, [paths.boards]: belowBoard, [paths.screens]: belowScreen },
    tables: { latestMs },
  };
}

export const config = JSON.stringify({
  domain: 'acme.atlassian.net',
  credentials: { credentials_title: 'Email & API Token', username: 'ada@acme.com', password: 'the token' },
});
