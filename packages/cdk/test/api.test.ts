// Definitions of APIs on transports that answer by a table: what is asked for, in which order, and what is made of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CaptureSession, serveCapture } from '@weir/capture';
import { FULL_RANGE } from '@weir/protocol';
import { optional, text } from '@weir/schema';
import { decodeConfig } from '@weir/schema/config';
import { ConnectorHost, SeededRandom } from '@weir/testing';
import { apiCapture } from '../src/api/api-capture.ts';
import type { ApiConfig, ApiResource } from '../src/api/api-config.ts';
import { type ApiDefinition, defineApi, get } from '../src/api/define-api.ts';
import { basic, bearer } from '../src/auth/fixed.ts';
import { documents } from '../src/documents/document-batch.ts';
import type { TransportResponse } from '../src/http/transport.ts';
import { cursor, offset } from '../src/paging/paging.ts';
import { changes, feed, snapshot, type StreamDefinition, walk } from '../src/streams/definition.ts';
import { updatedAt } from '../src/streams/timestamp.ts';
import { convergeApi } from '../src/testing/converge-api.ts';
import { Committed, CrashingOutput } from '../src/testing/crashing-output.ts';
import type { FakeList } from '../src/testing/fake-vendor.ts';
import { silentLog } from '../src/testing/silent-log.ts';
import { VirtualClock } from '../src/testing/virtual-clock.ts';

const BEGIN = Date.parse('2024-05-05T05:00:00Z');
const config =
  '{"credentials":{"credentials_title":"Private App Credentials","access_token":"t"},"start_date":"2024-05-05T00:00:00Z"}';

function apiOf(streams: ApiDefinition['streams']): ApiDefinition {
  return defineApi({
    name: 'source-sample',
    title: 'Sample',
    config: { site: optional(text({ title: 'Site', description: 'The site.', order: 10 })) },
    auth: [bearer(), basic()],
    start: { daysAgo: 30 },
    base: 'https://api.example.com',
    probe: get('/me'),
    query: { limit: 2 },
    streams,
  });
}

interface Ran {
  readonly asked: readonly string[];
  readonly texts: readonly string[];
  readonly state: unknown;
  readonly warnings: readonly string[];
}

/** Runs one stream; `answer` gives a body for the path and query of each request. */
async function run(
  stream: StreamDefinition,
  answer: (target: string) => string,
  forSeconds = 1,
): Promise<Ran> {
  const clock = new VirtualClock(BEGIN);
  const asked: string[] = [];
  const transport = async ({ url }: { url: URL }): Promise<TransportResponse> => {
    const target = decodeURIComponent(`${url.pathname}${url.search}`);
    asked.push(target);
    return {
      status: 200,
      headers: {},
      body: (async function* () {
        yield Buffer.from(answer(target));
      })(),
    };
  };
  const capture = apiCapture(apiOf({ rows: stream }), { clock, transport });
  const committed = new Committed();
  const ending = new AbortController();
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (message: string) => warnings.push(message), with: () => log };
  const session = {
    config: decodeConfig(capture.spec.configSchema, config, { what: 'the configuration' }),
    bindings: [binding('rows', 'key' in stream.options ? stream.options.key : ['/_meta/row_id'])],
    state: {},
    output: new CrashingOutput(committed, Infinity, () => undefined),
    log,
    signal: ending.signal,
  };
  const timer = clock.until(BEGIN + forSeconds * 1000, ending.signal).then(
    () => ending.abort(new DOMException('the end', 'AbortError')),
    () => undefined,
  );
  try {
    await clock.run(capture.pull(session as unknown as CaptureSession<ApiConfig, ApiResource, object>));
  } finally {
    ending.abort();
    await timer;
  }
  const states = committed.state['bindingStateV1'] as Record<string, unknown>;
  return { asked, texts: committed.documents.map((each) => each.text), state: states['rows'], warnings };
}

