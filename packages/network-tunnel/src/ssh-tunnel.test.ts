// What a real SSH server does not bring about on demand; everything else is in ssh-tunnel.e2e.test.ts.

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { Secret } from '@weir/schema/config';
import type { Client } from 'ssh2';
import { parseSshEndpoint } from './ssh-endpoint.ts';
import { SshTunnel } from './ssh-tunnel.ts';

test('a connection that comes when the SSH server is gone, and the tunnel has not heard of it, is cut, and the reason follows', async () => {
  const client = Object.assign(new EventEmitter(), {
    forwardOut() {
      throw new Error('Not connected');
    },
    end() {},
    destroy() {},
  });
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sshEndpoint = 'ssh://user@bastion';
  await using tunnel = new SshTunnel(client as unknown as Client, server, parseSshEndpoint(sshEndpoint), {
    sshEndpoint,
    privateKey: new Secret(''),
    target: { host: 'db', port: 5432 },
    log: { debug() {}, warn() {} },
  });
  await once(connect(tunnel.port, tunnel.host), 'close');
  assert.equal(tunnel.signal.aborted, false);
  client.emit('close');
  assert.equal((tunnel.signal.reason as { code?: string }).code, 'TUNNEL_LOST');
});
