// A port of this machine that leads through an SSH server to a host and port behind it. The port is chosen by the
// system and listens on 127.0.0.1 only. One SSH connection carries every connection through the port; when it dies, the
// tunnel is dead for good: `signal` aborts with the reason, before the connections that it carried are cut, so whoever
// sees one of them break can tell why.

import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { WeirError } from '@weir/protocol';
import type { Secret } from '@weir/schema/config';
import type { Client, ClientError } from 'ssh2';
import { errors } from './errors.ts';
import { hostKeyFingerprint, hostKeyType, parseHostKeyPins } from './host-key.ts';
import { readPrivateKey } from './private-key.ts';
import { endpointAddress, parseSshEndpoint, type SshEndpoint } from './ssh-endpoint.ts';
import { connectFailure, forwardFailure } from './ssh-failure.ts';

export interface TunnelTarget {
  /** As the SSH server knows it. */
  readonly host: string;
  readonly port: number;
}

export interface SshTunnelOptions {
  /** `ssh://user@host[:port]`. */
  readonly sshEndpoint: string;
  readonly privateKey: Secret;
  /** Fingerprints or public keys, one a line; any host key is accepted when absent, and its fingerprint logged. */
  readonly hostKey?: string | undefined;
  readonly target: TunnelTarget;
  readonly log: {
    debug(message: string, fields?: Record<string, unknown>): void;
    warn(message: string, fields?: Record<string, unknown>): void;
  };
  /** Gives up connecting. Has no effect on a tunnel that is open. */
  readonly signal?: AbortSignal;
  /** Until the SSH server has let us in; 20 seconds when absent. */
  readonly connectTimeoutMs?: number;
  /** How often to ask a silent server whether it is there; it is dead after three questions. 10 seconds when absent. */
  readonly keepAliveMs?: number;
}

const HOST = '127.0.0.1';
const CONNECT_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_MS = 10_000;
const KEEP_ALIVE_COUNT = 3;

/** Checks what can be checked without a network. Throws TUNNEL_ENDPOINT_INVALID, TUNNEL_HOST_KEY_INVALID, TUNNEL_TARGET_INVALID. */
export function checkSshTunnel(options: Pick<SshTunnelOptions, 'sshEndpoint' | 'hostKey' | 'target'>): void {
  parseSshEndpoint(options.sshEndpoint);
  if (hasPin(options.hostKey)) parseHostKeyPins(options.hostKey);
  const { host, port } = options.target;
  if (host === '' || host.startsWith('/') || !(port >= 1 && port <= 65_535)) {
    throw errors.TUNNEL_TARGET_INVALID({
      message: `a tunnel leads to a host and a port, which ${JSON.stringify(host)} and ${port} are not`,
    });
  }
}

function hasPin(hostKey: string | undefined): hostKey is string {
  return hostKey !== undefined && hostKey.trim() !== '';
}

/** Throws the errors of the catalogue, or the reason of `signal`. */
export async function openSshTunnel(options: SshTunnelOptions): Promise<SshTunnel> {
  checkSshTunnel(options);
  options.signal?.throwIfAborted();
  const endpoint = parseSshEndpoint(options.sshEndpoint);
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, HOST);
  await once(server, 'listening');
  try {
    return new SshTunnel(await connect(options, endpoint), server, endpoint, options);
  } catch (error) {
    server.close();
    throw error;
  }
}

/** Only a connector that has a tunnel pays for loading ssh2. */
async function connect(options: SshTunnelOptions, endpoint: SshEndpoint): Promise<Client> {
  const { Client, utils } = (await import('ssh2')).default;
  const privateKey = readPrivateKey(options.privateKey.reveal(), utils.parseKey);
  const pins = hasPin(options.hostKey) ? parseHostKeyPins(options.hostKey) : undefined;
  const client = new Client();
  const settled = Promise.withResolvers<undefined>();
  let mismatch: WeirError | undefined;
  const onError = (error: ClientError): void => {
    settled.reject(mismatch ?? connectFailure(error, endpoint));
  };
  const onClose = (): void => onError(new Error('it closed the connection'));
  const onAbort = (): void => {
    settled.reject(options.signal?.reason);
    client.destroy();
  };
  // ssh2 still emits errors after its first one.
  client.on('error', () => undefined);
  client.on('error', onError);
  client.once('close', onClose);
  client.once('ready', () => settled.resolve(undefined));
  options.signal?.addEventListener('abort', onAbort);
  try {
    client.connect({
      host: endpoint.host,
      port: endpoint.port,
      username: endpoint.user,
      privateKey,
      readyTimeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      keepaliveInterval: options.keepAliveMs ?? KEEP_ALIVE_MS,
      keepaliveCountMax: KEEP_ALIVE_COUNT,
      ...(pins?.algorithms === undefined ? {} : { algorithms: { serverHostKey: pins.algorithms } }),
      hostVerifier: (key) => {
        const [type, fingerprint] = [hostKeyType(key), hostKeyFingerprint(key)];
        if (pins === undefined) logUnpinned(options, endpoint, type, fingerprint);
        else if (!pins.fingerprints.includes(fingerprint)) {
          mismatch = errors.TUNNEL_HOST_KEY_MISMATCH({
            message: `the SSH server ${endpointAddress(endpoint)} presented the ${type} key ${fingerprint}, which is not pinned by /networkTunnel/sshForwarding/hostKey`,
          });
        }
        return mismatch === undefined;
      },
    });
    await settled.promise;
    client.setNoDelay(true);
    return client;
  } catch (error) {
    client.destroy();
    throw error;
  } finally {
    client.off('error', onError);
    client.off('close', onClose);
    options.signal?.removeEventListener('abort', onAbort);
  }
}

