import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiCapture, catalogue, changes, explainApi, updatedAt } from '@weir/cdk';
import { convergeApi, type FakeTruth, FakeVendor, silentLog, VirtualClock } from '@weir/cdk/testing';
import { decodeConfig, lintConfigSchema } from '@weir/schema';
import type { JsonObject, JsonValue } from '@weir/schema/json';
import { authorizationUrl, tokenRequest } from '@weir/schema/oauth2';
import { checkReadmeTables, matchSnapshot, SeededRandom } from '@weir/testing';
import { zendesk } from '../src/zendesk.ts';
import {
  config,
  fakeZendesk,
  paths,
  below,
  fakeBelow,
  sideConversationsOf,
  votesOf,
} from './fake-zendesk.ts';

test('the schemas of the spec keep the guidelines for configurations, and are as recorded', () => {
  const { spec } = apiCapture(zendesk);
  assert.deepEqual(lintConfigSchema(spec.configSchema), []);
  const parts = [spec.configSchema, spec.resourceSchema, spec.oauth2];
  matchSnapshot(import.meta.url, 'spec.txt', parts.map((part) => JSON.stringify(part, null, 2)).join('\n'));
});

test('the account of the configuration is where the user consents and where tokens come from', () => {
  const { oauth2 } = apiCapture(zendesk).spec;
  assert.ok(oauth2 !== undefined);
  const values = { client_id: 'id', client_secret: 'hush', code: 'c', config: { subdomain: 'acme' } };
  assert.match(
    authorizationUrl(oauth2, values, 0),
    /^https:\/\/acme\.zendesk\.com\/oauth\/authorizations\/new\?/,
  );
  const { url, body } = tokenRequest(oauth2, values, 0);
  assert.equal(url, 'https://acme.zendesk.com/oauth/tokens');
  assert.equal((JSON.parse(body) as Record<string, string>)['expires_in'], '172800');
});

test('the state has the cursor of an export as upstream has it, and goes on from one of upstream’s', () => {
  const { kept } = zendesk.streams.tickets.options.token;
  assert.ok(kept !== undefined);
  const given = Buffer.from('1714885200.0||35436').toString('base64');
  assert.equal(kept.form(given), '1714885200.0||35436');
  assert.deepEqual(kept.query('1714885200.0||35436'), { cursor: given });
  // Where upstream has read nothing yet, it has the time to begin at.
  assert.deepEqual(kept.query('1714885200'), { start_time: '1714885200' });
  // What is no encoding of a text is kept as it is, and so is what a state of before has.
  for (const opaque of ['_-opaque', given.replace(/=*$/, ''), 'AAECA///']) {
    assert.deepEqual(Object.values(kept.query(kept.form(opaque))), [opaque]);
  }
  assert.deepEqual(kept.query(given), { cursor: given });
});

test('pages of exports have as many rows as the configuration says', async () => {
  const sized = `${config.slice(0, -1)},"advanced":{"incremental_export_page_size":7}}`;
  const asked: URL[] = [];
  await convergeApi({
    api: zendesk,
    fake: {
      ...fakeZendesk,
      accepts: (request) => {
        asked.push(request.url);
        return fakeZendesk.accepts?.(request) ?? true;
      },
    },
    config: sized,
    streams: { tickets: paths.tickets },
    random: new SeededRandom(1),
  });
  const exported = asked.filter(({ pathname }) => pathname === paths.tickets);
  assert.ok(exported.length > 0);
  assert.ok(exported.every(({ searchParams }) => searchParams.get('per_page') === '7'));
});

test('the plan of every stream is as recorded', () => {
  const now = Date.parse('2024-05-05T05:00:00Z');
  matchSnapshot(import.meta.url, 'plan.txt', explainApi(zendesk, 'https://acme.zendesk.com/api/v2', now));
});

test('what is discovered is as recorded', async () => {
  const clock = new VirtualClock(Date.parse('2024-05-05T05:00:00Z'));
  const random = new SeededRandom(3);
  const { transport } = new FakeVendor(fakeZendesk, { clock, random, changesUntilMs: 0, isCalm: true });
  const capture = apiCapture(zendesk, { clock, random, transport });
  const decoded = decodeConfig(capture.spec.configSchema, config, { what: 'the configuration' });
  const context = { log: silentLog, signal: new AbortController().signal, taskName: '', preview: undefined };
  const found = await clock.run(capture.discover(decoded, context));
  const shown = found.filter(({ recommendedName }) =>
    /^(tickets|tags|post_votes|side_conversations|post_comment_votes)$/.test(recommendedName),
  );
  const names = found.map(({ recommendedName, key }) => `${recommendedName} ${key.join()}`).join('\n');
  matchSnapshot(import.meta.url, 'discovered.txt', `${names}\n${JSON.stringify(shown, null, 2)}`);
});

