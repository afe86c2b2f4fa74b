// A capture over real sockets, from the request to the frames of the protocol.

import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { serveCapture } from '@weir/capture';
import { FULL_RANGE, type CaptureOpenRequest } from '@weir/protocol';
import { ConnectorHost } from '@weir/testing';
import { apiCapture } from '../src/api/api-capture.ts';
import { defineApi, get } from '../src/api/define-api.ts';
import { bearer } from '../src/auth/fixed.ts';
import { undiciTransport } from '../src/http/undici-transport.ts';
import { nextUrl } from '../src/paging/paging.ts';
import { changes } from '../src/streams/define-stream.ts';
import { updatedAt } from '../src/streams/timestamp.ts';

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function close(server: Server): void {
  server.closeAllConnections();
  server.close();
}

function open(): CaptureOpenRequest {
  const collection = { name: 'acme/rows', key: ['/id'], uuidPtr: '', partitionFields: [], projections: [] };
  return {
    kind: 'open',
    version: '0000000000000001',
    range: FULL_RANGE,
    state: '{}',
    capture: {
      name: 'acme/api',
      connectorType: 'LOCAL',
      config: '{"credentials":{"access_token":"the token"}}',
      intervalSeconds: 300,
      inactiveBindings: [],
      bindings: [
        {
          resourceConfig: '{"name":"rows"}',
          resourcePath: ['rows'],
          collection: { ...collection, writeSchema: '{}' },
          backfill: 0,
          stateKey: 'rows',
        },
      ],
    },
  };
}

test('pages that are compressed, refused for a moment and cut off once arrive as documents and checkpoints', async () => {
  let requests = 0;
  const listener: RequestListener = ({ url = '', headers }, response) => {
    requests += 1;
    assert.equal(headers.authorization, 'Bearer the token');
    if (requests === 1) {
      response.writeHead(429, { 'retry-after': '0' }).end('slow down');
      return;
    }
    const page = Number(new URL(url, base).searchParams.get('page') ?? 1);
    const rows = [1, 2].map(
      (row) => `{"id":900719925474099${page}${row},"at":"2024-01-01T00:00:0${row}Z","n":1.10}`,
    );
    const next = page < 3 ? `"${base}/rows?page=${page + 1}"` : 'null';
    const body = gzipSync(`{"data":[${rows.join(' , ')}],"next":${next}}`);
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length });
    if (requests === 3) response.write(body.subarray(0, 40), () => response.destroy());
    else response.end(body);
  };
  const server = createServer(listener);
  const base = await listening(server);
  const api = defineApi({
    name: 'source-sample',
    title: 'Sample',
    config: {},
    auth: [bearer()],
    base,
    probe: get('/me'),
    streams: {
      rows: changes({
        path: '/rows',
        key: ['/id'],
        cursor: updatedAt('/at', { tick: '1s', lag: '1s' }),
        records: 'data',
        paging: nextUrl('/next'),
        interval: '5m',
      }),
    },
  });
  const transport = undiciTransport({ allowsPrivateAddresses: true });
  // Half of the shortest wait, so that the test takes half a second and not a minute.
  const capture = apiCapture(api, { transport, random: { next: () => 0 } });
  const host = new ConnectorHost('capture');
  const exit = serveCapture(capture, host);
  try {
    host.send(open());
    const sent: string[] = [];
    for (let done = false; !done;) {
      const response = await host.receive();
      if (response?.kind === 'captured') sent.push(response.doc.toString());
      done = response?.kind === 'checkpoint' && response.state.updated.includes('"backfill":null');
    }
    assert.deepEqual(
      sent,
      [11, 12, 21, 22, 31, 32].map(
        (id) =>
          `{"_meta":{"op":"u","row_id":-1},"id":900719925474099${id},"at":"2024-01-01T00:00:0${id % 10}Z","n":1.10}`,
      ),
    );
    assert.equal(requests, 5);
    host.stop();
    assert.equal(await exit, 0);
  } finally {
    close(server);
  }
});
