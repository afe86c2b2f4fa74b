// Where a list is, and how it is read, as functions of what is known there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { text } from '@weir/schema';
import { explainApi } from '../src/api/explain-api.ts';
import { defineApi, get } from '../src/api/define-api.ts';
import { bearer } from '../src/auth/fixed.ts';
import { cursor } from '../src/paging/paging.ts';
import {
  changes,
  childChanges,
  children,
  descent,
  events,
  report,
  sequence,
  snapshot,
  token,
  walk,
} from '../src/streams/define-stream.ts';
import type { Known, KnownWindow } from '../src/streams/list-options.ts';
import { apiOf, common, list, row, run } from './api-harness.ts';

interface Site {
  readonly credentials: object;
  readonly start_date: string;
}

const empty = (): string => list();
const ofStart = ({ config }: Known<Site>) => ({ began: config.start_date.slice(0, 10) });

test('a path, parameters and the place of the records may depend on the configuration, and on the window', async () => {
  const stream = changes({
    ...common,
    path: ({ config, window }: KnownWindow<Site>) =>
      `/of/${config.start_date.slice(0, 4)}/${window.from.slice(0, 10)}`,
    query: ofStart,
    records: ({ window }) => (window.from.includes('T00:00:00Z') ? 'old' : 'data'),
    between: ({ from }) => ({ from: from.slice(11, 16) }),
    longestWindow: '3h',
  });
  const { asked, texts } = await run(stream, (target) =>
    target.includes('from=00:00') ? `{"old":[${row(1, '01:00:00')}]}` : list(row(2, '04:00:00')),
  );
  assert.deepEqual(asked, [
    '/of/2024/2024-05-05?limit=2&began=2024-05-05&from=00:00',
    '/of/2024/2024-05-05?limit=2&began=2024-05-05&from=03:00',
  ]);
  assert.deepEqual(
    texts.map((document) => /"id":(\d)/.exec(document)?.[1]),
    ['1', '2'],
  );
});

test('headers and bodies may depend on what is known, a token and a number on what was seen', async () => {
  const { asked } = await run(
    token({
      key: ['/id'],
      interval: '5m',
      path: ({ after }) => (after === undefined ? '/all' : '/since'),
      token: { at: '/token', param: 'token' },
      more: '/more',
      records: 'data',
    }),
    (target) => `{"data":[],"token":"t","more":${!target.includes('token')}}`,
  );
  assert.deepEqual(asked, ['/all?limit=2', '/since?limit=2&token=t']);
  const numbered = sequence({
    key: ['/id'],
    interval: '5m',
    path: ({ after }) => `/behind/${after}`,
    records: 'data',
    number: '/id',
    after: () => ({}),
    size: ['n', 1],
  });
  const { asked: behind } = await run(numbered, (target) =>
    target.startsWith('/behind/2') ? list() : list(`{"id":${target.startsWith('/behind/1') ? 2 : 1}}`),
  );
  assert.deepEqual(behind, ['/behind/0?limit=2&n=1', '/behind/1?limit=2&n=1', '/behind/2?limit=2&n=1']);
});

test('a list below a row may depend on the row, and one above on the configuration', async () => {
  const boards = {
    path: ({ config }: Known<Site>) => `/boards/${config.start_date.slice(0, 4)}`,
    records: 'data',
  };
  const { asked } = await run(
    children({
      of: { of: boards, id: '/id', path: (board: string) => `/boards/${board}/lists`, records: 'data' },
      id: '/id',
      path: (id) => `/lists/${id}`,
      query: ({ id, above }) => ({ list: id, board: above[0] }),
      records: 'data',
      order: 'as listed',
      interval: '5m',
    }),
    (target) =>
      target.startsWith('/lists/') ? list() : list(`{"id":"${target.includes('lists') ? 'l' : 'b'}"}`),
  );
  assert.deepEqual(asked, [
    '/boards/2024?limit=2',
    '/boards/b/lists?limit=2',
    '/lists/l?limit=2&list=l&board=b',
  ]);
  const { asked: changed } = await run(
    childChanges({
      ...common,
      of: changes({ ...common, path: () => '/rows' }),
      id: '/id',
      path: (id) => `/rows/${id}`,
      query: ({ id }) => ({ of: id }),
    }),
    (target) => (target.startsWith('/rows/') ? list() : list(row(1, '04:00:00'))),
  );
  assert.deepEqual(changed, ['/rows?limit=2', '/rows/1?limit=2&of=1']);
});