function binding(name: string, key: readonly string[], resource: object = {}) {
  const collection = {
    name: `acme/${name}`,
    key,
    uuidPtr: '',
    partitionFields: [],
    projections: [],
    writeSchema: '{}',
  };
  return {
    index: 0,
    resource: { name, ...resource },
    resourcePath: [name],
    stateKey: name,
    backfill: 0,
    collection,
  };
}

const row = (id: number, at: string): string => `{"id":${id},"at":"2024-05-05T${at}Z"}`;
const list = (...rows: string[]): string => `{"data":[${rows.join()}]}`;
const at = updatedAt('/at', { tick: '1s', lag: '60s' });
const common = { path: '/rows', key: ['/id'], cursor: at, records: 'data', interval: '5m' } as const;

test('changes are asked for by windows that meet, and the backfill up to where they begin', async () => {
  const between = ({ from, to }: { from: string; to: string }) => ({ since: from, until: to });
  const { asked, texts } = await run(
    changes({ ...common, between, excludesEnd: true }),
    (target) => list(...(target.includes('T00:00:00Z') ? [row(1, '01:00:00')] : [row(2, '05:01:00')])),
    700,
  );
  assert.deepEqual(asked, [
    '/rows?limit=2&since=2024-05-05T00:00:00Z&until=2024-05-05T04:59:00Z',
    '/rows?limit=2&since=2024-05-05T04:58:59Z&until=2024-05-05T05:04:01Z',
    '/rows?limit=2&since=2024-05-05T05:04:00Z&until=2024-05-05T05:09:02Z',
  ]);
  const idOf = (document: string): number => Number(/"id":(\d)/.exec(document)?.[1]);
  assert.deepEqual(texts.map(idOf), [1, 2, 2]);
});

test('long windows are cut: those of the backfill are positions of the state', async () => {
  const between = ({ from, to }: { from: string; to: string }) => ({
    w: `${from.slice(11, 16)}-${to.slice(11, 16)}`,
  });
  const paging = cursor({ at: '/next', param: 'page' });
  const { asked } = await run(changes({ ...common, between, longestWindow: '2h', paging }), (target) =>
    target.includes('w=02:00') && !target.includes('page')
      ? `{"data":[${row(1, '03:00:00')}],"next":"p2"}`
      : list(),
  );
  assert.deepEqual(asked, [
    '/rows?limit=2&w=00:00-02:00',
    '/rows?limit=2&w=02:00-04:00',
    '/rows?limit=2&w=02:00-04:00&page=p2',
    '/rows?limit=2&w=04:00-04:58',
  ]);
});

test('without a filter the list is read whole, and what has not changed is left out', async () => {
  let reads = 0;
  const { texts, asked } = await run(
    changes(common),
    () => list(row(1, '04:00:00'), row(2, reads++ === 0 ? '04:30:00' : '05:03:00'), row(3, '05:04:50')),
    310,
  );
  assert.equal(asked.length, 2);
  const ids = texts.map((document) => Number(/"id":(\d)/.exec(document)?.[1]));
  // The backfill has all; the window of changes has what is new, also what is too new to be claimed.
  assert.deepEqual(ids, [1, 2, 3, 2, 3]);
});

test('a record without its time is a defect; a filter that does not hold is told once', async () => {
  await assert.rejects(
    run(changes(common), () => list('{"id":1}')),
    {
      code: 'CDK_STREAM_DEFECT',
      message: /"rows" has no time at \/at/,
    },
  );
  const between = () => ({});
  const { warnings } = await run(
    changes({ ...common, between, interval: '1s' }),
    () => list(row(1, '00:00:00')),
    60,
  );
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /none of them is of the time/);
});

const walked = walk({ ...common, since: (from) => ({ from }), size: ['n', 3] });

