import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiCapture, catalogue, explainApi } from '@weir/cdk';
import { convergeApi, type FakeApi, FakeVendor, silentLog, VirtualClock } from '@weir/cdk/testing';
import { decodeConfig, lintConfigSchema } from '@weir/schema';
import type { JsonObject, JsonValue } from '@weir/schema/json';
import { authorizationUrl, tokenRequest } from '@weir/schema/oauth2';
import { checkReadmeTables, matchSnapshot, SeededRandom } from '@weir/testing';
import { zendesk } from '../src/zendesk.ts';
import { config, fakeZendesk, truths } from './fake-zendesk.ts';

/** A capture of a fake that refuses nothing. */
function calm(fake: FakeApi = fakeZendesk) {
  const clock = new VirtualClock(Date.parse('2024-05-05T05:00:00Z'));
  const random = new SeededRandom(3);
  const { transport } = new FakeVendor(fake, { clock, random, changesUntilMs: 0, isCalm: true });
  const capture = apiCapture(zendesk, { clock, random, transport });
  const decoded = decodeConfig(capture.spec.configSchema, config, { what: 'the configuration' });
  const context = { log: silentLog, signal: new AbortController().signal, taskName: '', preview: undefined };
  return { clock, capture, decoded, context };
}

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
  // As Zendesk documents it ("Using OAuth authentication with your application").
  const { expires_in: seconds, scope } = JSON.parse(body) as Record<string, unknown>;
  assert.deepEqual({ seconds, scope }, { seconds: 172_800, scope: 'read' });
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
    streams: { tickets: truths['tickets'] ?? '' },
    random: new SeededRandom(1),
  });
  const exported = asked.filter(({ pathname }) => pathname.endsWith('/incremental/tickets/cursor'));
  assert.ok(exported.length > 0);
  assert.ok(exported.every(({ searchParams }) => searchParams.get('per_page') === '7'));
  // What the account lacks is asked for before, and not by each session.
  assert.ok(asked.every(({ pathname }) => !/account_overview|settings|audit_logs/.test(pathname)));
});

test('the plan of every stream is as recorded', () => {
  const now = Date.parse('2024-05-05T05:00:00Z');
  matchSnapshot(import.meta.url, 'plan.txt', explainApi(zendesk, 'https://acme.zendesk.com/api/v2', now));
});

test('what is discovered is as recorded', async () => {
  const { clock, capture, decoded, context } = calm();
  const found = await clock.run(capture.discover(decoded, context));
  const shown = found.filter(({ recommendedName }) =>
    /^(tickets|tags|post_votes|side_conversations|post_comment_votes)$/.test(recommendedName),
  );
  const names = found.map(({ recommendedName, key }) => `${recommendedName} ${key.join()}`).join('\n');
  matchSnapshot(import.meta.url, 'discovered.txt', `${names}\n${JSON.stringify(shown, null, 2)}`);
});

test('streams of plans and products that the account lacks are not discovered, each by what Zendesk says', async () => {
  const refused = (status: number, text: string) => () => ({ status, text });
  const off = () => ({ body: { settings: { side_conversations: { show_in_context_panel: false } } } });
  const lists = {
    '/api/v2/audit_logs': refused(403, '{"error":{"message":"You do not have access to this page."}}'),
    '/api/v2/community/posts': refused(404, "The page you were looking for doesn't exist"),
    '/api/v2/channels/voice/stats/account_overview': refused(403, 'Forbidden'),
    '/api/v2/account/settings': off,
  };
  const namesWith = async (some: FakeApi['lists']): Promise<string[]> => {
    const { clock, capture, decoded, context } = calm({
      ...fakeZendesk,
      lists: { ...fakeZendesk.lists, ...some },
    });
    const found = await clock.run(capture.discover(decoded, context));
    return found.map(({ recommendedName }) => recommendedName);
  };
  const all = await namesWith({});
  assert.equal(all.length, 35);
  const lacking = {
    '/api/v2/audit_logs': ['audit_logs', 'account_attributes', 'sla_policies', 'schedules'],
    '/api/v2/community/posts': ['posts', 'topics', 'post_comments', 'post_votes', 'post_comment_votes'],
    '/api/v2/channels/voice/stats/account_overview': ['calls', 'call_legs'],
    '/api/v2/account/settings': ['side_conversations'],
  };
  for (const [path, list] of Object.entries(lists)) {
    const there = new Set(await namesWith({ [path]: list }));
    const gone = all.filter((name) => !there.has(name));
    assert.deepEqual(new Set(gone), new Set(lacking[path as keyof typeof lacking]), path);
  }
  // Another 403 is no plan that is missing.
  await assert.rejects(namesWith({ '/api/v2/audit_logs': refused(403, 'suspended') }), {
    code: 'CDK_HTTP_FORBIDDEN',
  });
});

test('a stream that was called otherwise is told by its name of now', async () => {
  const { clock, capture, decoded, context } = calm();
  const collection = { name: 'acme/calls', key: ['/id'] };
  const binding = { index: 0, resource: { name: 'talk_calls' }, backfill: 0, collection };
  await assert.rejects(clock.run(capture.validate(decoded, [binding as never], context, undefined)), {
    code: 'CDK_BINDING_UNKNOWN',
    message: /"talk_calls" .* is called "calls" now/,
  });
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
