import type { PgConnectionError, PgServerError, PgServerMessage } from './pg-errors.ts';

export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

export interface ConnectOptions {
  /** A name, an IPv4 or IPv6 address (brackets allowed), or the folder of a Unix socket, which starts with `/`. */
  readonly host: string;
  /** 5432 when absent. */
  readonly port?: number;
  /**
   * Where the socket is opened instead, such as the near end of a tunnel. `host` and `port` still name the server, in
   * messages and towards its certificate.
   */
  readonly via?: { readonly host: string; readonly port: number };
  readonly user: string;
  /** A function is asked at every connection that needs it, so that short-lived tokens stay fresh. */
  readonly password?: string | (() => string | Promise<string>);
  /** The user's name when absent, as the server has it. */
  readonly database?: string;
  /**
   * As in libpq, `prefer` when absent: `allow` plain, then TLS if refused; `prefer` TLS if offered; `require` TLS, any
   * certificate (checked against `ca` if that is given); `verify-ca` a trusted issuer; `verify-full` the host name too.
   */
  readonly sslmode?: SslMode;
  /** PEM. Trusted issuers; the system's own list when absent. */
  readonly ca?: string;
  /** PEM. The client's certificate and its key. */
  readonly cert?: string;
  readonly key?: string;
  readonly applicationName?: string;
  /** Opens a walsender connection for logical replication. */
  readonly replication?: 'database';
  /** Server settings for the session, such as `{ DateStyle: 'ISO' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Until the server is ready for queries, over all attempts; 20 seconds when absent. */
  readonly connectTimeoutMs?: number;
  /** Gives up connecting. Has no effect on a connection that was made. */
  readonly signal?: AbortSignal;
  readonly onNotice?: (notice: PgServerMessage) => void;
  readonly onParameterStatus?: (name: string, value: string) => void;
  /** Called once when the connection is over, also after `close()`, then with undefined. */
  readonly onClose?: (reason: PgConnectionError | PgServerError | undefined) => void;
}

export const DEFAULT_PORT = 5432;
export const DEFAULT_CONNECT_TIMEOUT_MS = 20_000;

/** The server as a person reads it: `db.example.com:5432`, `[::1]:5432`, `/run/postgresql/.s.PGSQL.5432`. */
export function serverAddress(options: Pick<ConnectOptions, 'host' | 'port'>): string {
  const port = options.port ?? DEFAULT_PORT;
  const host = bareHost(options.host);
  if (host.startsWith('/')) return `${host}/.s.PGSQL.${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Without the brackets of `[::1]`. */
export function bareHost(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