test('every other kind takes functions too', async () => {
  const paging = cursor({ at: '/next', param: 'page' });
  const kinds = {
    snapshot: snapshot({ ...common, path: '/rows', query: ofStart }),
    descent: descent({ ...common, path: '/rows', query: ofStart, paging }),
    walk: walk({
      ...common,
      path: ({ after }) => `/from/${after.slice(0, 10)}`,
      query: ofStart,
      since: () => ({}),
      size: ['n', 2],
    }),
    report: report({
      ...common,
      path: ({ window }) => `/day/${window.from}`,
      query: ofStart,
      between: () => ({}),
      lag: '1h',
    }),
    events: events({
      ...common,
      events: { ...common, path: '/log', query: ofStart, between: () => ({}) },
      rowOf: (event) => ({ row: event }),
      longestWindow: '1h',
      retention: '9d',
      history: { ...common, path: '/rows', query: ofStart },
    }),
  };
  const firsts: Record<string, string | undefined> = {};
  for (const [name, stream] of Object.entries(kinds)) {
    // A day that is over.
    const { asked } = await run(stream, empty, name === 'report' ? 25 * 3600 : 1);
    firsts[name] = asked[0];
  }
  assert.deepEqual(firsts, {
    snapshot: '/rows?limit=2&began=2024-05-05',
    descent: '/rows?limit=2&began=2024-05-05',
    walk: '/from/2024-05-05?limit=2&began=2024-05-05&n=2',
    report: '/day/2024-05-05?limit=2&began=2024-05-05',
    events: '/rows?limit=2&began=2024-05-05',
  });
});

const site = text({ title: 'Site', description: 'The site.', order: 10 });
const mode = text({ title: 'Mode', description: 'How.', order: 11 });
const sample = {
  name: 'source-sample',
  title: 'Sample',
  auth: [bearer()],
  base: 'https://a.example',
  probe: get('/'),
} as const;

test('a plan shows what functions make of the names of the configuration, and says what else they depend on', () => {
  const api = defineApi({
    ...sample,
    config: { site, mode },
    streams: {
      named: snapshot({
        path: ({ config }: Known<{ readonly site: string; readonly mode: string }>) =>
          config.mode === 'all' ? `/${config.site}/all` : `/${config.site}/some`,
        headers: ({ config }) => ({ 'x-site': config.site }),
        records: ({ config }) => `${config.site}.rows`,
        order: 'as listed',
        interval: '5m',
      }),
      computed: snapshot({
        path: ({ config }: Known<{ readonly site: string }>) => `/${config.site.toUpperCase()}`,
        order: 'as listed',
        interval: '5m',
      }),
    },
  });
  const plan = explainApi(api, 'https://a.example', 0);
  assert.deepEqual(plan.split('\n'), [
    'named: snapshot, every 5m',
    '  first: GET https://a.example/{site}/some with {"x-site":"{site}"}, records at "{site}.rows"',
    '  pages: one page',
    '  order: as listed',
    '  depends on mode of the configuration',
    'computed: snapshot, every 5m',
    '  what is asked for is computed from the configuration: explain it with one',
    '',
  ]);
  const configured = explainApi(api, 'https://a.example', 0, { site: 'x', mode: 'all' });
  assert.match(configured, /GET https:\/\/a\.example\/x\/all with \{"x-site":"x"\}, records at "x\.rows"\n/);
  assert.match(configured, /GET https:\/\/a\.example\/X\n/);
  assert.doesNotMatch(configured, /depends on|explain it/);
});

test('a plan shows what depends on the window and on the row above', () => {
  const plan = explainApi(
    apiOf({
      rows: changes({ ...common, query: ({ window }) => ({ day: window.from.slice(0, 10) }) }),
      below: children({
        of: { path: '/boards' },
        id: '/id',
        path: (id) => `/boards/${id}`,
        query: ({ id }) => ({ board: id }),
        order: 'as listed',
        interval: '5m',
      }),
    }),
    'https://a.example',
    Date.parse('2024-05-05T05:00:00Z'),
  );
  assert.match(plan, /GET https:\/\/a\.example\/rows\?limit=2&day=2024-04-05\n/);
  assert.match(plan, /then for each \/id: GET https:\/\/a\.example\/boards\/\{id\}\?limit=2&board=\{id\}\n/);
});

test('what is not known there, or not configured, does not compile', () => {
  const definitions = (): void => {
    // @ts-expect-error A snapshot has no window.
    snapshot({ path: ({ window }) => String(window), order: 'as listed', interval: '5m' });
    // @ts-expect-error A page is no list of names.
    changes({ ...common, records: ({ window }) => [window.from] });
    defineApi({
      ...sample,
      config: { site },
      streams: {
        rows: snapshot({
          path: ({ config }: Known<{ readonly site: string }>) => config.site,
          order: 'as listed',
          interval: '5m',
        }),
        // @ts-expect-error The configuration has no such field.
        others: snapshot({
          path: ({ config }: Known<{ readonly other: string }>) => config.other,
          order: 'as listed',
          interval: '5m',
        }),
      },
    });
  };
  assert.equal(typeof definitions, 'function');
});
