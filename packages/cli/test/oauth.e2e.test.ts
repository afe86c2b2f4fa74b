// weir oauth against a real provider: PKCE, consent, refresh tokens that rotate and are revoked when one comes twice.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory, until } from '@weir/testing';
import { parse } from 'yaml';
import { browse, client, OidcServer } from './oidc-server.ts';

const main = join(import.meta.dirname, '..', 'src', 'main.ts');
const connector = join(import.meta.dirname, '..', '..', 'cdk', 'test', 'rotating-api.ts');

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function weir(folder: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder,
    env: { ...process.env, THE_SECRET: client.secret },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { ended, output: () => output, stop: () => child.kill('SIGTERM') };
}

async function world() {
  const port = await freePort();
  const oidc = await OidcServer.listen(`http://localhost:${port}/`, 13);
  const directory = temporaryDirectory('weir-oauth-');
  const folder = directory.path;
  const file = join(folder, 'flow.yaml');
  writeFileSync(
    file,
    `captures:
  acme/api:
    endpoint:
      local:
        command: ${JSON.stringify([process.execPath, connector])}
        protobuf: true
        config:
          # Where it is.
          address: ${oidc.address}
    bindings:
      - { resource: { name: rows }, target: acme/rows }
collections:
  acme/rows: { schema: { type: object, properties: { id: { type: integer } }, required: [id] }, key: [/id] }
`,
  );
  const start = () =>
    weir(
      folder,
      'oauth',
      '--port',
      String(port),
      '--client-id',
      client.id,
      '--client-secret-env',
      'THE_SECRET',
    );
  const dispose = (): void => {
    oidc[Symbol.dispose]();
    directory[Symbol.dispose]();
  };
  return { port, oidc, folder, file, start, [Symbol.dispose]: dispose };
}

async function pageOf({ output }: { readonly output: () => string }): Promise<string> {
  const url = /^http\S+\/authorize\S+$/m;
  await until('the page', () => url.test(output()), { explain: output });
  return url.exec(output())?.[0] ?? '';
}

test('[G9][G10] from no credentials to a capture whose tokens rotate at a real provider', async () => {
  using running = await world();
  const { port, oidc, folder, file, start } = running;
  const oauth = start();
  const page = new URL(await pageOf(oauth));
  assert.equal(page.searchParams.get('code_challenge_method'), 'S256');
  // Whoever knocks without the state is turned away, and not taken for the answer.
  const forged = await fetch(`http://localhost:${port}/?code=forged&state=x`);
  assert.equal(forged.status, 400);
  assert.equal((await fetch(`http://localhost:${port}/favicon.ico`)).status, 404);
  const last = await browse(page.href);
  assert.equal(last.status, 200);
  assert.match(last.text, /authorized/);
  assert.equal(await oauth.ended, 0, oauth.output());

  const text = readFileSync(file, 'utf8');
  assert.match(text, /# Where it is\./);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const catalog = parse(text) as {
    captures: Record<string, { endpoint: { local: { config: { credentials: Record<string, string> } } } }>;
  };
  const credentials = catalog.captures['acme/api']?.endpoint.local.config.credentials ?? {};
  const names = ['access_token', 'access_token_expires_at', 'client_id', 'client_secret', 'refresh_token'];
  assert.deepEqual(Object.keys(credentials).toSorted(), names);

  const run = weir(folder, 'run', '--log-level', 'debug');
  const ended = run.ended.then(() => {
    throw new Error(`it ended: ${run.output()}`);
  });
  await Promise.race([until('three tokens', () => oidc.used.size >= 3, { explain: run.output }), ended]);
  run.stop();
  await run.ended;
  const printed = oauth.output() + run.output();
  for (const secret of [
    client.secret,
    credentials['access_token'],
    credentials['refresh_token'],
    ...oidc.used,
  ]) {
    assert.ok(secret !== undefined && !printed.includes(secret));
  }
});

test('a refusal of the user, a wrong secret and a port in use are told, and change nothing', async () => {
  using running = await world();
  const { port, folder, file, start } = running;
  const before = readFileSync(file, 'utf8');
  const denied = start();
  const state = new URL(await pageOf(denied)).searchParams.get('state') ?? '';
  const second = start();
  assert.equal(await second.ended, 1);
  assert.match(second.output(), /OAUTH_PORT_TAKEN/);
  await fetch(`http://localhost:${port}/?error=access_denied&state=${state}`);
  assert.equal(await denied.ended, 1);
  assert.match(denied.output(), /OAUTH_DENIED.*access_denied/s);
  const unknown = weir(folder, 'oauth', '--port', String(port));
  assert.equal(await unknown.ended, 1);
  assert.match(unknown.output(), /OAUTH_CLIENT_MISSING/);
  const port1 = String(port);
  const wrong = weir(
    folder,
    'oauth',
    '--port',
    port1,
    '--client-id',
    client.id,
    '--client-secret-env',
    'HOME',
  );
  await browse(await pageOf(wrong));
  assert.equal(await wrong.ended, 1);
  assert.match(wrong.output(), /OAUTH_EXCHANGE_REFUSED.*invalid_client/s);
  assert.equal(readFileSync(file, 'utf8'), before);
});

test('a connector that does not sign in by a browser, and a configuration that is encrypted, are told', async () => {
  using directory = temporaryDirectory('weir-oauth-');
  const catalog = (image: string, config: string) => `captures:
  acme/api: { endpoint: { connector: { image: "${image}", config: ${config} } }, bindings: [] }
`;
  const file = join(directory.path, 'flow.yaml');
  for (const [text, code] of [
    [catalog('ghcr.io/estuary/source-hello-world:dev', '{}'), /OAUTH_NOT_OFFERED/],
    [catalog('ghcr.io/estuary/source-test:dev', '{ sops: {} }'), /OAUTH_CONFIG_ENCRYPTED/],
  ] as const) {
    writeFileSync(file, text);
    const ran = weir(directory.path, 'oauth');
    assert.equal(await ran.ended, 1, ran.output());
    assert.match(ran.output(), code);
  }
});
