// What went wrong when connecting, with what to do about it.

import { PgConnectionError, PgServerError, quoteIdentifier, serverAddress } from '@weir/pgwire';
import { splitAddress } from './address.ts';
import { hasPassword, type PostgresEndpoint } from './endpoint.ts';
import { errors } from './errors.ts';

export function connectError(error: unknown, endpoint: PostgresEndpoint): unknown {
  if (error instanceof PgServerError) return refusal(error, endpoint);
  if (!(error instanceof PgConnectionError)) return error;
  if (error.kind === 'aborted') return error.cause ?? error;
  const address = serverAddress(splitAddress(endpoint.address));
  const detail = { message: `cannot connect to ${address}: ${error.message}`, cause: error };
  if (error.kind === 'auth') return errors.PG_AUTH_FAILED(detail);
  if (error.kind !== 'tls') return errors.PG_UNREACHABLE(detail);
  return errors.PG_TLS_FAILED({
    ...detail,
    ...(isOfAnotherName(error.cause)
      ? { fix: 'Set /address to a name that is in the certificate, or /advanced/sslmode to verify-ca.' }
      : {}),
  });
}

/** The server answered, and said no. */
function refusal(error: PgServerError, endpoint: PostgresEndpoint): unknown {
  const { user, database = user } = endpoint;
  const address = serverAddress(splitAddress(endpoint.address));
  const detail = { message: `${address}: ${error.message}`, cause: error };
  switch (error.sqlstate) {
    case '28P01':
    case '28000':
      return loginRefused(error, endpoint, address);
    case '3D000':
      return errors.PG_DATABASE_NOT_FOUND({
        message: `${address} has no database ${JSON.stringify(database)}`,
        cause: error,
      });
    case '42501':
      return errors.PG_CONNECT_DENIED({
        message: `the user ${JSON.stringify(user)} may not connect to the database ${JSON.stringify(database)}`,
        fix: `Run: GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(user)};`,
        cause: error,
      });
    case '53300':
      return errors.PG_TOO_MANY_CONNECTIONS({ ...detail, ...limitFix(error, user, database) });
    case '08P01':
      return error.message.includes('startup parameter')
        ? errors.PG_POOLER(detail)
        : errors.PG_CONNECT_REFUSED(detail);
    case '57P01':
    case '57P02':
    case '57P03':
      return errors.PG_SERVER_UNAVAILABLE(detail);
    default:
      return errors.PG_CONNECT_REFUSED(detail);
  }
}

/**
 * The server has one SQLSTATE for four limits. Its messages may be translated; the names of settings and of the functions
 * that report are not.
 */
function limitFix(error: PgServerError, user: string, database: string): { readonly fix?: string } {
  const unlimited = 'CONNECTION LIMIT -1;';
  switch (error.fields.routine) {
    case 'InitializeSessionUserId':
      return {
        fix: `Run: ALTER ROLE ${quoteIdentifier(user)} ${unlimited} (or a larger limit), or close other connections of the user.`,
      };
    case 'CheckMyDatabase':
      return {
        fix: `Run: ALTER DATABASE ${quoteIdentifier(database)} ${unlimited} (or a larger limit), or close other connections to the database.`,
      };
    default:
      return error.message.includes('max_wal_senders')
        ? { fix: 'Raise max_wal_senders and restart the server, or stop a standby or another capture.' }
        : {};
  }
}

/** A token ends within the hour, and a new one may be taken; a password stays wrong. */
function loginRefused(error: PgServerError, endpoint: PostgresEndpoint, address: string): unknown {
  const user = JSON.stringify(endpoint.user);
  if (hasPassword(endpoint)) {
    return errors.PG_AUTH_FAILED({
      message: `${address} refused the user ${user}: ${error.message}`,
      cause: error,
    });
  }
  return errors.PG_TOKEN_REFUSED({
    message: `${address} refused the token for the user ${user}: ${error.message}`,
    cause: error,
  });
}

function isOfAnotherName(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_TLS_CERT_ALTNAME_INVALID';
}
