// Convergence through HTTP: every way of reading a list, on a vendor that changes its tables while they are read, shows rows
// late, refuses for the rate in every form, fails in bursts, cuts bodies off and lets tokens expire. 50 seeds, and at
// least 1000 in `npm run crash` (twice WEIR_CRASH_RUNS). WEIR_CRASH_SEED begins with another seed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePointer, resolvePointer } from '@weir/schema';
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from '@weir/schema/json';
import { SeededRandom } from '@weir/testing';
import { defineApi, get } from '../src/api/define-api.ts';
import { clientCredentials } from '../src/auth/token.ts';
import { costBudget, movingWindow } from '../src/http/rate-limit.ts';
import type { ApiRequest } from '../src/http/request.ts';
import { cursor, linkHeader } from '../src/paging/paging.ts';
import {
  changes,
  childChanges,
  descent,
  events,
  exports,
  parts,
  sequence,
  snapshot,
  token,
  walk,
} from '../src/streams/define-stream.ts';
import { createdAt, updatedAt } from '../src/streams/timestamp.ts';
import { convergeApi, type ConvergedStream, type FakeTruth } from '../src/testing/converge-api.ts';
import { type FakeApi, type FakeList, fakeLinkPages } from '../src/testing/fake-vendor.ts';
import { type ConnectionsWithin, selection } from '../src/streams/connections-within.ts';
import { connection, graphqlAnswers } from '../src/streams/graphql.ts';
import { fakeFiles, fakeGraphql, wholeRow } from './fake-graphql.ts';
import { fakeDescent, fakeEvents, fakeExports, fakeLog } from './fake-lists.ts';

const runs = process.env['WEIR_CRASH_RUNS'];
const seeds = runs === undefined ? 50 : Math.max(1000, 2 * Number(runs));
const firstSeed = Number(process.env['WEIR_CRASH_SEED'] ?? '1');

const common = {
  key: ['/id'],
  cursor: updatedAt('/updated_at', { tick: '1s', lag: '5s' }),
  interval: '1m',
  paging: linkHeader(),
} as const;
const between = ({ from, to }: { from: string; to: string }) => ({ from, to });
const since = (from: string) => ({ from });

const log = (path: string) =>
  ({
    key: ['/id'],
    interval: '1m',
    path,
    records: 'data',
    number: '/sequence',
    after: (number: string) => ({ after: number }),
    size: ['per_page', 3],
    isDeleted: ({ deleted }: JsonObject) => deleted === true,
  }) as const;

const within: ConnectionsWithin = {
  type: 'Row',
  fields: 'id version updated_at created_at',
  id: 'id',
  above: '__above',
  size: 2,
  lists: [
    {
      at: 'below.lines',
      type: 'Line',
      fields: 'id version',
      lists: [{ at: 'parts', type: 'Part', fields: 'id version' }],
    },
  ],
};
const said = { throttled: /"code":"THROTTLED"/ };

/** A connection with others within it, at a path of its own. */
const connected = (path: string) =>
  connection({
    ...said,
    path,
    query: `query($first: Int, $after: String, $from: String, $to: String) { rows(first: $first, after: $after, from: $from, to: $to) { nodes { ${selection(within, 2)} } pageInfo { hasNextPage endCursor } } }`,
    at: 'data.rows',
    size: ['first', 3],
    within,
    cost: 100,
    budget: (envelope) => {
      const left = resolvePointer(envelope, parsePointer('/extensions/left'));
      if (!isJsonObject(left ?? null)) return undefined;
      const { available, perSecond } = left as JsonObject;
      return { points: Number(available), perSecond: Number(perSecond) };
    },
  });

const asked = (query: string, variables: JsonObject = {}): ApiRequest => ({
  method: 'POST',
  url: '/bulked',
  body: { json: { query, variables } },
  answers: graphqlAnswers(said),
});

/** The operation of the same rows that runs, and was not created before. */
const running = (answer: JsonValue, text: string, since: string): string | undefined => {
  const list = resolvePointer(answer, parsePointer('/data/operations'));
  const found = (Array.isArray(list) ? list.filter(isJsonObject) : []).findLast(
    ({ query, status, createdAt }) =>
      query === text && status === 'RUNNING' && typeof createdAt === 'string' && createdAt > since,
  );
  return typeof found?.['id'] === 'string' ? found['id'] : undefined;
};

