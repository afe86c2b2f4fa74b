// A task of upstream's connector goes on with the state that it left.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CaptureSession } from '@weir/capture';
import { apiCapture, type HttpClient, type StreamContext, type TransportRequest } from '@weir/cdk';
import {
  Committed,
  CrashingOutput,
  FakeVendor,
  reducedCollection,
  silentLog,
  VirtualClock,
} from '@weir/cdk/testing';
import { decodeConfig } from '@weir/schema';
import { isJsonObject, type JsonObject, resolvePointer } from '@weir/schema/json';
import { SeededRandom } from '@weir/testing';
import { CrmReader } from '../src/crm-reader.ts';
import { hubspot } from '../src/hubspot.ts';
import { documentOf, kinds } from './fake-crm.ts';
import { config, fakeHubspot, paths } from './fake-hubspot.ts';

const NOW = Date.parse('2024-05-05T05:00:00Z');
const minutesAgo = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
const common = { last_initialized: '2024-05-01T00:00:00Z', is_connector_initiated: false };
const twins = {
  inc: { realtime: { cursor: minutesAgo(2) }, delayed: { cursor: minutesAgo(62) } },
  ...common,
};
const single = { inc: { cursor: minutesAgo(2) }, ...common };
const snapshot = {
  snapshot: { updated_at: minutesAgo(25 * 60), last_count: 1000, last_digest: 'of another kind' },
  ...common,
};

/** As upstream's connector leaves them, by stream. */
const states: Readonly<Record<string, JsonObject>> = {
  contacts: twins,
  engagements: twins,
  email_events: twins,
  marketing_emails: twins,
  workflows: twins,
  contact_lists: single,
  contact_list_memberships: single,
  campaigns: single,
  form_submissions: { inc: { cursor: NOW - 120_000 }, ...common },
  owners: snapshot,
  properties: snapshot,
  deal_pipelines: snapshot,
  marketing_events: snapshot,
  marketing_event_participants: snapshot,
};

async function goOn(from: Readonly<Record<string, JsonObject>>, forMs: number) {
  const clock = new VirtualClock(NOW);
  const random = new SeededRandom(11);
  const vendor = new FakeVendor(fakeHubspot, { clock, random, changesUntilMs: NOW + 600_000, isCalm: true });
  const requests: TransportRequest[] = [];
  const capture = apiCapture(hubspot, {
    clock,
    random,
    transport: (request) => {
      requests.push(request);
      return vendor.transport(request);
    },
  });
  const bindings = Object.keys(from).map((name, index) => {
    const key = name in snapshots ? ['/_meta/row_id'] : (keys[name] ?? ['/id']);
    const collection = { name: `acme/${name}`, key };
    return { index, resource: { name }, resourcePath: [name], stateKey: name, backfill: 0, collection };
  });
  const committed = new Committed();
  committed.state = { bindingStateV1: { ...from } };
  const ending = new AbortController();
  const stop = (): void => ending.abort(new DOMException('the end', 'AbortError'));
  const output = new CrashingOutput(committed, Infinity, stop, 'stopped');
  const session = {
    config: decodeConfig(capture.spec.configSchema, config, { what: 'the configuration' }),
    bindings,
    state: committed.state,
    output,
    signal: ending.signal,
    log: silentLog,
    taskName: 'acme/hubspot',
  };
  const timer = clock.until(NOW + forMs, ending.signal).then(stop, () => undefined);
  await clock.run(
    capture.pull(session as unknown as CaptureSession<never, never, object>).catch((failure: unknown) => {
      if (failure !== ending.signal.reason) throw failure;
    }),
  );
  await timer;
  const at = (stream: string, ...pointer: string[]) =>
    resolvePointer(committed.state, ['bindingStateV1', stream, ...pointer]);
  return { committed, requests, vendor, at };
}

const keys: Readonly<Record<string, string[]>> = {
  contact_lists: ['/listId'],
  contact_list_memberships: ['/listId', '/recordId'],
  form_submissions: ['/formId', '/submittedAt'],
};
const snapshots = Object.fromEntries(Object.entries(states).filter(([, state]) => 'snapshot' in state));

