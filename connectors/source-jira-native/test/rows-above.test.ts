// Lists below rows: what becomes of them when the row above is gone by the time that it is asked for, and when Jira is down.
// What Jira says is from its published documents and from clients that quote it; that a status of a project that is gone is
// refused in the words of the other lists below projects is a guess.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '@weir/schema/json';
import { type Answer, session } from './jira-session.ts';

const key = ['/_meta/row_id'];
const refused = (status: number, message: string): Answer => ({
  status,
  body: { errorMessages: [message], errors: {} },
});

interface Below {
  /** The list above, whose rows have the ids 1 and 2. */
  readonly above: string;
  readonly row?: JsonObject;
  /** What is asked for of a row. */
  readonly below: (id: number) => string;
  readonly body: JsonValue;
  /** What is answered when it is gone. */
  readonly gone: Answer;
}

const boardIsGone = refused(
  404,
  'The requested board cannot be viewed because it either does not exist or you do not have permission to view it.',
);
const projectIsGone = refused(404, "No project could be found with id '1'.");
const ofProjects = (list: string, body: JsonValue): Below => ({
  above: '/api/3/project/search',
  row: { permissions: { canEdit: true } },
  below: (id) => `/api/3/project/${id}/${list}`,
  body,
  gone: projectIsGone,
});
const one = { values: [{ id: 9 }], isLast: true };

const lists: Readonly<Record<string, Below>> = {
  sprints: {
    above: '/agile/1.0/board',
    below: (id) => `/agile/1.0/board/${id}/sprint`,
    body: one,
    gone: boardIsGone,
  },
  epics: {
    above: '/agile/1.0/board',
    below: (id) => `/agile/1.0/board/${id}/epic`,
    body: one,
    gone: boardIsGone,
  },
  sprint_issues: {
    above: '/agile/1.0/board/7/sprint',
    below: (id) => `/agile/1.0/sprint/${id}/issue`,
    body: { issues: [{ id: '9' }], total: 1 },
    gone: refused(404, 'Sprint does not exist or you do not have permission to view it.'),
  },
  project_components: ofProjects('component', one),
  project_versions: ofProjects('version', one),
  project_avatars: ofProjects('avatars', { system: [{ id: '9' }] }),
  project_emails: ofProjects('email', { emailAddress: 'a@acme.com' }),
  statuses: {
    ...ofProjects('', one),
    below: (id) => `/api/3/statuses/search?${id}`,
  },
  filter_sharing: {
    above: '/api/3/filter/search',
    below: (id) => `/api/3/filter/${id}/permission`,
    body: [{ id: 9 }],
    gone: refused(
      400,
      'The selected filter is not available to you, perhaps it has been deleted or had its permissions changed.',
    ),
  },
  issue_custom_field_options: {
    above: '/api/3/field/customfield_1/context',
    below: (id) => `/api/3/field/customfield_1/context/${id}/option`,
    body: one,
    gone: refused(404, 'The custom field was not found.'),
  },
};

/** Answers above those lists that have lists above themselves. */
const further: Readonly<Record<string, JsonValue>> = {
  '/agile/1.0/board': { values: [{ id: 7 }], isLast: true },
  '/api/3/field': [{ id: 'customfield_1', schema: { type: 'option' } }],
  '/api/3/field/search': { values: [], isLast: true },
  '/api/3/search/jql': { issues: [] },
  '/api/3/statuses/search': { values: [], isLast: true },
};

/** One session in which the list below the first row is answered so. Two rows were there before. */
function capture(name: string, { above, row, below, body }: Below, first: Answer) {
  const answer = ({ pathname, searchParams }: URL): Answer => {
    const project = searchParams.get('projectId');
    const path = `${pathname.replace('/rest', '')}${project === null ? '' : `?${project}`}`;
    if (path === above) return { body: { values: [1, 2].map((id) => ({ id, ...row })), isLast: true } };
    if (path === below(1)) return first;
    if (path === below(2)) return { body };
    const known = further[path];
    assert.ok(known !== undefined, path);
    return { body: known };
  };
  const state = { snapshot: { updated_at: '2024-05-05T03:00:00Z', last_count: 2, last_digest: 'two' } };
  return session(name, key, answer, { state });
}

for (const [name, list] of Object.entries(lists)) {
  test(`${name}: a row above that is gone has none, and those below the others are read`, async () => {
    const { texts } = await capture(name, list, list.gone);
    assert.deepEqual(
      texts.map((text) => /"op":"(.)"/.exec(text)?.[1]),
      ['u', 'd'],
    );
  });

  test(`${name}: a path that is not served, or a page of an outage, deletes nothing`, async () => {
    for (const message of [
      `null for uri: https://acme.atlassian.net/rest${list.below(1)}`,
      '<html>Temporarily unavailable. Your boards, projects, sprints and dashboards will be back soon.</html>',
    ]) {
      await assert.rejects(capture(name, list, refused(404, message)), { code: 'CDK_HTTP_REFUSED' });
    }
  });
}
