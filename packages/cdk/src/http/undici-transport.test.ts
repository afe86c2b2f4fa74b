import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { assertPublicHost, isPublicAddress } from './address-guard.ts';
import { readWhole } from './body.ts';
import type { TransportResponse } from './transport.ts';
import { undiciTransport, type UndiciTransportOptions } from './undici-transport.ts';

const never = new AbortController().signal;

async function ask(
  listener: RequestListener,
  { host = '127.0.0.1', ...options }: UndiciTransportOptions & { host?: string },
  use: (response: TransportResponse) => Promise<void>,
): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const transport = undiciTransport(options);
    const url = new URL(`http://${host}:${port}/x?y=1`);
    await use(
      await transport({ method: 'GET', url, headers: { 'x-test': 'a' }, body: undefined, signal: never }),
    );
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const here = { allowsPrivateAddresses: true };

test('bodies come decompressed, whatever their encodings, and headers in lower case', async () => {
  const text = 'ä'.repeat(10_000);
  for (const [encoding, compress] of [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
    [
      'zstd',
      (bytes: string) =>
        Buffer.concat([zstdCompressSync(bytes.slice(0, 9)), zstdCompressSync(bytes.slice(9))]),
    ],
    ['gzip, zstd', (bytes: string) => zstdCompressSync(gzipSync(bytes))],
    ['identity', (bytes: string) => Buffer.from(bytes)],
  ] as const) {
    const listener: RequestListener = (request, response) => {
      assert.equal(`${request.url} ${String(request.headers['x-test'])}`, '/x?y=1 a');
      response.writeHead(200, { 'Content-Encoding': encoding, 'X-Thing': ['1', '2'] }).end(compress(text));
    };
    await ask(listener, here, async ({ status, headers, body }) => {
      assert.deepEqual([status, headers['x-thing']], [200, '1, 2']);
      assert.equal((await readWhole(body, 1 << 20)).toString(), text, encoding);
    });
  }
});

test('a body that is compressed again and again is refused', async () => {
  const listener: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip, gzip, gzip, gzip' }).end('x');
  };
  await assert.rejects(
    ask(listener, here, async () => undefined),
    { code: 'CDK_BODY_INVALID' },
  );
});

test('what a body is decompressed to has the limit of the body itself', async () => {
  const bomb = gzipSync(Buffer.alloc(64 << 20));
  const listener: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
  };
  await ask(listener, here, async ({ body }) => {
    await assert.rejects(readWhole(body, 1 << 20), { code: 'CDK_BODY_TOO_LARGE' });
  });
});

test('a body that is cut off, compressed or not, is a failure and not an end', async () => {
  for (const encoding of ['gzip', 'identity']) {
    const bytes = encoding === 'gzip' ? gzipSync('x'.repeat(1000)) : Buffer.from('x'.repeat(1000));
    const listener: RequestListener = (_request, response) => {
      response.writeHead(200, { 'content-encoding': encoding, 'content-length': bytes.length });
      response.write(bytes.subarray(0, bytes.length - 5), () => response.destroy());
    };
    await ask(listener, here, async ({ body }) => {
      await assert.rejects(readWhole(body, 1 << 20), encoding);
    });
  }
});

test('a server that does not answer in time is a failure', async () => {
  const answered = ask(
    () => undefined,
    { ...here, headersTimeoutMs: 50 },
    async () => undefined,
  );
  await assert.rejects(answered, { code: 'UND_ERR_HEADERS_TIMEOUT' });
});

test('addresses that are not public are refused, also behind a name', async () => {
  for (const host of ['127.0.0.1', 'localhost']) {
    const asked = ask(
      (_request, response) => response.end(),
      { host },
      async () => undefined,
    );
    await assert.rejects(asked, (error: Error) => {
      const { code } = (error.cause ?? error) as { code?: string };
      return code === 'CDK_HTTP_ADDRESS_REFUSED';
    });
  }
  for (const url of [
    'http://169.254.169.254/',
    'http://[::1]/',
    'http://0x7f.1/',
    'http://[::ffff:10.0.0.1]/',
  ]) {
    assert.throws(() => assertPublicHost(new URL(url)), { code: 'CDK_HTTP_ADDRESS_REFUSED' }, url);
  }
  for (const address of ['100.64.1.1', '172.31.0.1', 'fd00::1', 'fe80::1', '64:ff9b::a00:1', '::']) {
    assert.ok(!isPublicAddress(address), address);
  }
  for (const address of ['93.184.216.34', '172.32.0.1', '2606:4700::1111'])
    assert.ok(isPublicAddress(address), address);
});
