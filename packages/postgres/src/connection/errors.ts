// Errors of reaching a PostgreSQL server, the same in every connector of one.

import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  PG_CONFIG_INVALID: {
    summary: 'A field of the endpoint configuration has a value that cannot work.',
    fix: 'Correct the field in the configuration.',
    retry: 'never',
  },
  PG_AUTH_FAILED: {
    summary: 'The server refused the user name, the password or the connection by its access rules.',
    fix: 'Check /user and the password, and the pg_hba.conf of the server.',
    retry: 'never',
  },
  PG_TOKEN_REFUSED: {
    summary: 'The server refused the token of the cloud identity.',
    fix: 'Check that the user of the database belongs to the identity (rds_iam, a Cloud SQL IAM user, an Entra principal). A token that Flow handed over ends after an hour; the task then starts again with a new one.',
    retry: 'backoff',
  },
  PG_DATABASE_NOT_FOUND: {
    summary: 'The configured database does not exist on the server.',
    fix: 'Check /database.',
    retry: 'never',
  },
  PG_CONNECT_DENIED: {
    summary: 'The user may not connect to the database.',
    fix: 'Grant CONNECT on the database to the user.',
    retry: 'never',
  },
  PG_UNREACHABLE: {
    summary: 'No PostgreSQL server answered at the configured address.',
    fix: 'Check /address, and that a firewall lets this machine through.',
    retry: 'backoff',
  },
  PG_CONNECT_REFUSED: {
    summary: 'The server refused the connection for a reason of its own.',
    fix: 'The message of the server says why; its log may say more.',
    retry: 'backoff',
  },
  PG_POOLER: {
    summary:
      'A connection pooler answered that does not keep, or does not pass on, what a session of the server has.',
    fix: 'Set /address to the server itself: a pooler has another host name or port, such as 6432 or 6543.',
    retry: 'never',
  },
  PG_TLS_FAILED: {
    summary: 'The encrypted connection could not be established as /advanced/sslmode demands.',
    fix: 'Check /advanced/sslmode, and that /advanced/ssl_server_ca holds the authority that signed the certificate of the server.',
    retry: 'never',
  },
  PG_TOO_MANY_CONNECTIONS: {
    summary: 'The server, or a limit of the user or of the database, has no connection left.',
    fix: 'Raise max_connections and restart the server, or close connections of other clients.',
    retry: 'backoff',
  },
  PG_SERVER_UNAVAILABLE: {
    summary: 'The server is starting up, shutting down or recovering.',
    fix: 'Wait; the task starts again by itself.',
    retry: 'backoff',
  },
  PG_CONNECTION_LOST: {
    summary: 'The connection to the server broke.',
    fix: 'The task starts again by itself. If this goes on, look at the log of the server.',
    retry: 'backoff',
  },
  PG_QUERY_FAILED: {
    summary: 'The server refused a query.',
    fix: 'The message of the server says why.',
    retry: 'backoff',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