test('a walk goes on from the time of the last row, and claims what no page can add to', async () => {
  const rows = ['01:00:00', '02:00:00', '02:00:00', '03:00:00', '05:00:10', '05:00:10', '05:04:59'];
  const { asked, texts } = await run(
    walked,
    (target) => {
      const from = /from=2024-05-05T([\d:]+)Z/.exec(target)?.[1] ?? '';
      const page = rows.map((time, index) => [time, index + 1] as const).filter(([time]) => time >= from);
      return list(...page.slice(0, 3).map(([time, id]) => row(id, time)));
    },
    400,
  );
  assert.deepEqual(asked, [
    '/rows?limit=2&n=3&from=2024-05-05T00:00:00Z',
    '/rows?limit=2&n=3&from=2024-05-05T02:00:00Z',
    '/rows?limit=2&n=3&from=2024-05-05T03:00:00Z',
    '/rows?limit=2&n=3&from=2024-05-05T04:58:59Z',
  ]);
  const ids = texts.map((document) => Number(/"id":(\d)/.exec(document)?.[1]));
  assert.deepEqual(ids, [1, 2, 3, 2, 3, 4, 4, 5, 6]);
});

test('a walk stops where its list is not sorted, or has more rows of one time than a page', async () => {
  const unsorted = run(walked, () => list(row(1, '03:00:00'), row(2, '02:00:00')));
  await assert.rejects(unsorted, {
    code: 'CDK_ORDER_BROKEN',
    message: /02:00:00Z behind one of .*03:00:00Z/,
  });
  const full = run(walked, () => list(row(1, '03:00:00'), row(2, '03:00:00'), row(3, '03:00:00')));
  await assert.rejects(full, { code: 'CDK_TICK_TOO_FULL', message: /3 rows or more .*03:00:00Z/ });
});

for (const [name, shifts, perPage] of [
  // A burst of changes has up to six rows of one time.
  ['a walk', false, 15],
  ['offsets, whose order is said to be stable and is not,', true, 3],
] as const) {
  test(`${name} on a list that is sorted by time ${shifts ? 'lose' : 'loses no'} rows while they move to its end`, async () => {
    const page: FakeList = (rows, url) => {
      const since = Date.parse(url.searchParams.get('from') ?? '');
      const skip = Number(url.searchParams.get('skip') ?? 0);
      const listed = rows
        .filter(({ updatedAt }) => updatedAt.ms >= since)
        .toSorted((left, right) => left.updatedAt.compare(right.updatedAt) || left.id - right.id);
      return { body: listed.slice(skip, skip + perPage).map((each) => each.row) };
    };
    const options = { path: '/rows', key: ['/id'], interval: '1m' } as const;
    const cursorAt = updatedAt('/updated_at', { tick: '1s', lag: '5s' });
    const since = (from: string) => ({ from });
    const size = ['n', perPage] as const;
    const paging = offset({ param: 'skip', size, stability: 'stable' });
    const stream = shifts
      ? changes({ ...options, cursor: cursorAt, between: ({ from }) => since(from), paging })
      : walk({ ...options, cursor: cursorAt, since, size });
    let lost = 0;
    for (let seed = 1; seed <= 15; seed += 1) {
      const { streams } = await convergeApi({
        api: apiOf({ rows: stream }),
        fake: { origin: 'https://api.example.com', lists: { '/rows': page } },
        config,
        streams: { rows: '/rows' },
        random: new SeededRandom(seed),
      });
      for (const { captured, expected } of streams) {
        if (JSON.stringify(captured) !== JSON.stringify(expected)) lost += 1;
      }
    }
    assert.equal(lost > 0, shifts, `${lost} of 15 runs`);
  });
}

