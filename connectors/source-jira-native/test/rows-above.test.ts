// Rows above that are gone between two lists, and refusals that look like it.
//
// The words for boards, sprints, projects and filters are as people have published answers of Jira Cloud, those for fields and
// their contexts as its OpenAPI document has them; those for screens are known from upstream's connector by a part only.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '@weir/schema/json';
import { type Answer, session } from './jira-session.ts';

/** Of everything that has no list above it there are two, and one row in each list below. */
function listed({ pathname, searchParams }: URL): Answer {
  const above = /(\d+)\D*$/.exec(pathname.replace('/rest/api/3', '').replace('/1.0/', '/'))?.[1];
  const project = searchParams.get('projectId');
  const numbers = pathname.endsWith('/search/jql')
    ? []
    : pathname.endsWith('/statuses/search')
      ? [project ?? '0']
      : above === undefined
        ? ['1', '2']
        : [`${above}1`];
  const rows = numbers.map((number) => ({
    id: pathname.includes('/field') && above === undefined ? `customfield_${number}` : number,
    style: 'next-gen',
    permissions: { canEdit: true },
    schema: { type: 'option' },
  }));
  if (/\/(?:permission|field|tabs|fields)$/.test(pathname)) return { body: rows };
  if (pathname.endsWith('/email')) return { body: { emailAddress: `${above}@acme.com` } };
  if (pathname.endsWith('/avatars')) return { body: { system: rows, custom: [] } };
  return { body: { values: rows, issues: rows, isLast: true, total: rows.length } };
}

const told = (message: string): JsonValue => ({ errorMessages: [message], errors: {} });
const noBoard: JsonValue = {
  errorMessages: [],
  errors: {
    rapidViewId:
      'The requested board cannot be viewed because it either does not exist or you do not have permission to view it.',
  },
};
const noProject = told("No project could be found with id '1'.");

/** What of the first row above is asked for, and what is answered where that is gone. */
const below: readonly (readonly [stream: string, path: string, status: number, body: JsonValue])[] = [
  ['sprints', '/board/1/sprint', 404, noBoard],
  ['sprints', '/board/1/sprint', 400, told('The board does not support sprints')],
  ['sprint_issues', '/sprint/11/issue', 404, { errorMessages: ['We could not find the sprint'] }],
  ['epics', '/board/1/epic', 404, noBoard],
  ['project_components', '/project/1/component', 404, noProject],
  ['project_versions', '/project/1/version', 404, noProject],
  ['project_avatars', '/project/1/avatars', 404, noProject],
  ['project_emails', '/project/1/email', 404, noProject],
  ['statuses', '/statuses/search?projectId=1', 404, noProject],
  [
    'filter_sharing',
    '/filter/1/permission',
    404,
    told(
      'The selected filter is not available to you, perhaps it has been deleted or had its permissions changed.',
    ),
  ],
  [
    'issue_custom_field_contexts',
    '/field/customfield_1/context',
    404,
    told('The custom field was not found.'),
  ],
  ['issue_custom_field_options', '/context/11/option', 404, told('The context was not found.')],
  [
    'issue_custom_field_options',
    '/context/11/option',
    400,
    told("The custom field doesn't support options."),
  ],
  ['screen_tab_fields', '/screens/1/tabs', 404, told('Screen with the given id does not exist.')],
  ['screen_tab_fields', '/tabs/11/fields', 400, told('The screen tab with id 11 does not exist.')],
];

/** The documents of a stream, where one path is refused. */
async function captured(stream: string, path: string, refusal: (headers: Headers) => Answer) {
  let isAsked = false;
  const { texts } = await session(stream, ['/_meta/row_id'], (url, headers) => {
    const project = url.searchParams.get('projectId');
    const asked = `${url.pathname}${project === null ? '' : `?projectId=${project}`}`;
    if (!asked.endsWith(path)) return listed(url);
    isAsked = true;
    return refusal(headers);
  });
  assert.ok(isAsked, path);
  return texts;
}

for (const [stream, path, status, body] of below) {
  test(`${stream}: the others are captured where ${path} is refused with ${status}, in whatever language the user has`, async () => {
    const texts = await captured(stream, path, (headers) =>
      headers.get('accept-language') === 'en' && headers.get('x-force-accept-language') === 'true'
        ? { status, body }
        : { status, body: told('Nicht gefunden.') },
    );
    const { texts: whole } = await session(stream, ['/_meta/row_id'], listed);
    assert.ok(whole.length >= 2, `${whole.length}`);
    assert.equal(texts.length, whole.length - 1);
  });
}

const outages: readonly JsonValue[] = [
  told('Temporarily unavailable. Your boards, projects, sprints and dashboards will be back soon.'),
  '<html><body>The page does not exist. Go to your <a href="/jira/dashboards">dashboard</a>.</body></html>',
];

for (const [stream, path] of new Map(below.map(([name, ...rest]) => [name, rest]))) {
  test(`${stream}: any other 404 ends the task, and takes no row for deleted`, async () => {
    const unserved = `null for uri: https://acme.atlassian.net${path[0]}`;
    for (const body of [...outages, told(unserved), { message: unserved, 'status-code': 404 }]) {
      await assert.rejects(
        captured(stream, path[0], () => ({ status: 404, body })),
        { code: 'CDK_HTTP_REFUSED' },
        JSON.stringify(body),
      );
    }
  });
}

test('of a filter that is not shared with the user, the page of a dead link is no outage', async () => {
  const body = '<title>Oops, you&#39;ve found a dead link. - JIRA</title>';
  const texts = await captured('filter_sharing', '/filter/1/permission', () => ({ status: 404, body }));
  assert.equal(texts.length, 1);
});
