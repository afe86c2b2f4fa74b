// Snapshots that are gathered from several lists, or from answers that are no lists.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '@weir/schema/json';
import { type Answer, session } from './jira-session.ts';

test('the lists of epics are put together: those of boards, and those that are on none, each once', async () => {
  const asked: string[] = [];
  const { texts } = await session('epics', ['/_meta/row_id'], ({ pathname, searchParams }) => {
    asked.push(pathname.replace('/rest', ''));
    const values = (rows: JsonValue[]): Answer => ({ body: { values: rows, isLast: true } });
    if (pathname.endsWith('/board')) return values([{ id: 1 }, { id: 2 }, { id: 3, isPrivate: true }]);
    if (pathname.includes('/board/1/')) return values([{ id: 10, done: false }]);
    if (pathname.includes('/board/2/')) return values([{ id: 10, done: true }, { id: 11 }]);
    if (pathname.endsWith('/epic/12'))
      return { status: 400, body: { errorMessages: ['The request contains a next-gen issue'] } };
    if (pathname.endsWith('/epic/13')) return { body: { id: 13 } };
    assert.match(searchParams.get('jql') ?? '', /^issuetype = Epic/);
    return { body: { issues: ['11', '12', '13'].map((id) => ({ id })) } };
  });
  assert.deepEqual(
    texts.map((text) => /"id":(\d+)/.exec(text)?.[1]),
    ['10', '11', '13'],
  );
  assert.ok(!asked.some((path) => path.includes('/board/3/') || path.endsWith('/epic/11')), asked.join());
});

test('a row without an id, by which it is told from others and asked for, ends the task', async () => {
  const body = { values: [{ name: 'a board' }], isLast: true };
  await assert.rejects(
    session('epics', ['/_meta/row_id'], () => ({ body })),
    { code: 'CDK_STREAM_DEFECT', message: /no id/ },
  );
});

const gatheredFrom: Readonly<
  Record<string, { answers: Readonly<Record<string, JsonValue>>; texts: readonly string[] }>
> = {
  labels: {
    answers: { '/label': { values: ['a', 'b'], isLast: true } },
    texts: ['"label":"a"}', '"label":"b"}'],
  },
  permissions: {
    answers: {},
    // Who may what is asked for before, of the same list.
    texts: ['"key":"ADMINISTER","havePermission":true}'],
  },
  project_avatars: {
    answers: {
      '/project/search': { values: [{ id: '7' }], isLast: true },
      '/project/7/avatars': { system: [{ id: '1' }], custom: [{ id: '2' }] },
    },
    texts: ['"id":"1","projectId":"7"}', '"id":"2","projectId":"7"}'],
  },
  statuses: {
    answers: {
      '/project/search': {
        values: [
          { id: '7', style: 'next-gen' },
          { id: '8', style: 'classic' },
        ],
        isLast: true,
      },
      '/statuses/search': { values: [{ id: '1' }], isLast: true },
      '/statuses/search?7': { values: [{ id: '1' }, { id: '2' }], isLast: true },
    },
    texts: ['"id":"1"}', '"id":"2"}'],
  },
  system_avatars: {
    answers: Object.fromEntries(
      ['project', 'user', 'issuetype', 'priority'].map((type) => [
        `/avatar/${type}/system`,
        { system: [{ id: '1', type }] },
      ]),
    ),
    // The same number, of four types.
    texts: ['project', 'user', 'issuetype', 'priority'].map((type) => `"id":"1","type":"${type}"}`),
  },
  issue_fields: {
    answers: {
      '/field': [{ id: 'summary' }],
      '/field/search': { values: [{ id: 'summary' }, { id: 'customfield_1' }], isLast: true },
    },
    texts: ['"id":"summary"}', '"id":"customfield_1"}'],
  },
  project_emails: {
    answers: {
      '/project/search': {
        values: [
          { id: '7', permissions: { canEdit: true } },
          { id: '8', permissions: { canEdit: false } },
        ],
        isLast: true,
      },
      '/project/7/email': { emailAddress: 'a@acme.com' },
    },
    texts: ['"emailAddress":"a@acme.com","projectId":"7"}'],
  },
  issue_custom_field_options: {
    answers: {
      '/field': [
        { id: 'summary', schema: { type: 'option' } },
        { id: 'customfield_1', schema: { type: 'option' } },
      ],
      '/field/search': { values: [{ id: 'customfield_2', schema: { type: 'number' } }], isLast: true },
      '/field/customfield_1/context': { values: [{ id: '5' }], isLast: true },
      '/field/customfield_1/context/5/option': { values: [{ id: '9' }], isLast: true },
    },
    texts: ['"id":"9","issueFieldId":"customfield_1","fieldContextId":"5"}'],
  },
};

for (const [name, { answers, texts }] of Object.entries(gatheredFrom)) {
  test(`${name} are what Jira lists, and nothing else is asked for`, async () => {
    const found = await session(name, ['/_meta/row_id'], ({ pathname, searchParams }) => {
      const project = searchParams.get('projectId');
      const path = `${pathname.replace('/rest/api/3', '')}${project === null ? '' : `?${project}`}`;
      const body = answers[path];
      assert.ok(body !== undefined, path);
      return { body };
    });
    assert.deepEqual(
      found.texts.map((text) => text.slice(text.indexOf('},') + 2)),
      texts,
    );
  });
}