const loggedHostKeys = new Set<string>();

/** Once a process and key. */
function logUnpinned(
  options: SshTunnelOptions,
  endpoint: SshEndpoint,
  type: string,
  fingerprint: string,
): void {
  const address = endpointAddress(endpoint);
  if (loggedHostKeys.has(`${address} ${fingerprint}`)) return;
  loggedHostKeys.add(`${address} ${fingerprint}`);
  options.log.warn(
    `the SSH server ${address} is trusted without a check: its ${type} host key is ${fingerprint}. If that is right, set /networkTunnel/sshForwarding/hostKey to it, and no other server can pose as this one`,
    { hostKey: fingerprint },
  );
}

export class SshTunnel implements AsyncDisposable {
  readonly host = HOST;
  readonly port: number;
  /** Aborted when the tunnel broke, with TUNNEL_LOST as its reason; not when it is disposed of. */
  readonly signal: AbortSignal;
  readonly #client: Client;
  readonly #server: Server;
  readonly #endpoint: SshEndpoint;
  readonly #target: TunnelTarget;
  readonly #sockets = new Set<Socket>();
  readonly #broken = new AbortController();
  #lastError: ClientError | undefined;
  #forwardFailure: WeirError | undefined;
  #closing = false;

  constructor(client: Client, server: Server, endpoint: SshEndpoint, options: SshTunnelOptions) {
    this.#client = client;
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.#endpoint = endpoint;
    this.#target = options.target;
    this.signal = this.#broken.signal;
    client.on('error', (error) => (this.#lastError = error));
    client.once('close', () => this.#die());
    server.on('connection', (socket) => this.#forward(socket));
    options.log.debug(`the SSH tunnel through ${endpointAddress(endpoint)} is open`);
  }

  /** Why the last connection to the port was cut: the SSH server could not, or would not, carry it on. */
  get forwardFailure(): WeirError | undefined {
    return this.#forwardFailure;
  }

  #forward(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
    try {
      this.#carry(socket);
    } catch {
      // ssh2 throws where its own socket has ended and it has not told so yet.
      socket.destroy();
    }
  }

  #carry(socket: Socket): void {
    const { host, port } = this.#target;
    if (this.signal.aborted) {
      socket.destroy();
      return;
    }
    this.#client.forwardOut(HOST, socket.remotePort ?? 0, host, port, (error, channel) => {
      if (error !== undefined) {
        // A tunnel that is dying says so itself.
        if (error.reason !== undefined)
          this.#forwardFailure = forwardFailure(error, this.#endpoint, endpointAddress({ host, port }));
        socket.destroy();
        return;
      }
      this.#forwardFailure = undefined;
      channel.on('error', () => undefined);
      channel.once('close', () => socket.destroySoon());
      socket.once('close', () => channel.destroy());
      channel.pipe(socket);
      socket.pipe(channel);
    });
  }

  #die(): void {
    if (!this.#closing) {
      const why = this.#lastError === undefined ? 'it closed the connection' : this.#lastError.message;
      this.#broken.abort(
        errors.TUNNEL_LOST({
          message: `the connection to the SSH server ${endpointAddress(this.#endpoint)} broke: ${why}`,
          cause: this.#lastError,
        }),
      );
    }
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    for (const socket of this.#sockets) socket.destroy();
    const closed = this.#server.listening ? once(this.#server, 'close') : undefined;
    this.#server.close();
    this.#client.end();
    this.#client.destroy();
    await closed;
  }
}
