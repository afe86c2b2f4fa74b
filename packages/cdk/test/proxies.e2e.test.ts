// Requests through a proxy of this machine, over real sockets: it is asked for tunnels with CONNECT, wants a password, and
// knows the name of the API, which nobody else does.

import assert from 'node:assert/strict';
import { createServer, request as forward, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { after, before, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { inspect } from 'node:util';
import { CertificateAuthority } from '@weir/testing';
import { readWhole } from '../src/http/body.ts';
import type { Environment } from '../src/http/proxies.ts';
import { undiciTransport } from '../src/http/undici-transport.ts';

const PASSWORD = 'p@ss:word/';
const AUTHORIZATION = `Basic ${Buffer.from(`weir:${PASSWORD}`).toString('base64')}`;
/** A name of nobody (RFC 2606), so that only the proxy can lead to it. */
const API = 'api.example';

const asked: string[] = [];
const servers: Server[] = [];
let api: { readonly http: string; readonly https: string };
let proxy: string;

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

before(async () => {
  using authority = new CertificateAuthority('Weir test');
  const { certificate, key } = authority.issue(API, [`DNS:${API}`]);
  setDefaultCACertificates([...getCACertificates('default'), authority.certificate]);
  const encrypted = createTlsServer({ cert: certificate, key }, ({ headers }, response) =>
    response.end(`encrypted, ${headers['proxy-authorization'] ?? 'no password'}`),
  );
  const plain = createServer((_request, response) => response.end('plain'));
  api = {
    https: `https://${API}:${await listening(encrypted)}/rows`,
    http: `http://${API}:${await listening(plain)}/rows`,
  };
  proxy = `http://weir:${encodeURIComponent(PASSWORD)}@127.0.0.1:${await listening(proxyServer())}`;
});

after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** Everything is on this machine, whatever the name. */
function proxyServer(): Server {
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.headers['proxy-authorization'] !== AUTHORIZATION) return void response.writeHead(407).end();
    const { port, pathname } = new URL(request.url ?? '');
    request.pipe(forward({ host: '127.0.0.1', port, path: pathname }, (answer) => answer.pipe(response)));
  });
  server.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.on('error', () => undefined);
    const refusal = request.headers['proxy-authorization'] === AUTHORIZATION ? undefined : 407;
    const status = request.url?.startsWith('forbidden.') === true ? 403 : refusal;
    if (status !== undefined) return void socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    const target = connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(target).pipe(socket);
    });
    target.on('error', () => socket.destroy());
    socket.on('close', () => target.destroy());
  });
  return server;
}

async function ask(url: string, env: Environment, allowsPrivateAddresses = false): Promise<string> {
  asked.length = 0;
  const transport = undiciTransport({ allowsPrivateAddresses, env });
  const { signal } = new AbortController();
  const request = { method: 'GET', url: new URL(url), headers: {}, body: undefined, signal };
  const { body } = await transport(request);
  return (await readWhole(body, 1000)).toString();
}

/** What is thrown shows nothing of the proxy's password, however deep it is looked into. */
async function assertRefused(code: string, url: string, env: Environment): Promise<void> {
  await assert.rejects(ask(url, env), (failure: Error & { code: string }) => {
    const own = failure.cause instanceof Error && 'code' in failure.cause ? failure.cause.code : failure.code;
    assert.equal(own, code, inspect(failure));
    const shown = inspect(failure, { depth: 10, showHidden: true });
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), AUTHORIZATION.slice(6)])
      assert.ok(!shown.includes(secret), shown);
    return true;
  });
}

test('an API of https is reached through a tunnel, and never sees the password of the proxy', async () => {
  const { host } = new URL(api.https);
  for (const env of [
    { HTTPS_PROXY: proxy },
    { https_proxy: proxy, HTTPS_PROXY: 'http://127.0.0.1:1' },
    { HTTP_PROXY: proxy },
    { HTTPS_PROXY: proxy.replace('http://', '') },
  ]) {
    assert.equal(await ask(api.https, env), 'encrypted, no password');
    assert.deepEqual(asked, [`CONNECT ${host}`]);
  }
});

test('an API of http is asked for by its whole address', async () => {
  assert.equal(await ask(api.http, { HTTP_PROXY: proxy }), 'plain');
  assert.deepEqual(asked, [`GET ${api.http}`]);
});

test('NO_PROXY leaves hosts out, which then are reached or refused as without a proxy', async () => {
  const here = api.http.replace(API, '127.0.0.1');
  for (const NO_PROXY of ['127.0.0.1', 'other.example, 127.0.0.1', '*']) {
    assert.equal(await ask(here, { HTTP_PROXY: proxy, NO_PROXY }, true), 'plain');
    assert.deepEqual(asked, []);
  }
  assert.equal(await ask(here, { HTTPS_PROXY: proxy }, true), 'plain');
  assert.deepEqual(asked, []);
  await assertRefused('CDK_HTTP_ADDRESS_REFUSED', here, { HTTP_PROXY: proxy, NO_PROXY: '127.0.0.1' });
});

test('the proxy may stand in a private network, and what it is asked for may not', async () => {
  for (const host of [
    '169.254.169.254',
    '10.0.0.1',
    '[::1]',
    'localhost',
    'redis',
    'a.internal',
    'a.local.',
  ]) {
    for (const scheme of ['http', 'https'])
      await assertRefused('CDK_HTTP_ADDRESS_REFUSED', `${scheme}://${host}/`, { HTTP_PROXY: proxy });
    assert.deepEqual(asked, []);
  }
});

test('a proxy that wants another password, or refuses the host, is told of at once', async () => {
  const stranger = proxy.replace(/\/\/.*@/, '//weir:wrong@');
  await assertRefused('CDK_PROXY_REFUSED', api.https, { HTTPS_PROXY: stranger });
  await assertRefused('CDK_PROXY_REFUSED', api.http, { HTTP_PROXY: stranger });
  await assertRefused('CDK_PROXY_REFUSED', 'https://forbidden.example/', { HTTPS_PROXY: proxy });
});

test('a proxy that cannot be understood, or is not there, does not show its password', async () => {
  for (const address of [
    `http://weir:${PASSWORD}@a proxy:3128`,
    'socks5://127.0.0.1:1080',
    'http://weir:%zz@127.0.0.1:3128',
  ])
    await assertRefused('CDK_PROXY_INVALID', api.https, { HTTPS_PROXY: address });
  const gone = `http://weir:${encodeURIComponent(PASSWORD)}@127.0.0.1:1`;
  await assertRefused('ECONNREFUSED', api.https, { HTTPS_PROXY: gone });
});