test('what an API tells of its documents goes ahead of them, and a feed asks for acknowledgements', async () => {
  const told: string[] = [];
  const api = apiOf({
    pushed: feed({
      key: ['/id'],
      interval: '5m',
      open: () => ({
        run: async ({ publish }) => {
          await publish([documents([{ id: 1 }])]);
          told.push('committed');
        },
      }),
      sourcedSchema: async () => ({ type: 'object', properties: { id: { type: 'integer' } } }),
    }),
  });
  const host = new ConnectorHost('capture');
  const exit = serveCapture(apiCapture(api, { transport: () => assert.fail('asked') }), host);
  host.send({
    kind: 'open',
    version: '0000000000000001',
    range: FULL_RANGE,
    state: '{}',
    capture: {
      name: 'acme/api',
      connectorType: 'LOCAL',
      config,
      intervalSeconds: 300,
      inactiveBindings: [],
      bindings: [{ ...binding('pushed', ['/id']), resourceConfig: '{"name":"pushed"}' }],
    },
  });
  const kinds: string[] = [];
  for (let checkpoints = 0; checkpoints < 2;) {
    const response = await host.receive();
    kinds.push(
      response?.kind === 'opened' ? `opened ${response.explicitAcknowledgements}` : (response?.kind ?? 'end'),
    );
    if (response?.kind === 'checkpoint') checkpoints += 1;
  }
  assert.deepEqual(kinds, ['opened true', 'checkpoint', 'sourcedSchema', 'captured', 'checkpoint']);
  assert.deepEqual(told, []);
  host.send({ kind: 'acknowledge', checkpoints: 2 });
  assert.equal(await exit, 0);
  assert.deepEqual(told, ['committed']);
});

test('pages that lead in a circle are stopped', async () => {
  const paging = cursor({ at: '/next', param: 'page' });
  const circle = run(
    snapshot({ path: '/rows', records: 'data', paging, order: 'as listed', interval: '5m' }),
    (target) => `{"data":[],"next":"${target.endsWith('a') ? 'b' : 'a'}"}`,
  );
  await assert.rejects(circle, { code: 'CDK_PAGING_LOOP' });
});

test('a snapshot is sorted where the API does not, and records are changed or left out where a map says so', async () => {
  const { texts } = await run(
    snapshot({
      path: '/rows',
      records: 'data',
      order: { by: '/id' },
      interval: '5m',
      map: ({ id, ...rest }) => (id === 3 ? undefined : { id: id ?? null, twice: id ?? null, ...rest }),
    }),
    () => '{"data":[{"id":10,"n":9007199254740993},{"id":3},{"id":2}]}',
  );
  assert.deepEqual(texts, [
    '{"_meta":{"op":"c","row_id":0},"id":2,"twice":2}',
    '{"_meta":{"op":"c","row_id":1},"id":10,"twice":10,"n":9007199254740993}',
  ]);
});

test('bindings are checked before anything is asked: their stream, the key of a snapshot, interval and schedule', async () => {
  const api = apiOf({
    rows: changes(common),
    tags: snapshot({ path: '/tags', order: 'as listed', interval: '1h' }),
  });
  const capture = apiCapture(api, { transport: () => assert.fail('asked') });
  const decoded = decodeConfig(capture.spec.configSchema, config, { what: 'the configuration' });
  const context = { log: silentLog, signal: new AbortController().signal, taskName: '', preview: undefined };
  for (const [invalid, code] of [
    [binding('nothing', ['/id']), 'CDK_BINDING_UNKNOWN'],
    [binding('constructor', ['/id']), 'CDK_BINDING_UNKNOWN'],
    [binding('tags', ['/id']), 'CDK_COLLECTION_KEY'],
    [binding('rows', ['/id'], { interval: '5m' }), 'CDK_RESOURCE_INVALID'],
    [binding('rows', ['/id'], { schedule: 'daily' }), 'CDK_RESOURCE_INVALID'],
  ] as const) {
    await assert.rejects(capture.validate(decoded, [invalid], context, undefined), { code }, code);
  }
});

test('what would lose rows does not compile', () => {
  const definitions = (): void => {
    const size = ['limit', 2] as const;
    const shifting = offset({ param: 'skip', size, stability: 'shifting' });
    // @ts-expect-error Offsets of a list that shifts lose changes.
    changes({ ...common, paging: shifting });
    changes({ ...common, paging: offset({ param: 'skip', size, stability: 'stable' }) });
    // @ts-expect-error How late rows may be has to be said.
    updatedAt('/at', { tick: '1s' });
    // @ts-expect-error The order of a snapshot has to be said.
    snapshot({ path: '/rows', interval: '5m' });
  };
  assert.equal(typeof definitions, 'function');
});