test('on a fake of Zendesk: killed between any two lines, the collections end equal to its tables', async () => {
  const faults = new Set<string>();
  for (let seed = 1; seed <= 5; seed += 1) {
    const { streams, faults: had } = await convergeApi({
      api: zendesk,
      fake: fakeZendesk,
      config,
      streams: paths,
      random: new SeededRandom(seed),
    });
    for (const { name, captured, expected } of streams) {
      // The export of users tells of deletions by rows that are not asked for here.
      const rows = name === 'users' ? captured.filter((row) => !('status' in row)) : captured;
      assert.deepEqual(rows, expected, `${name}, seed ${seed}`);
    }
    for (const fault of Object.keys(had)) faults.add(fault);
  }
  for (const fault of ['cut', 'failing', 'reset', 'throttled']) assert.ok(faults.has(fault), fault);
});

const streamsBelow = {
  side_conversations: {
    lists: [below.tickets],
    rows: sideConversationsOf,
    idOf: ({ ticket_id: id }) => Number(id),
  },
  post_comment_votes: {
    lists: [below.posts],
    rows: votesOf,
    idOf: ({ id }) => Math.floor(Number(id) / 10),
  },
} satisfies Record<string, FakeTruth>;

for (const [name, truth] of Object.entries(streamsBelow)) {
  test(`on a fake of Zendesk: killed between any two lines, ${name} end as they are below rows that change`, async () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const run = { api: zendesk, fake: fakeBelow, config, random: new SeededRandom(seed) };
      const { streams } = await convergeApi({ ...run, streams: { [name]: truth } });
      for (const { captured, expected } of streams) assert.deepEqual(captured, expected, `seed ${seed}`);
    }
  });
}

test('the property can fail: without the lag, rows that appear late are lost', async () => {
  const { satisfaction_ratings: ratings } = zendesk.streams;
  const { lookback: _lookback, ...options } = ratings.options;
  const cursor = updatedAt('/updated_at', { tick: '1s', lag: '0s' });
  const hasty = { ...zendesk, streams: { satisfaction_ratings: changes({ ...options, cursor }) } };
  let lost = 0;
  for (let seed = 1; seed <= 5; seed += 1) {
    const random = new SeededRandom(seed);
    const streams = { satisfaction_ratings: paths.satisfaction_ratings };
    const run = { api: hasty, fake: fakeZendesk, config, streams, random };
    for (const { captured, expected } of (await convergeApi(run)).streams) {
      if (JSON.stringify(captured) !== JSON.stringify(expected)) lost += 1;
    }
  }
  assert.ok(lost > 0);
});

test('the tables of the README are those of the schemas and of the errors', () => {
  const { spec } = apiCapture(zendesk);
  checkReadmeTables(import.meta.url, { config: spec.configSchema, resource: spec.resourceSchema }, catalogue);
});

test('a page of votes that has more behind it, and no new place where, is an error: none is left out, and none is asked for without end', async () => {
  const stream = zendesk.streams['post_comment_votes'];
  assert.ok(stream?.kind === 'child changes' && stream.options.complete !== undefined);
  const { complete } = stream.options;
  const votesOf = (metas: readonly JsonObject[]): Promise<JsonObject> => {
    let asked = 0;
    return complete({ id: 7 }, { url: '/comments' }, async () => {
      asked += 1;
      const meta = metas[asked - 1];
      assert.ok(meta !== undefined, 'asked for once more than there are pages');
      return { votes: [{ id: asked }], meta };
    });
  };
  const more = (after_cursor: JsonValue): JsonObject => ({ has_more: true, after_cursor });
  assert.deepEqual(await votesOf([more('a'), more('b'), { has_more: false }]), {
    votes: [{ id: 1 }, { id: 2 }, { id: 3 }],
  });
  for (const metas of [[more(null)], [more('')], [more('a'), more('a')]]) {
    await assert.rejects(votesOf(metas), { code: 'CDK_PAGING_LOOP' });
  }
});
