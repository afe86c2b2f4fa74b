// Against a real OpenSSH server.

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Secret } from '@weir/schema';
import { generateSshKey, missingSshServer, type SshServer, startSshServer } from '@weir/testing';
import { openSshTunnel, type SshTunnelOptions } from './ssh-tunnel.ts';

interface LoggedLine {
  readonly level: string;
  readonly message: string;
}

/** A server that sends back what it receives. */
async function startEcho(): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function closed(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  socket.resume();
  if (!socket.closed) await once(socket, 'close');
}

describe('a tunnel through OpenSSH', { skip: missingSshServer() }, () => {
  let ssh: SshServer;
  let echo: Awaited<ReturnType<typeof startEcho>>;
  let lines: LoggedLine[] = [];

  before(async () => {
    ssh = await startSshServer();
    echo = await startEcho();
  });
  after(async () => {
    await ssh[Symbol.asyncDispose]();
    echo.server.close();
  });

  function options(changes: Partial<SshTunnelOptions> = {}): SshTunnelOptions {
    const log = (level: string) => (message: string) => void lines.push({ level, message });
    return {
      sshEndpoint: ssh.endpoint,
      privateKey: new Secret(ssh.privateKey),
      hostKey: ssh.fingerprint('ed25519'),
      target: { host: '127.0.0.1', port: echo.port },
      log: { debug: log('debug'), warn: log('warn') },
      ...changes,
    };
  }

  test('carries connections both ways, many at once, byte for byte, and half-closed ones to their end', async () => {
    await using tunnel = await openSshTunnel(options());
    assert.equal(tunnel.host, '127.0.0.1');
    const sent = Array.from({ length: 8 }, () => randomBytes(2_000_000));
    const received = await Promise.all(
      sent.map((bytes) => {
        const socket = connect(tunnel.port, tunnel.host);
        socket.end(bytes);
        return readAll(socket);
      }),
    );
    const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    assert.deepEqual(received.map(digest), sent.map(digest));
    assert.equal(tunnel.signal.aborted, false);
  });

  test('two tunnels have two ports, and after disposal nothing listens', async () => {
    const first = await openSshTunnel(options());
    await using second = await openSshTunnel(options());
    const { port } = first;
    assert.notEqual(port, second.port);
    const open = connect(port, '127.0.0.1');
    await once(open, 'connect');
    await first[Symbol.asyncDispose]();
    await closed(open);
    assert.equal(first.signal.aborted, false);
    const [error] = (await once(connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
  });

  test('without a pin the fingerprint is logged once, with how to pin it', async () => {
    lines = [];
    const { hostKey: _, ...unpinned } = options();
    for (let i = 0; i < 2; i += 1) {
      await using _tunnel = await openSshTunnel(unpinned);
    }
    const warnings = lines.filter(({ level }) => level === 'warn');
    assert.equal(warnings.length, 1);
    assert.ok(warnings[0]?.message.includes(ssh.fingerprint('ed25519')));
    assert.match(warnings[0]?.message ?? '', /networkTunnel\/sshForwarding\/hostKey/);
  });

  test('a pin by public key asks the server for the key of that type', async () => {
    await using tunnel = await openSshTunnel(
      options({ hostKey: `bastion ${ssh.hostKeys.get('rsa') ?? ''}` }),
    );
    assert.equal(tunnel.signal.aborted, false);
  });

  test('another host key than the pinned one is refused before the user is named', async () => {
    const other = generateSshKey(join(ssh.folder, 'other'), ['-t', 'ed25519']);
    const before = ssh.log.length;
    await assert.rejects(openSshTunnel(options({ hostKey: other.public })), {
      code: 'TUNNEL_HOST_KEY_MISMATCH',
      message: new RegExp(ssh.fingerprint('ed25519').replaceAll(/[+/]/g, String.raw`\$&`)),
    });
    assert.doesNotMatch(ssh.log.slice(before), /Accepted|Failed/);
  });

  test('keys of every type and form that OpenSSH makes are read', async () => {
    for (const [name, flags] of [
      ['rsa', ['-t', 'rsa', '-b', '2048']],
      ['rsa-pem', ['-t', 'rsa', '-b', '2048', '-m', 'PEM']],
      ['rsa-pkcs8', ['-t', 'rsa', '-b', '2048', '-m', 'PKCS8']],
      ['ecdsa', ['-t', 'ecdsa', '-b', '384']],
      ['ecdsa-pem', ['-t', 'ecdsa', '-m', 'PEM']],
      ['ed25519', ['-t', 'ed25519']],
    ] as const) {
      const key = generateSshKey(join(ssh.folder, `key-${name}`), flags);
      ssh.authorize(key.public);
      await using tunnel = await openSshTunnel(options({ privateKey: new Secret(key.private.trimEnd()) }));
      assert.equal(tunnel.signal.aborted, false, name);
    }
  });

  test('an ed25519 key in PKCS#8, which no tool of OpenSSH writes, lets in as well', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const point = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
    const header = Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1');
    ssh.authorize(`ssh-ed25519 ${Buffer.concat([header, point]).toString('base64')}`);
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await using tunnel = await openSshTunnel(options({ privateKey: new Secret(pem) }));
    assert.equal(tunnel.signal.aborted, false);
  });

  test('[G9] an encrypted key and one that the server does not know are told apart, and not printed', async () => {
    const stranger = generateSshKey(join(ssh.folder, 'stranger'), ['-t', 'ed25519']);
    const encrypted = generateSshKey(join(ssh.folder, 'encrypted'), ['-t', 'ed25519', '-N', 'secret']);
    for (const [key, code] of [
      [stranger, 'TUNNEL_AUTH_REFUSED'],
      [encrypted, 'TUNNEL_KEY_ENCRYPTED'],
    ] as const) {
      await assert.rejects(
        openSshTunnel(options({ privateKey: new Secret(key.private) })),
        (error: Error) => {
          assert.equal('code' in error ? error.code : '', code);
          const line = key.private.split('\n')[2] ?? '-';
          assert.ok(!`${error.stack}${JSON.stringify(error)}${String(error.cause)}`.includes(line));
          return true;
        },
      );
    }
  });

  test('nobody, a silent server and one that speaks something else are told apart, and quickly', async () => {
    const { port } = await startEcho().then(async ({ server, port }) => {
      server.close();
      await once(server, 'close');
      return { port };
    });
    await assert.rejects(openSshTunnel(options({ sshEndpoint: `ssh://me@127.0.0.1:${port}` })), {
      code: 'TUNNEL_UNREACHABLE',
      message: /nothing accepts connections/,
    });
    await assert.rejects(openSshTunnel(options({ sshEndpoint: 'ssh://me@nowhere.invalid' })), {
      code: 'TUNNEL_UNREACHABLE',
      message: /does not resolve/,
    });
    for (const [answer, expected] of [
      [undefined, { code: 'TUNNEL_UNREACHABLE', message: /did not answer in time/ }],
      ['HTTP/1.1 400 Bad Request\r\n\r\n', { code: 'TUNNEL_HANDSHAKE_FAILED' }],
      ['', { code: 'TUNNEL_HANDSHAKE_FAILED' }],
    ] as const) {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        if (answer !== undefined) socket.end(answer);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const sshEndpoint = `ssh://me@127.0.0.1:${(server.address() as AddressInfo).port}`;
      await assert.rejects(openSshTunnel(options({ sshEndpoint, connectTimeoutMs: 200 })), expected);
      server.close();
    }
  });

  test('connecting is given up when the signal says so', async () => {
    await assert.rejects(
      openSshTunnel(options({ signal: AbortSignal.abort(new Error('enough')) })),
      /enough/,
    );
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const controller = new AbortController();
    silent.once('connection', (socket) => {
      socket.on('error', () => undefined);
      controller.abort(new Error('enough'));
    });
    const sshEndpoint = `ssh://me@127.0.0.1:${(silent.address() as AddressInfo).port}`;
    await assert.rejects(openSshTunnel(options({ sshEndpoint, signal: controller.signal })), /enough/);
    silent.close();
  });

  test('a target that the SSH server cannot reach cuts the connection, says why, and leaves the tunnel alive', async () => {
    await using tunnel = await openSshTunnel(options({ target: { host: '127.0.0.1', port: 1 } }));
    await closed(connect(tunnel.port, tunnel.host));
    assert.equal(tunnel.forwardFailure?.code, 'TUNNEL_TARGET_UNREACHABLE');
    assert.match(tunnel.forwardFailure.message, /cannot connect to 127\.0\.0\.1:1: .*refused/);
    assert.equal(tunnel.signal.aborted, false);
  });

  test('a server that does not forward is told apart from one that cannot', async () => {
    await using strict = await startSshServer({ settings: { AllowTcpForwarding: 'no' } });
    await using tunnel = await openSshTunnel({
      ...options(),
      sshEndpoint: strict.endpoint,
      privateKey: new Secret(strict.privateKey),
      hostKey: strict.fingerprint('ed25519'),
    });
    await closed(connect(tunnel.port, tunnel.host));
    assert.equal(tunnel.forwardFailure?.code, 'TUNNEL_FORWARD_REFUSED');
  });

  test('a target that is no host and port is refused without a connection', async () => {
    for (const target of [
      { host: '/run/postgresql', port: 5432 },
      { host: '', port: 5432 },
      { host: 'db', port: 0 },
    ]) {
      await assert.rejects(openSshTunnel(options({ target })), { code: 'TUNNEL_TARGET_INVALID' });
    }
  });

  test('when the SSH server dies under traffic, the reason is known before the connections break', async () => {
    await using mortal = await startSshServer();
    await using tunnel = await openSshTunnel({
      ...options(),
      sshEndpoint: mortal.endpoint,
      privateKey: new Secret(mortal.privateKey),
      hostKey: mortal.fingerprint('ed25519'),
    });
    const socket = connect(tunnel.port, tunnel.host);
    // It may be reset while the last bytes are on their way.
    socket.on('error', () => undefined);
    const reasonAtClose = once(socket, 'close').then((): unknown => tunnel.signal.reason);
    socket.write('hello');
    await once(socket, 'data');
    const pour = setInterval(() => socket.write(Buffer.alloc(100_000)), 1);
    socket.once('close', () => clearInterval(pour));
    await mortal.kill9();
    assert.equal(((await reasonAtClose) as { code?: string } | undefined)?.code, 'TUNNEL_LOST');
    const [error] = (await once(connect(tunnel.port, tunnel.host), 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
  });

  test('an SSH server that stops answering is found out by keep-alives', async () => {
    await using frozen = await startSshServer();
    await using tunnel = await openSshTunnel({
      ...options(),
      sshEndpoint: frozen.endpoint,
      privateKey: new Secret(frozen.privateKey),
      hostKey: frozen.fingerprint('ed25519'),
      keepAliveMs: 20,
    });
    const lost = once(tunnel.signal, 'abort');
    frozen.signalSessions('SIGSTOP');
    await lost;
    assert.equal((tunnel.signal.reason as { code?: string }).code, 'TUNNEL_LOST');
    assert.match(String(tunnel.signal.reason), /[Kk]eepalive/);
  });
});
