// What the configuration of a connector says about reaching its server, and what is checked of it before anything is opened.

import { checkIamCredentials, type IamCredentials } from '@weir/auth';
import { checkSshTunnel, type NetworkTunnelConfig } from '@weir/network-tunnel';
import type { Secret } from '@weir/schema/config';
import { checkAddress, tunnelTarget } from './address.ts';
import { errors } from './errors.ts';
import { checkTls, type TlsSettings } from './tls.ts';

/** The names are those of the fields, so that most configurations are one as they are. */
export interface PostgresEndpoint {
  readonly address: string;
  readonly user: string;
  /** The one of the user's name when absent, as the server has it. */
  readonly database?: string | undefined;
  readonly credentials: { readonly auth_type: 'UserPassword'; readonly password: Secret } | IamCredentials;
  readonly advanced: TlsSettings;
  readonly networkTunnel?: NetworkTunnelConfig | undefined;
}

/** What the schema cannot say. Throws PG_CONFIG_INVALID and the errors of tunnels and cloud identities. */
export function checkEndpoint(endpoint: PostgresEndpoint): void {
  const { address, database, credentials, networkTunnel } = endpoint;
  checkAddress(address);
  if (database === '') {
    throw errors.PG_CONFIG_INVALID({
      message: '/database is empty',
      fix: 'Name the database, such as postgres.',
    });
  }
  if (credentials.auth_type !== 'UserPassword') checkIamCredentials(credentials);
  const forwarding = networkTunnel?.sshForwarding;
  if (forwarding !== undefined) checkSshTunnel({ ...forwarding, target: tunnelTarget(address) });
  checkTls(endpoint.advanced, hasPassword(endpoint));
}

export function hasPassword({ credentials }: PostgresEndpoint): boolean {
  return credentials.auth_type === 'UserPassword';
}
