// What is asked for, in which order, and what is made of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveCapture } from '@weir/capture';
import { FULL_RANGE } from '@weir/protocol';
import { decodeConfig } from '@weir/schema/config';
import { ConnectorHost } from '@weir/testing';
import { apiCapture } from '../src/api/api-capture.ts';
import { documents } from '../src/documents/document-batch.ts';
import { cursor, offset } from '../src/paging/paging.ts';
import { changes, children, feed, snapshot } from '../src/streams/define-stream.ts';
import { updatedAt } from '../src/streams/timestamp.ts';
import { silentLog } from '../src/testing/silent-log.ts';
import { VirtualClock } from '../src/testing/virtual-clock.ts';
import { clientCredentials } from '../src/auth/token.ts';
import { apiOf, binding, common, config, list, row, run } from './api-harness.ts';

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

test('lists below the rows of another are one snapshot, whose rows say where they belong, also when a row above vanishes', async () => {
  const stream = children({
    of: { path: '/boards', records: 'data', paging: cursor({ at: '/next', param: 'page' }) },
    id: '/id',
    as: 'board',
    path: (id) => `/boards/${id}/cards`,
    records: 'data',
    order: 'as listed',
    interval: '5m',
    answers: [{ status: 200, text: /no such board/, means: 'empty' }],
  });
  const { asked, texts } = await run(stream, (target) => {
    if (target.startsWith('/boards?')) {
      return target.includes('page')
        ? '{"data":[{"id":"a/b"}]}'
        : '{"data":[{"id":"z"},{"id":"gone"}],"next":2}';
    }
    return target.includes('gone') ? 'no such board' : `{"data":[{"card":1},{"card":2}]}`;
  });
  assert.deepEqual(asked, [
    '/boards?limit=2',
    '/boards?limit=2&page=2',
    '/boards/a/b/cards?limit=2',
    '/boards/gone/cards?limit=2',
    '/boards/z/cards?limit=2',
  ]);
  assert.deepEqual(texts, [
    '{"_meta":{"op":"c","row_id":0,"board":"a/b"},"card":1}',
    '{"_meta":{"op":"c","row_id":1,"board":"a/b"},"card":2}',
    '{"_meta":{"op":"c","row_id":2,"board":"z"},"card":1}',
    '{"_meta":{"op":"c","row_id":3,"board":"z"},"card":2}',
  ]);
  await assert.rejects(
    run(stream, () => '{"data":[{"id":""}]}'),
    { code: 'CDK_STREAM_DEFECT', message: /no id at \/id/ },
  );
});

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

test('what the API tells takes the place of a stream, and hides one that the credentials do not reach', async () => {
  const asked: string[] = [];
  const api = {
    ...apiOf({ rows: changes(common), hidden: changes(common), tags: changes(common) }),
    describe: async (_context: unknown, _signal: AbortSignal, { site }: { site?: string }) => ({
      rows: changes({ ...common, key: [`/${site}`] }),
      hidden: undefined,
    }),
  };
  const transport = async ({ url }: { url: URL }) => {
    asked.push(url.pathname);
    return { status: 200, headers: {}, body: (async function* () {})() };
  };
  const capture = apiCapture(api, { transport });
  const text = JSON.stringify({ ...(JSON.parse(config) as object), site: 'north' });
  const decoded = decodeConfig(capture.spec.configSchema, text, { what: 'the configuration' });
  const context = { log: silentLog, signal: new AbortController().signal, taskName: '', preview: undefined };
  const found = await capture.discover(decoded, context);
  assert.deepEqual(
    found.map(({ recommendedName, key }) => [recommendedName, ...key]),
    [
      ['rows', '/north'],
      ['tags', '/id'],
    ],
  );
  await assert.rejects(capture.validate(decoded, [binding('hidden', ['/id'])], context, undefined), {
    code: 'CDK_BINDING_UNKNOWN',
  });
  assert.deepEqual(asked, ['/me', '/me']);
});

test('somebody who waits for discovery hears soon that the API, or its sign-in, does not answer', async () => {
  const clock = new VirtualClock(0);
  const auth = [clientCredentials({ tokenUrl: 'https://auth.example.com/token' })] as const;
  const api = { ...apiOf({ rows: changes(common) }), auth };
  const transport = async (): Promise<never> => {
    throw new Error('connection refused');
  };
  const capture = apiCapture(api, { clock, transport, random: { next: () => 1 } });
  const client = '{"credentials":{"client_id":"a","client_secret":"b"}}';
  const decoded = decodeConfig(capture.spec.configSchema, client, { what: 'the configuration' });
  const context = { log: silentLog, signal: new AbortController().signal, taskName: '', preview: undefined };
  const found = clock.run(capture.discover(decoded, context));
  await assert.rejects(found, {
    code: 'CDK_HTTP_UNREACHABLE',
    message: /auth.example.com.*connection refused/,
  });
  assert.ok(clock.now() <= 10_000, `${clock.now()}`);
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
