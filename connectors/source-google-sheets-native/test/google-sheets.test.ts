import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiCapture, catalogue, type Transport } from '@weir/cdk';
import { silentLog, VirtualClock } from '@weir/cdk/testing';
import { configSchemaText, decodeConfig, lintConfigSchema } from '@weir/schema';
import { checkReadmeTables, matchSnapshot } from '@weir/testing';
import { CaptureHost } from '@weir/testing/api';
import { googleSheets } from '../src/google-sheets.ts';
import { config, type FakeSheet, FakeSheets } from './fake-sheets.ts';

const people: FakeSheet = {
  title: "Bob's people",
  frozenRowCount: 1,
  rows: [
    [['Name'], null, ['Number'], ['Born'], ['Seen']],
    [['Alice'], [true], [4.25, 'CURRENCY'], [42_345, 'DATE'], [42_323.614_907_407, 'DATE_TIME']],
    [],
    [null, null, null],
    [['Bob'], ['x'], [9_007_199_254_740_992], ['soon']],
  ],
};

function captured(fake: FakeSheets, stream: string, state = '{}'): CaptureHost {
  const capture = apiCapture(googleSheets, { transport: fake.transport });
  const bindings = [{ resource: { name: stream, interval: 'PT1S' }, key: ['/_meta/row_id'] }];
  return CaptureHost.start(capture, JSON.parse(config) as object, bindings, { state });
}

test('the schemas of the spec keep the guidelines for configurations, and are as recorded', () => {
  const { configSchema, resourceSchema, oauth2 } = apiCapture(googleSheets).spec;
  assert.deepEqual([lintConfigSchema(configSchema), lintConfigSchema(resourceSchema)], [[], []]);
  const texts = [configSchema, resourceSchema].map((schema) =>
    JSON.stringify(JSON.parse(configSchemaText(schema)), null, 2),
  );
  matchSnapshot(import.meta.url, 'spec.txt', [...texts, JSON.stringify(oauth2, null, 2)].join('\n'));
});

test('each sheet of cells is discovered as a stream, as recorded, and the requests are', async () => {
  const fake = new FakeSheets(
    people,
    { title: 'Plot', sheetType: 'OBJECT', rows: [] },
    { title: 'Other', rows: [] },
  );
  const capture = apiCapture(googleSheets, { transport: fake.transport });
  const decoded = decodeConfig(capture.spec.configSchema, config, { what: 'the configuration' });
  const context = { log: silentLog, signal: new AbortController().signal, taskName: '', preview: undefined };
  const found = await capture.discover(decoded, context);
  matchSnapshot(
    import.meta.url,
    'discovered.txt',
    `${JSON.stringify(found, null, 2)}\n${fake.asked.join('\n')}`,
  );
  const binding = { index: 0, resource: { name: 'Gone' }, backfill: 0, collection: { name: 'c', key: [] } };
  await assert.rejects(capture.validate(decoded, [binding as never], context, undefined), {
    code: 'CDK_BINDING_UNKNOWN',
  });
});

test('an access token of one’s own is sent as it is', async () => {
  const fake = new FakeSheets(people);
  const capture = apiCapture(googleSheets, { transport: fake.transport });
  const own = { credentials_title: 'Private App Credentials', access_token: 'the token' };
  const decoded = decodeConfig(
    capture.spec.configSchema,
    JSON.stringify({ ...(JSON.parse(config) as object), credentials: own }),
    { what: 'the configuration' },
  );
  const context = { log: silentLog, signal: new AbortController().signal, taskName: '', preview: undefined };
  assert.equal((await capture.discover(decoded, context)).length, 1);
  assert.ok(fake.asked.every((url) => !url.includes('oauth2')));
});

test('a frozen row names the columns; numbers are texts, times are of the zone of the spreadsheet; empty rows are left out', async () => {
  await using host = captured(new FakeSheets(people), people.title);
  await host.untilDocuments(2);
  assert.deepEqual(
    host.documents.map(({ doc }) => doc),
    [
      {
        _meta: { op: 'c', row_id: 0 },
        Name: 'Alice',
        B: true,
        Number: '4.25',
        Born: '2015-12-07',
        Seen: '2015-11-15T14:45:28-05:00',
      },
      { _meta: { op: 'c', row_id: 1 }, Name: 'Bob', B: 'x', Number: '9007199254740992', Born: 'soon' },
    ],
  );
});

