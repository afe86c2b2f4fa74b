import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApiDefinition, changes, type ChangesOptions } from '@weir/cdk';
import { convergeApi, type FakeApi } from '@weir/cdk/testing';
import { SeededRandom } from '@weir/testing';
import { testApi } from '@weir/testing/api';
import { issueStreams } from '../src/issues.ts';
import { jira } from '../src/jira.ts';
import {
  belowIssue,
  boardOf,
  captured,
  config,
  fakeJira,
  type FakeJiraOptions,
  issueOf,
  paths,
  sprintsOf,
  tabFieldsOf,
} from './fake-jira.ts';

const issues = { lists: [paths.issues], rows: (row: object) => [captured(issueOf({ ...row }))] };
const below = {
  lists: [paths.issues],
  rows: (row: object) => belowIssue({ ...row }),
  idOf: ({ issueId }: { issueId?: unknown }) => Number(issueId),
};

testApi({
  test: import.meta.url,
  api: jira,
  fake: fakeJira(),
  config,
  base: 'https://acme.atlassian.net/rest',
  streams: {
    issues,
    issue_comments: below,
    issue_worklogs: below,
    issue_changelogs: below,
    issue_transitions: { ...below, rows: (row: object) => belowIssue({ ...row }, 2) },
    issue_priorities: paths.priorities,
    users: paths.users,
    boards: { lists: [paths.boards], rows: boardOf },
    sprints: { lists: [paths.boards], rows: sprintsOf },
    screen_tab_fields: { lists: [paths.screens], rows: tabFieldsOf },
  },
  shown: ['issues', 'issue_comments', 'screen_tab_fields'],
  seeds: 2,
});

/** How often issues end differently from what Jira has, of so many seeds. */
async function lost(api: ApiDefinition, fake: FakeApi, seeds: number, beginsMs?: number): Promise<number> {
  let count = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const random = new SeededRandom(seed);
    const when = beginsMs === undefined ? {} : { beginsMs };
    const { streams } = await convergeApi({ api, fake, config, streams: { issues }, random, ...when });
    for (const { captured: has, expected } of streams) {
      if (JSON.stringify(has) !== JSON.stringify(expected)) count += 1;
    }
  }
  return count;
}

/** The same with other issues. */
const withIssues = (zone: string, change: (options: ChangesOptions) => ChangesOptions): ApiDefinition => ({
  ...jira,
  describe: async () => ({
    issues: changes(change(issueStreams({ zone, projects: [] }).issues.options)),
  }),
});

test('while the clocks of the user are set back nothing is lost, whichever of two times Jira takes a minute for', async () => {
  // Ten minutes around the end of summer time.
  const beginsMs = Date.parse('2024-11-03T05:55:00Z');
  const zone = 'America/New_York';
  const careless = withIssues(zone, ({ cursor, ...options }) => {
    const { print } = cursor;
    return { ...options, cursor: { ...cursor, print: (instant) => print(instant) } } as ChangesOptions;
  });
  let lostWithoutCare = 0;
  for (const repeated of ['first', 'second'] as const) {
    const fake = fakeJira({ zone, repeated });
    assert.equal(await lost(jira, fake, 1, beginsMs), 0, repeated);
    lostWithoutCare += await lost(careless, fake, 1, beginsMs);
  }
  assert.ok(lostWithoutCare > 0);
});

test('the second look finds what the search shows late; without it, that is lost', async () => {
  const late: FakeJiraOptions = { latestMs: 8 * 60_000 };
  const zone = 'Asia/Kolkata';
  const twice = withIssues(zone, (options) => ({ ...options, lookback: '10m' }));
  const once = withIssues(zone, ({ lookback: _lookback, ...options }) => options);
  assert.equal(await lost(twice, fakeJira(late), 2), 0);
  assert.ok((await lost(once, fakeJira(late), 2)) > 0);
});
