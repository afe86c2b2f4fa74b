// What went wrong at the SSH server, as errors with codes.

import type { WeirError } from '@weir/protocol';
import type { ChannelOpenError, ClientError } from 'ssh2';
import { errors } from './errors.ts';
import { endpointAddress, type SshEndpoint } from './ssh-endpoint.ts';

/** While connecting. */
export function connectFailure(error: ClientError, endpoint: SshEndpoint): WeirError {
  const address = endpointAddress(endpoint);
  switch (error.level) {
    case 'client-socket':
      return errors.TUNNEL_UNREACHABLE({ message: socketSentence(error, address), cause: error });
    case 'client-timeout':
      return errors.TUNNEL_UNREACHABLE({
        message: `the SSH server ${address} did not answer in time`,
        cause: error,
      });
    case 'client-authentication':
      return errors.TUNNEL_AUTH_REFUSED({
        message: `the SSH server ${address} refused the user ${JSON.stringify(endpoint.user)} with the configured private key`,
        cause: error,
      });
    default:
      return errors.TUNNEL_HANDSHAKE_FAILED({
        message: `cannot agree with the SSH server ${address} on a connection: ${error.message}`,
        cause: error,
      });
  }
}

function socketSentence(error: ClientError, address: string): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return `nothing accepts connections at the SSH endpoint ${address}`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host name of the SSH endpoint ${address} does not resolve`;
    case 'ETIMEDOUT':
      return `the SSH endpoint ${address} did not answer in time`;
    default:
      return `the SSH endpoint ${address} cannot be reached: ${error.message}`;
  }
}

/** ADMINISTRATIVELY_PROHIBITED and UNKNOWN_CHANNEL_TYPE: asking again changes nothing. */
const REFUSALS: readonly unknown[] = [1, 3];

/** The server would not, or could not, open the connection (RFC 4254, section 5.1). */
export function forwardFailure(error: ChannelOpenError, endpoint: SshEndpoint, target: string): WeirError {
  const server = `the SSH server ${endpointAddress(endpoint)}`;
  const reason = error.message.replace('(SSH) Channel open failure: ', '');
  return REFUSALS.includes(error.reason)
    ? errors.TUNNEL_FORWARD_REFUSED({
        message: `${server} does not forward connections to ${target}: ${reason}`,
        cause: error,
      })
    : errors.TUNNEL_TARGET_UNREACHABLE({
        message: `${server} cannot connect to ${target}: ${reason}`,
        cause: error,
      });
}