test('without a frozen row, or with two, columns have their letters', async () => {
  for (const frozenRowCount of [0, 2]) {
    await using host = captured(
      new FakeSheets({ title: 'S', frozenRowCount, rows: [[['h']], [null, [1]]] }),
      'S',
    );
    await host.untilDocuments(2);
    assert.deepEqual(
      host.documents.map(({ doc }) => ({ ...doc, _meta: undefined })),
      [
        { A: 'h', _meta: undefined },
        { B: '1', _meta: undefined },
      ],
    );
  }
});

test('rows that change are sent, rows that vanish are deleted, and a new session goes on', async () => {
  const fake = new FakeSheets({ title: 'S', rows: [[[1]], [[2]], [[3]]] });
  const sheet = fake.sheets[0];
  assert.ok(sheet !== undefined);
  await using first = captured(fake, 'S');
  await first.untilDocuments(3);
  sheet.rows = [[[1]], [[5]]];
  await first.untilDocuments(6);
  const told = (host: CaptureHost, from: number): unknown[] =>
    host.documents.slice(from).map(({ doc: { _meta: meta, ...row } }) => [meta['op'], meta['row_id'], row]);
  assert.deepEqual(told(first, 3), [
    ['u', 0, { A: '1' }],
    ['u', 1, { A: '5' }],
    ['d', 2, {}],
  ]);
  await first.stop();
  sheet.rows = [[[1]], [[6]], [[7]]];
  await using second = captured(fake, 'S', first.state);
  await second.untilDocuments(3);
  assert.deepEqual(told(second, 0), [
    ['u', 0, { A: '1' }],
    ['u', 1, { A: '6' }],
    ['c', 2, { A: '7' }],
  ]);
});

test('a sheet that is gone ends the capture, and none of its rows is deleted', async () => {
  const fake = new FakeSheets(people);
  await using host = captured(fake, people.title);
  await host.untilDocuments(2);
  fake.sheets = [];
  await host.untilFailed('CDK_BINDING_UNKNOWN');
  assert.equal(host.documents.length, 2);
});

test('a token that is refused, and an address that is none, are told', async () => {
  const fake = new FakeSheets(people);
  const capture = apiCapture(googleSheets, { transport: fake.transport });
  const stranger = config.replace('"r"', '"another"');
  const decoded = decodeConfig(capture.spec.configSchema, stranger, { what: 'the configuration' });
  const context = { log: silentLog, signal: new AbortController().signal, taskName: '', preview: undefined };
  await assert.rejects(capture.discover(decoded, context), /invalid_grant/);
  assert.throws(
    () =>
      decodeConfig(capture.spec.configSchema, config.replace('https://docs', 'http://docs'), { what: 'it' }),
    { code: 'CONFIG_INVALID' },
  );
});

test('a quota that is told as 403 is waited for; any other 403 is an error', async () => {
  for (const [text, isQuota] of [
    ['{"error":{"status":"PERMISSION_DENIED","details":[{"reason":"RATE_LIMIT_EXCEEDED"}]}}', true],
    ['{"error":{"errors":[{"reason":"rateLimitExceeded"}]}}', true],
    ['{"error":{"status":"PERMISSION_DENIED"}}', false],
  ] as const) {
    const fake = new FakeSheets(people);
    const clock = new VirtualClock(Date.parse('2024-05-05T05:00:00Z'));
    let refusals = 0;
    const transport: Transport = async (request) => {
      if (request.url.hostname !== 'sheets.googleapis.com' || refusals > 0)
        return await fake.transport(request);
      refusals += 1;
      return {
        status: 403,
        headers: {},
        body: (async function* () {
          yield Buffer.from(text);
        })(),
      };
    };
    const capture = apiCapture(googleSheets, { clock, transport });
    const decoded = decodeConfig(capture.spec.configSchema, config, { what: 'the configuration' });
    const context = {
      log: silentLog,
      signal: new AbortController().signal,
      taskName: '',
      preview: undefined,
    };
    const found = clock.run(capture.discover(decoded, context));
    if (isQuota) assert.equal((await found).length, 1);
    else await assert.rejects(found, { code: 'CDK_HTTP_FORBIDDEN' });
  }
});

test('the tables of the README are those of the schemas and of the errors', () => {
  const { configSchema, resourceSchema } = apiCapture(googleSheets).spec;
  checkReadmeTables(import.meta.url, { config: configSchema, resource: resourceSchema }, catalogue);
});
