import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readWhole } from '../http/body.ts';
import type { Transport } from '../http/transport.ts';
import { record, replay } from './recording.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-recording-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'recording.json');
const signal = new AbortController().signal;

async function ask(transport: Transport, method: string, url: string, body?: string): Promise<string> {
  const headers = { authorization: 'Bearer the key' };
  const answer = await transport({ method, url: new URL(url), headers, body, signal });
  return `${answer.status} ${(await readWhole(answer.body, 1000)).toString()} ${answer.headers['link'] ?? ''}`;
}

let count = 0;
const vendor: Transport = async ({ url }) => ({
  status: 200,
  headers: { link: '<next>; rel="next"', 'set-cookie': 'session=the cookie', 'x-user': 'me' },
  body: (async function* () {
    count += 1;
    const text =
      url.pathname === '/token'
        ? '{"access_token":"the token","expires_in":1}'
        : `{"n":${count},"by":"the key"}`;
    yield Buffer.from(text);
  })(),
});

test('a recording gives each request its own answers again, in their order, without anything secret', async () => {
  const recording = record(vendor, { secrets: ['the key'] });
  const requests = [
    ['POST', 'https://api.example.com/token', 'grant_type=x&client_secret=abc'],
    ['GET', 'https://api.example.com/rows?page=1&api_key=abc', undefined],
    ['GET', 'https://api.example.com/rows?page=1&api_key=abc', undefined],
    ['GET', 'https://api.example.com/rows?page=2&q=the%20key', undefined],
  ] as const;
  const said = [];
  for (const [method, url, body] of requests) said.push(await ask(recording.transport, method, url, body));
  recording.save(path);
  const written = readFileSync(path, 'utf8');
  assert.doesNotMatch(written, /the key|the%20key|the token|the cookie|abc|Bearer/);

  const { transport, unused } = replay(path, { secrets: ['another key'] });
  const again = [];
  for (const [method, url, body] of requests) {
    again.push(await ask(transport, method, url.replace('the%20key', 'another%20key'), body));
  }
  assert.deepEqual(
    again,
    said.map((text) => text.replace('the token', '***').replace('the key', '***')),
  );
  assert.deepEqual(unused(), []);
});

test('a request that was not recorded fails, and what was not asked for can be told', async () => {
  const { transport, unused } = replay(path);
  await assert.rejects(
    ask(transport, 'GET', 'https://api.example.com/rows?page=3'),
    /no answer to GET .*page=3; it has/,
  );
  await assert.rejects(ask(transport, 'POST', 'https://api.example.com/token', 'grant_type=y'), /no answer/);
  assert.equal(unused().length, 4);
  assert.match(unused()[0] ?? '', /^POST https:\/\/api\.example\.com\/token/);
});