const api = defineApi({
  name: 'source-vendor',
  title: 'Vendor',
  config: {},
  auth: [clientCredentials({ tokenUrl: 'https://vendor.example.com/token' })],
  start: { daysAgo: 30 },
  base: 'https://vendor.example.com',
  probe: get('/windows'),
  limits: [movingWindow(100, '1m'), costBudget(1000, '20s', { appliesTo: /connected/ })],
  streams: {
    windows: changes({ ...common, path: '/windows', between }),
    // What windows and rows above are known for is as good as a constant.
    short: changes({
      ...common,
      path: ({ window }) => (window.from === '' ? '/nowhere' : '/short'),
      query: ({ window }) => ({ to: window.to }),
      between: ({ from }) => ({ from }),
      longestWindow: '7d',
    }),
    scanned: changes({ ...common, path: '/scanned' }),
    walked: walk({
      key: ['/id'],
      cursor: common.cursor,
      interval: '1m',
      path: '/walked',
      since,
      size: ['per_page', 15],
    }),
    descended: descent({
      ...common,
      path: '/descended',
      records: 'data',
      paging: cursor({ at: '/next', param: 'after' }),
    }),
    twins: changes({
      ...common,
      path: '/twins',
      cursor: updatedAt('/updated_at', { tick: '1s', lag: '0s' }),
      between,
      lookback: '20s',
    }),
    below: childChanges({
      ...common,
      of: changes({
        ...common,
        path: '/above',
        cursor: updatedAt('/updated_at', { tick: '1s', lag: '1s' }),
        between,
        lookback: '15s',
      }),
      id: '/id',
      as: 'above',
      key: ['/_meta/above', '/n'],
      path: (id) => `/above/${id}/rows`,
      query: ({ id }) => ({ of: id }),
      answers: [{ status: 404, text: /not there/, means: 'empty' }],
    }),
    evented: events({
      key: ['/id'],
      interval: '1m',
      events: {
        path: '/evented',
        query: { view: 'events' },
        records: 'data',
        paging: cursor({ at: '/next', param: 'after' }),
        cursor: createdAt('/created', { tick: '1s', lag: '5s' }),
        between,
      },
      rowOf: ({ type = '', object = null }) =>
        isJsonObject(object) ? { row: object, isDeleted: type === 'row.deleted' } : undefined,
      longestWindow: '10m',
      retention: '30d',
      history: {
        path: '/evented',
        records: 'data',
        paging: cursor({ at: '/next', param: 'after' }),
        cursor: createdAt('/created_at', { tick: '1s', lag: '5s' }),
      },
    }),
    numbered: sequence(log('/numbered')),
    stores: parts({
      of: async () => ['one', 'two', 'three'],
      as: 'store',
      atOnce: 2,
      interval: '1m',
      stream: (store) => sequence(log(`/${store}`)),
    }),
    tokened: token({
      key: ['/id'],
      interval: '1m',
      path: '/tokened',
      records: 'data',
      token: { at: '/token', param: 'after' },
      more: '/more',
      forgotten: { status: 410, text: /too old/ },
      isDeleted: ({ deleted }) => deleted === true,
    }),
    made: changes({
      ...common,
      path: '/made',
      cursor: createdAt('/created_at', { tick: '1s', lag: '5s' }),
      between,
      schedule: '*/7 * * * *',
    }),
    exported: exports({
      ...common,
      job: {
        create: (query) => ({
          method: 'POST',
          isSafe: true,
          url: '/exported',
          query: { do: 'create', ...query },
        }),
        id: '/job/id',
        poll: (id) => ({ url: '/exported', query: { do: 'poll', id } }),
        state: '/status',
        done: ['done'],
        failed: ['failed'],
        tooLarge: ['too many rows'],
        gone: { status: 404, text: /no such job/ },
        wait: ['5s', '20s'],
        patience: '10m',
        files: (_answer, id) => [{ url: '/exported', query: { do: 'file', id } }],
      },
      longestWindow: '40d',
    }),
    connected: changes({ ...common, ...connected('/connected'), between }),
    bulked: exports({
      ...common,
      records: { kind: 'json lines' },
      nested: { id: 'id', above: '__above', lists: within.lists ?? [] },
      job: {
        find: (bounds, since) => ({
          request: asked('{ operations }'),
          id: (answer) => running(answer, `${bounds.from} ${bounds.to}`, since),
        }),
        create: (bounds) => asked('mutation { run }', { ...bounds }),
        id: '/data/run/operation/id',
        busy: { at: '/data/run/problems/0/code', says: ['LIMIT_REACHED'] },
        poll: (id) => asked('query { operation(id: $id) }', { id }),
        state: '/data/operation/status',
        done: ['DONE'],
        failed: ['FAILED'],
        reason: '/data/operation/reason',
        tooLarge: ['TIMEOUT'],
        forgotten: { status: 403, text: /expired/ },
        wait: ['5s', '20s'],
        patience: '10m',
        files: (_answer, id) => [{ url: '/files', query: { id } }],
      },
      longestWindow: '40d',
      recent: { ...connected('/bulked'), between, within: '3m' },
    }),
    keyed: snapshot({ path: '/keyed', paging: linkHeader(), key: ['/id'], interval: '1m' }),
    whole: snapshot({ path: '/whole', paging: linkHeader(), order: 'as listed', interval: '1m' }),
  },
});

