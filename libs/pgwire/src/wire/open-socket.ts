// From an address to a byte stream, with TLS negotiated as the protocol has it: an SSLRequest in the clear, one byte
// for an answer, and only then the handshake. Bytes that follow that one byte were not written by the server's TLS
// side, so they end the attempt (CVE-2021-23222).

import { createConnection, isIP, type Socket } from 'node:net';
import { connect as tlsConnect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { bareHost, DEFAULT_PORT, serverAddress, type ConnectOptions } from '../connect-options.ts';
import { PgConnectionError, tlsReason } from '../pg-errors.ts';
import { sslRequest } from './frontend-messages.ts';
import { type ByteSource, SocketBytes } from './socket-bytes.ts';

export type Encryption = 'never' | 'if-offered' | 'always';

export interface OpenedSocket extends ByteSource {
  readonly tls: TLSSocket | undefined;
}

const KEEP_ALIVE_MS = 30_000;

/** `signal.reason` must be a `PgConnectionError`; it is what an aborted attempt throws. */
export async function openSocket(
  options: ConnectOptions,
  encryption: Encryption,
  signal: AbortSignal,
): Promise<OpenedSocket> {
  signal.throwIfAborted();
  const host = bareHost(options.host);
  const isLocal = options.via === undefined && host.startsWith('/');
  const bytes = new SocketBytes();
  const { onread } = bytes;
  const address = isLocal
    ? { path: serverAddress(options) }
    : (options.via ?? { host, port: options.port ?? DEFAULT_PORT });
  const socket = createConnection({ ...address, onread });
  const plain: OpenedSocket = {
    socket,
    tls: undefined,
    listen: (receive) => bytes.listen(receive),
    readsAllThatIsThere: true,
  };
  const abort = (): void => {
    socket.destroy(signal.reason as Error);
  };
  signal.addEventListener('abort', abort);
  try {
    await settled(socket, 'connect', (error) => networkError(error, serverAddress(options)));
    if (!isLocal) {
      socket.setNoDelay(true);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
    }
    if (encryption === 'never' || isLocal) return plain;
    if (!(await serverOffersTls(plain, options))) {
      if (encryption === 'if-offered') return plain;
      throw new PgConnectionError('tls', `${serverAddress(options)} does not accept TLS connections`);
    }
    const tls = startTls(socket, options, host);
    await settled(tls, 'secureConnect', (error) => tlsError(error, serverAddress(options)));
    return { socket: tls, tls, listen: (receive) => tls.on('data', receive), readsAllThatIsThere: false };
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Certificates and keys are read before the handshake begins; an error of theirs holds no part of them. */
function startTls(socket: Socket, options: ConnectOptions, host: string): TLSSocket {
  try {
    return tlsConnect({ socket, ...tlsOptions(options, host) });
  } catch (error) {
    const reason = error instanceof Error ? tlsReason(error) : String(error);
    throw new PgConnectionError('tls', `the certificates or the key cannot be used: ${reason}`, error);
  }
}

/** Which certificates pass, by mode (PostgreSQL manual: "SSL Mode Descriptions"). */
export function tlsOptions(options: ConnectOptions, host: string): ConnectionOptions {
  const mode = options.sslmode ?? 'prefer';
  const checksIssuer =
    mode === 'verify-ca' || mode === 'verify-full' || (mode === 'require' && options.ca !== undefined);
  return {
    ...(isIP(host) === 0 ? { servername: host } : { host }),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(options.cert === undefined ? {} : { cert: options.cert }),
    ...(options.key === undefined ? {} : { key: options.key }),
    rejectUnauthorized: checksIssuer,
    ...(mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
  };
}

async function serverOffersTls({ socket, listen }: ByteSource, options: ConnectOptions): Promise<boolean> {
  const answer = new Promise<Buffer>((resolve, reject) => {
    listen((bytes) => {
      socket.pause();
      socket.off('close', onClose);
      resolve(Buffer.from(bytes));
    });
    const onClose = (): void => {
      reject(
        new PgConnectionError('closed', `${serverAddress(options)} closed the connection during start-up`),
      );
    };
    socket.once('close', onClose);
    socket.once('error', (error) => reject(networkError(error, serverAddress(options))));
  });
  socket.resume();
  socket.write(sslRequest());
  const chunk = await answer;
  socket.removeAllListeners('error');
  const [reply] = chunk;
  if (chunk.length === 1 && reply === 0x53) return true;
  if (chunk.length === 1 && reply === 0x4e) return false;
  throw new PgConnectionError(
    'protocol',
    `${serverAddress(options)} does not answer as a PostgreSQL server does`,
  );
}

function settled(socket: Socket, event: string, explain: (error: Error) => PgConnectionError): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => {
      reject(explain(error));
    };
    const onClose = (): void => {
      reject(explain(new Error('the connection was closed')));
    };
    socket.once('error', onError);
    socket.once('close', onClose);
    socket.once(event, () => {
      socket.off('error', onError);
      socket.off('close', onClose);
      resolve();
    });
  });
}

function errorCode(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function networkError(error: Error, address: string): PgConnectionError {
  if (error instanceof PgConnectionError) return error;
  switch (errorCode(error)) {
    case 'ECONNREFUSED':
    case 'ENOENT':
      return new PgConnectionError('refused', `nothing accepts connections at ${address}`, error);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
      return new PgConnectionError('dns', `the host name of ${address} does not resolve`, error);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EACCES':
      return new PgConnectionError('unreachable', `there is no way to reach ${address}`, error);
    case 'ETIMEDOUT':
      return new PgConnectionError('timeout', `${address} did not answer in time`, error);
    default:
      return new PgConnectionError('closed', `the connection to ${address} failed: ${error.message}`, error);
  }
}

function tlsError(error: Error, address: string): PgConnectionError {
  if (error instanceof PgConnectionError) return error;
  return new PgConnectionError('tls', `TLS with ${address} failed: ${tlsReason(error)}`, error);
}
