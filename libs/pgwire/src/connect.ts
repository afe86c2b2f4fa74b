// Opening a connection: which encryption to try in which order, the time limit over all attempts, and the start-up.

import { authenticate } from './auth/authenticate.ts';
import {
  DEFAULT_CONNECT_TIMEOUT_MS,
  serverAddress,
  type ConnectOptions,
  type SslMode,
} from './connect-options.ts';
import { PgConnection } from './pg-connection.ts';
import { PgConnectionError, PgServerError } from './pg-errors.ts';
import { Session } from './session.ts';
import { openSocket, type Encryption } from './wire/open-socket.ts';

/** What to try first, and what to try when the server's access rules refuse that (PostgreSQL manual: "sslmode"). */
const attempts: Readonly<Record<SslMode, readonly [Encryption, Encryption?]>> = {
  disable: ['never'],
  allow: ['never', 'always'],
  prefer: ['if-offered', 'never'],
  require: ['always'],
  'verify-ca': ['always'],
  'verify-full': ['always'],
};

/**
 * Connects and authenticates. Throws `PgServerError` with the server's refusal (28P01 wrong password, 3D000 no such
 * database, 53300 too many connections, …) or `PgConnectionError` when there is no server to speak to.
 */
export async function connect(options: ConnectOptions): Promise<PgConnection> {
  const timeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
  const controller = new AbortController();
  const timer = setTimeout(
    () =>
      controller.abort(
        new PgConnectionError('timeout', `${serverAddress(options)} did not answer within ${timeoutMs} ms`),
      ),
    timeoutMs,
  );
  const onAbort = (): void =>
    controller.abort(new PgConnectionError('aborted', 'connecting was aborted', options.signal?.reason));
  if (options.signal?.aborted === true) onAbort();
  options.signal?.addEventListener('abort', onAbort);
  const [first, second] = attempts[options.sslmode ?? 'prefer'];
  try {
    try {
      return await attempt(options, first, controller.signal);
    } catch (error) {
      if (second === undefined || !mayRetry(error)) throw error;
      return await attempt(options, second, controller.signal).catch((again: unknown) => {
        throw again instanceof PgConnectionError && again.kind === 'tls' ? error : again;
      });
    }
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  }
}

/** Only what the other kind of connection could change: the server's access rules, or a failed handshake. */
function mayRetry(error: unknown): boolean {
  if (error instanceof PgServerError) return error.sqlstate === '28000';
  return error instanceof PgConnectionError && error.kind === 'tls';
}

async function attempt(
  options: ConnectOptions,
  encryption: Encryption,
  signal: AbortSignal,
): Promise<PgConnection> {
  const source = await openSocket(options, encryption, signal);
  // A caller hears of the end of a connection only after it was given one.
  let started = false;
  const { onClose } = options;
  const session = new Session(source, {
    ...options,
    onClose: (reason) => {
      if (started) onClose?.(reason);
    },
  });
  const release = await session.acquire('its start-up');
  const onAbort = (): void => session.destroy(signal.reason as PgConnectionError);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort);
  try {
    const key = await authenticate(session, options, source.tls);
    started = true;
    return new PgConnection(session, { options, encrypted: source.tls !== undefined, ...key });
  } catch (error) {
    source.socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    release();
  }
}