const pages = fakeLinkPages({
  param: 'cursor',
  sizeParam: 'per_page',
  most: 4,
  filter: ({ updatedAt: at }, query) => {
    const [from, to] = [query.get('from'), query.get('to')];
    return from === null || to === null || (at.ms >= Date.parse(from) && at.ms <= Date.parse(to));
  },
});

const pagesByCreation = fakeLinkPages({
  param: 'cursor',
  sizeParam: 'per_page',
  most: 4,
  filter: ({ createdAt: at }, query) =>
    at.ms >= Date.parse(query.get('from') ?? '') && at.ms <= Date.parse(query.get('to') ?? ''),
});

const sorted: FakeList = (rows, url) => ({
  body: rows
    .filter(({ updatedAt: at }) => at.ms >= Date.parse(url.searchParams.get('from') ?? ''))
    .toSorted((left, right) => left.updatedAt.compare(right.updatedAt) || left.id - right.id)
    .slice(0, Number(url.searchParams.get('per_page')))
    .map(({ row }) => row),
});

const fake: FakeApi = {
  origin: 'https://vendor.example.com',
  token: {
    url: 'https://vendor.example.com/token',
    livesMs: 600_000,
    accepts: ({ body }) => body === 'grant_type=client_credentials&client_id=a&client_secret=b',
  },
  lists: {
    '/windows': pages,
    '/short': pages,
    '/scanned': pages,
    '/walked': sorted,
    '/descended': fakeDescent(),
    '/evented': fakeEvents(),
    '/twins': pages,
    '/above': pages,
    '/numbered': fakeLog(),
    '/one': fakeLog(),
    '/two': fakeLog(),
    '/three': fakeLog(),
    '/tokened': fakeLog({ forgetsEvery: 25 }),
    '/made': pagesByCreation,
    '/exported': fakeExports(),
    '/connected': fakeGraphql,
    '/bulked': fakeGraphql,
    '/files': fakeFiles,
    '/keyed': pages,
    '/whole': pages,
  },
  sameTable: { '/files': '/bulked' },
  below: {
    '/above': (row) =>
      row === undefined ? { status: 404, text: 'not there' } : { body: rowsBelow(row.row) },
  },
};

/** Two rows below each one. */
function rowsBelow({ id = null, version = null }: JsonObject): JsonObject[] {
  return [0, 1].map((n) => ({ id, n, version }));
}

/** Where what a stream should end with is not the table of its own path. */
const truths: Readonly<Record<string, FakeTruth>> = {
  below: { lists: ['/above'], rows: rowsBelow },
  stores: { lists: ['/one', '/two', '/three'] },
  connected: { lists: ['/connected'], rows: (row) => [wholeRow(row)] },
  bulked: { lists: ['/bulked'], rows: (row) => [wholeRow(row)] },
};

/** What a log adds to a row is not part of the table. */
function withoutLogFields({ name, captured, expected }: ConvergedStream): ConvergedStream {
  const rows = captured.map(({ sequence: _sequence, deleted: _deleted, ...row }) => row);
  return { name, captured: inOrder(rows), expected: inOrder(expected) };
}

/** Rows of several parts have the same id. */
function inOrder(rows: readonly JsonObject[]): JsonObject[] {
  const texts = rows.map((row) => [canonicalJson(row), row] as const);
  return texts
    .toSorted(([left], [right]) => (left < right ? -1 : Number(left > right)))
    .map(([, row]) => row);
}

const ways = Object.keys(api.streams);

test('killed between any two lines, the collections end equal to the tables of a vendor that does all that vendors do', async () => {
  const faults = new Set<string>();
  let restarts = 0;
  for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
    // Two ways at a time, each of which is run in turn.
    const [one, other] = [ways[seed % ways.length] ?? 'windows', ways[(seed + 2) % ways.length] ?? 'whole'];
    const converged = await convergeApi({
      api,
      fake,
      config: '{"credentials":{"client_id":"a","client_secret":"b"}}',
      streams: { [one]: truths[one] ?? `/${one}`, [other]: truths[other] ?? `/${other}` },
      random: new SeededRandom(seed),
    });
    for (const { name, captured, expected } of converged.streams.map(withoutLogFields)) {
      assert.deepEqual(captured, expected, `${name}, seed ${seed}`);
    }
    for (const fault of Object.keys(converged.faults)) faults.add(fault);
    restarts += converged.sessions - 1;
  }
  assert.deepEqual([...faults].toSorted(), ['cut', 'expired', 'failing', 'reset', 'throttled']);
  assert.ok(restarts > seeds, 'the runs were killed');
});
