// Opening connections to the server of a configuration.

import { databasePassword } from '@weir/auth';
import { connect, type ConnectOptions, type PgConnection } from '@weir/pgwire';
import { splitAddress } from './address.ts';
import { connectError } from './connect-error.ts';
import { AZURE_SCOPE } from './endpoint-fields.ts';
import { hasPassword, type PostgresEndpoint } from './endpoint.ts';
import { tlsOptions } from './tls.ts';

/** What a connector asks of its connections, beside what the configuration says. */
export type ConnectionPurpose = Pick<
  ConnectOptions,
  'applicationName' | 'settings' | 'replication' | 'connectTimeoutMs' | 'signal' | 'onNotice'
>;

export type Connect = (purpose?: ConnectionPurpose) => Promise<PgConnection>;

export interface Route {
  /** The near end of a tunnel, if there is one. */
  readonly via?: { readonly host: string; readonly port: number };
  /** Why the tunnel could not carry the last connection on. */
  readonly failure?: () => unknown;
}

/**
 * A function that opens connections, which the caller closes. It throws the errors of errors.ts, and why the tunnel
 * could not carry the connection on.
 */
export function connectTo(endpoint: PostgresEndpoint, route: Route = {}): Connect {
  const { host, port } = splitAddress(endpoint.address);
  const { user, database } = endpoint;
  const password = passwordProvider(endpoint);
  const tls = tlsOptions(endpoint.advanced, hasPassword(endpoint));
  return async (purpose = {}) => {
    const options: ConnectOptions = {
      host,
      port,
      ...(route.via === undefined ? {} : { via: route.via }),
      user,
      // Before the connection is opened: the server does not wait for long.
      password: await password(),
      ...(database === undefined ? {} : { database }),
      ...tls,
      ...purpose,
    };
    try {
      return await connect(options);
    } catch (error) {
      throw route.failure?.() ?? connectError(error, endpoint);
    }
  };
}

/** Tokens of a cloud identity are renewed before they end, and asked for by each new connection. */
function passwordProvider({ address, user, credentials }: PostgresEndpoint): () => Promise<string> {
  if (credentials.auth_type === 'UserPassword') {
    const password = credentials.password.reveal();
    return () => Promise.resolve(password);
  }
  return databasePassword(
    credentials,
    { ...splitAddress(address), user },
    {
      googleScopes: ['https://www.googleapis.com/auth/sqlservice.login'],
      azureScope: AZURE_SCOPE,
    },
  );
}
