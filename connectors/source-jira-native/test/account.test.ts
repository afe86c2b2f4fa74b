// What the connector asks the account for, how it goes on from the states of upstream, and what refusals mean.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiCapture } from '@weir/cdk';
import { FakeVendor, silentLog, VirtualClock } from '@weir/cdk/testing';
import { decodeConfig } from '@weir/schema/config';
import { SeededRandom } from '@weir/testing';
import { jira } from '../src/jira.ts';
import { config, fakeJira } from './fake-jira.ts';
import { session } from './jira-session.ts';

const NOW = Date.parse('2024-05-05T05:00:00Z');
const context = { log: silentLog, signal: new AbortController().signal, taskName: '', preview: undefined };
const withProjects = (projects: string): string =>
  JSON.stringify({ ...(JSON.parse(config) as object), advanced: { projects } });

async function discoveredNames(fake: Parameters<typeof fakeJira>[0], text = config): Promise<string[]> {
  const clock = new VirtualClock(NOW);
  const random = new SeededRandom(1);
  const { transport } = new FakeVendor(fakeJira(fake), {
    clock,
    random,
    changesUntilMs: 0,
    isCalm: true,
  });
  const capture = apiCapture(jira, { clock, random, transport });
  const decoded = decodeConfig(capture.spec.configSchema, text, { what: 'the configuration' });
  const found = await clock.run(capture.discover(decoded, context));
  return found.map(({ recommendedName }) => recommendedName);
}

test('streams that the user may not read are not discovered, nor those that this Jira does not have', async () => {
  const administrator = await discoveredNames({});
  // Two are of the service desk.
  assert.equal(administrator.length, Object.keys(jira.streams).length - 2);
  const agent = await discoveredNames({ granted: ['EDIT_WORKFLOW'] });
  const hidden = administrator.filter((name) => !agent.includes(name));
  assert.equal(hidden.length, 14);
  assert.ok(hidden.includes('users') && hidden.includes('screens'));
  assert.ok(agent.includes('issue_custom_field_options'));
});

test('streams of the service desk are for administrators who are agents of it too', async () => {
  for (const granted of [['ADMINISTER'], ['SERVICEDESK_AGENT'], ['ADMINISTER', 'SERVICEDESK_AGENT']]) {
    const names = await discoveredNames({ hasDesk: true, granted });
    assert.equal(names.includes('service_desks'), granted.length === 2, granted.join());
    assert.equal(names.includes('request_types'), granted.length === 2, granted.join());
  }
});

test('a project that is none, and a zone that is none, are told when bindings are discovered', async () => {
  await assert.rejects(discoveredNames({}, withProjects('ACME,NONE')), {
    code: 'CDK_HTTP_REFUSED',
    message: /The value 'NONE' does not exist for the field 'project'/,
  });
  assert.ok((await discoveredNames({}, withProjects('ACME'))).includes('issues'));
  await assert.rejects(discoveredNames({ zone: 'Middle/Earth' }), {
    code: 'CDK_RECORDS_MISSING',
    message: /no time zone of its user.*Middle\/Earth/,
  });
});

test('a state of upstream goes on where it was, in the zone of the user, from the minutes of its times', async () => {
  const asked: string[] = [];
  const { state } = await session(
    'issues',
    ['/id'],
    ({ searchParams }) => {
      asked.push(searchParams.get('jql') ?? '');
      return { body: { issues: [], nextPageToken: null } };
    },
    {
      text: withProjects('ACME'),
      state: {
        inc: {
          realtime: { cursor: '2024-05-05T04:50:10.123000Z' },
          lookback: { cursor: '2024-05-04T16:40:00+00:00' },
        },
        backfill: { cutoff: '2024-05-04T16:00:30.500000Z', next_page: '2024-05-04T10:00:30+02:00' },
        last_initialized: '2024-05-04T05:00:00Z',
        is_connector_initiated: false,
      },
    },
  );
  const between = (from: string, to: string): string =>
    `project in ("ACME") AND updated >= "2024-05-${from}" AND updated <= "2024-05-${to}" ORDER BY updated ASC`;
  assert.deepEqual(
    asked.toSorted(),
    [
      'project in ("ACME")',
      between('04 10:00', '04 18:01'),
      between('04 18:40', '04 18:59'),
      between('05 06:50', '05 06:58'),
    ].toSorted(),
  );
  assert.deepEqual(state, {
    inc: {
      realtime: { cursor: '2024-05-05T04:58:00Z' },
      lookback: { cursor: '2024-05-04T16:59:00Z' },
    },
    last_initialized: '2024-05-04T05:00:00Z',
    is_connector_initiated: false,
  });
});

test('a state that upstream wrote before it had twins is read from where it was', async () => {
  const asked: string[] = [];
  const { state } = await session(
    'issues',
    ['/id'],
    ({ searchParams }) => {
      asked.push(searchParams.get('jql') ?? '');
      return { body: { issues: [], nextPageToken: null } };
    },
    {
      state: {
        inc: { cursor: '2024-05-01T04:50:10.123000Z' },
        backfill: null,
        last_initialized: '2024-04-05T05:00:00Z',
        is_connector_initiated: false,
      },
    },
  );
  // Both looks, in the zone of the user: the late one as long before as rows may be late, as the one cursor had not looked twice.
  for (const begins of ['2024-05-01 06:50', '2024-04-30 18:48']) {
    const begun = asked.filter((jql) => jql.includes(`updated >= "${begins}"`));
    assert.equal(begun.length, 1, asked.join('\n'));
  }
  assert.deepEqual(state, {
    inc: {
      realtime: { cursor: '2024-05-05T04:58:00Z' },
      lookback: { cursor: '2024-05-04T16:59:00Z' },
    },
    backfill: null,
    last_initialized: '2024-04-05T05:00:00Z',
    is_connector_initiated: false,
  });
});

const issue = {
  id: '10001',
  fields: { updated: '2024-05-01T10:00:00.000+0000', comment: { total: 2, comments: [] } },
};
const searched = (url: URL): boolean => url.pathname.endsWith('/search/jql');

test('an issue that is gone has no comments, and any other refusal ends the task with what Jira says of it', async () => {
  const comments = (status: number, message: string) =>
    session('issue_comments', ['/id', '/issueId'], (url) =>
      searched(url)
        ? { body: { issues: [issue] } }
        : { status, body: { errorMessages: [message], errors: {} } },
    );
  const gone = await comments(404, 'Issue does not exist or you do not have permission to see it.');
  assert.deepEqual(gone.texts, []);
  for (const [status, message, code] of [
    [404, 'Site temporarily unavailable', 'CDK_HTTP_REFUSED'],
    [410, 'The requested API has been removed.', 'CDK_HTTP_REFUSED'],
    [403, 'You cannot read comments.', 'CDK_HTTP_FORBIDDEN'],
    [401, 'Client must be authenticated', 'CDK_HTTP_UNAUTHORIZED'],
  ] as const) {
    await assert.rejects(
      comments(status, message),
      ({ code: is, message: says }: Error & { code?: unknown }) => {
        assert.equal(is, code);
        assert.ok(says.includes(message), says);
        return true;
      },
    );
  }
});
