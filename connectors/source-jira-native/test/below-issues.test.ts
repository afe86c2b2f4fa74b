// When the lists of the search are taken for what belongs to an issue, and when it is asked for by itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@weir/schema/json';
import { session } from './jira-session.ts';

/** What is asked of an issue beside the search, and which rows are captured. Each window of the search has that issue. */
async function below(stream: string, issue: JsonObject, answer: JsonObject) {
  const asked = new Set<string>();
  const { texts } = await session(stream, ['/id', '/issueId'], ({ pathname, search }) => {
    if (pathname.endsWith('/search/jql')) return { body: { issues: [issue] } };
    asked.add(pathname.replace('/rest/api/3', '') + search);
    assert.ok(asked.size < 10, [...asked].join('\n'));
    return { body: answer };
  });
  const ids = new Set(texts.map((text) => Number(/"id":(\d+)/.exec(text)?.[1])));
  return { asked: [...asked], ids: [...ids] };
}

const updated = '2024-05-05T04:50:00.000+0000';
const whole = [{ id: '1' }, { id: '2' }];

test('a list whose total is not told is asked for by itself; an issue without comments lacks the field', async () => {
  const comments = (comment: JsonObject) =>
    below(
      'issue_comments',
      { id: '7', fields: { updated, ...comment } },
      { comments: whole, startAt: 0, total: 2 },
    );
  for (const total of [null, '', '1']) {
    const { asked, ids } = await comments({ comment: { comments: [{ id: '1' }], total } });
    assert.deepEqual(asked, ['/issue/7/comment?maxResults=100&startAt=0'], JSON.stringify(total));
    assert.deepEqual(ids, [1, 2]);
  }
  assert.deepEqual(await comments({}), { asked: [], ids: [] });
  assert.deepEqual(await comments({ comment: { comments: [{ id: '1' }], total: 1 } }), {
    asked: [],
    ids: [1],
  });
});

test('what the search should have held and does not is asked for: a changelog by its pages, transitions once', async () => {
  const issue = { id: '7', fields: { updated } };
  const changelogs = await below('issue_changelogs', issue, { values: whole, isLast: true, total: 2 });
  assert.deepEqual(changelogs, { asked: ['/issue/7/changelog?maxResults=100&startAt=0'], ids: [1, 2] });
  const transitions = await below('issue_transitions', issue, { transitions: whole });
  assert.deepEqual(transitions, { asked: ['/issue/7/transitions'], ids: [1, 2] });
});