test('cursors and snapshots of upstream are gone on with, and nothing is backfilled', async () => {
  const { committed, requests, at } = await goOn(states, 4 * 3_600_000);
  for (const [stream, before] of Object.entries(states)) {
    assert.equal(at(stream, 'backfill') ?? null, null, stream);
    assert.equal(at(stream, 'last_initialized'), common.last_initialized, stream);
    const [field = '', parts] =
      'snapshot' in before ? ['snapshot', before['snapshot']] : ['inc', before['inc']];
    assert.ok(isJsonObject(parts ?? null));
    assert.deepEqual(
      Object.keys((at(stream, field) ?? {}) as JsonObject),
      Object.keys(parts as JsonObject),
      stream,
    );
    assert.notDeepEqual(at(stream, field), parts, `${stream} has not gone on`);
  }
  assert.deepEqual(
    requests.filter(({ url }) => [paths.contacts, paths.engagements].some((path) => url.pathname === path)),
    [],
  );
  // From where upstream's looks ended: the soon one, and the late one.
  const bounds = requests
    .filter(({ url }) => url.pathname === `${paths.contacts}/search`)
    .map(({ body }) => resolvePointer(JSON.parse(body ?? '') as JsonObject, [...filters, 'value']));
  for (const minutes of [2, 62]) assert.ok(bounds.includes(String(NOW - minutes * 60_000)), `${minutes}`);
  // The rows of a snapshot that are no longer there have what upstream's collections require of every document.
  const gone = committed.documents.filter(({ text }) => text.includes('"op":"d"'));
  const ofOwners = gone.filter(({ binding }) => Object.keys(states)[binding] === 'owners');
  assert.ok(ofOwners.length > 900);
  for (const { document } of ofOwners) assert.ok('createdAt' in document && 'updatedAt' in document);
});

const filters = ['filterGroups', '0', 'filters', '0'];

test('the one cursor that upstream had before stands for both looks, and a backfill goes on at its page', async () => {
  const backfill = { cutoff: minutesAgo(2), next_page: '7' };
  const { committed, requests, vendor, at } = await goOn(
    { contacts: { ...single, backfill } },
    3 * 3_600_000,
  );
  assert.deepEqual(Object.keys(at('contacts', 'inc') as JsonObject).toSorted(), ['delayed', 'realtime']);
  const listed = requests.filter(({ url }) => url.pathname === paths.contacts);
  assert.ok(listed.some(({ url }) => url.searchParams.get('after') === '7'));
  assert.ok(
    !listed.some(({ url }) => url.searchParams.get('limit') === '100' && !url.searchParams.has('after')),
  );
  // What the late look would have found in the hour before, the one cursor had not seen.
  const searched = requests.filter(({ url }) => url.pathname === `${paths.contacts}/search`);
  const first = searched.map(({ body }) =>
    Number(resolvePointer(JSON.parse(body ?? '') as JsonObject, [...filters, 'value'])),
  );
  assert.ok(Math.min(...first) <= NOW - 62 * 60_000);
  const rows = [...vendor.table(paths.contacts).table().values()].filter(({ id }) => Number(id) > 7);
  const captured = reducedCollection(committed.documents, 0, ['/id']);
  for (const row of rows)
    assert.deepEqual(captured.get(`[${Number(row['id'])}]`), documentOf(kinds.contacts, row));
});

test('a backfill that the schedule has begun reads calculated properties alone, without what is associated', async () => {
  const asked: string[] = [];
  const client = {
    json: async ({ url, body }: { url: string; body?: { json: JsonObject } }) => {
      asked.push(url);
      if (url.startsWith('/crm/v3/properties/')) {
        return {
          results: [
            { name: 'sum', calculated: true },
            { name: 'name', calculated: false },
          ],
        };
      }
      assert.deepEqual(body?.json['properties'], ['sum']);
      return { results: [{ id: '9007199254740993', properties: { sum: '' }, updatedAt: 'then' }] };
    },
  } as unknown as HttpClient;
  const reader = new CrmReader('deals', ['contacts'], { client } as unknown as StreamContext);
  const [batch] = await Array.fromAsync(
    reader.readCalculated(['9007199254740993'], new AbortController().signal),
  );
  const text = Buffer.from(batch?.bytes ?? []).toString();
  assert.equal(text, '{"updatedAt":"then","id":9007199254740993,"properties":{"sum":null}}');
  assert.deepEqual(asked, ['/crm/v3/properties/deals', '/crm/v3/objects/deals/batch/read']);
});
