// Errors of the PostgreSQL server, as a batch capture meets them.

import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  PGBATCH_CONFIG_INVALID: {
    summary: 'A field of the endpoint configuration has a value that cannot work.',
    fix: 'Correct the field in the configuration.',
    retry: 'never',
  },
  PGBATCH_LOGIN_REFUSED: {
    summary: 'The server refused the user, the password, the database or the connection by its access rules.',
    fix: 'Check /user, /password and /database, and the pg_hba.conf of the server.',
    retry: 'never',
  },
  PGBATCH_TLS_FAILED: {
    summary: 'The encrypted connection could not be established as /advanced/sslmode demands.',
    fix: 'Check /advanced/sslmode and the certificate of the server.',
    retry: 'never',
  },
  PGBATCH_UNREACHABLE: {
    summary: 'No PostgreSQL server answered at the configured address, or it takes no connections now.',
    fix: 'Check /address, and that a firewall lets this machine through. The task goes on by itself when it can.',
    retry: 'backoff',
  },
  PGBATCH_CONNECTION_LOST: {
    summary: 'The connection to the server broke.',
    fix: 'The task starts again by itself. If this goes on, look at the log of the server.',
    retry: 'backoff',
  },
  PGBATCH_QUERY_FAILED: {
    summary: 'The server refused a query.',
    fix: 'The message of the server says why.',
    retry: 'backoff',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
