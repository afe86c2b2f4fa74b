// Errors of the PostgreSQL capture.

import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  PG_CONFIG_INVALID: {
    summary: 'A field of the endpoint configuration has a value that cannot work.',
    fix: 'Correct the field in the configuration.',
    retry: 'never',
  },
  PG_AUTH_FAILED: {
    summary: 'The server refused the user name, the password or the connection by its access rules.',
    fix: 'Check /user and /credentials/password, and the pg_hba.conf of the server.',
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
  PG_TLS_FAILED: {
    summary: 'The encrypted connection could not be established as /advanced/sslmode demands.',
    fix: 'Check /advanced/sslmode, and that /advanced/ssl_server_ca holds the authority that signed the certificate of the server.',
    retry: 'never',
  },
  PG_TOO_MANY_CONNECTIONS: {
    summary: 'The server has no connection left.',
    fix: 'Raise max_connections, or close connections of other clients.',
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
  PG_VERSION: {
    summary: 'The server is older than PostgreSQL 10.',
    fix: 'Upgrade the server.',
    retry: 'never',
  },
  PG_WAL_LEVEL: {
    summary: 'Logical replication is not enabled on the server.',
    fix: 'ALTER SYSTEM SET wal_level = logical; then restart the server.',
    retry: 'never',
  },
  PG_ROLE: {
    summary: 'The user may not replicate.',
    fix: 'ALTER ROLE … WITH REPLICATION;',
    retry: 'never',
  },
  PG_SLOT_ELSEWHERE: {
    summary:
      'A replication slot of the configured name belongs to another database, or is not one of pgoutput.',
    fix: 'Choose another /advanced/slotName, or drop the slot.',
    retry: 'never',
  },
  PG_PUBLICATION: {
    summary: 'The publication does not exist and could not be created.',
    fix: 'CREATE PUBLICATION flow_publication WITH (publish_via_partition_root = true);',
    retry: 'never',
  },
  PG_PUBLICATION_INCOMPLETE: {
    summary: 'The publication leaves out kinds of changes.',
    fix: "ALTER PUBLICATION flow_publication SET (publish = 'insert, update, delete, truncate');",
    retry: 'never',
  },
  PG_TABLE_UNPUBLISHED: {
    summary: 'A bound table is not in the publication and could not be added.',
    fix: 'ALTER PUBLICATION flow_publication ADD TABLE …;',
    retry: 'never',
  },
  PG_TABLE_UNREADABLE: {
    summary: 'A bound table does not exist or may not be read.',
    fix: 'GRANT SELECT ON … TO …;',
    retry: 'never',
  },
  PG_ROW_SECURITY: {
    summary: 'Row security hides rows of a bound table from the user.',
    fix: 'ALTER ROLE … BYPASSRLS;',
    retry: 'never',
  },
  PG_FILTER_INVALID: {
    summary: 'The additional backfill filter of a binding is not a condition that the server takes.',
    fix: 'Correct /advanced/additional_backfill_filter of the binding.',
    retry: 'never',
  },
  PG_KEY_COLUMN_MISSING: {
    summary: 'A column of the key of a collection is gone from its table.',
    fix: 'Discover the table again and increment the backfill counter of its binding.',
    retry: 'never',
  },
  PG_REPLICA_IDENTITY: {
    summary: 'Deletes of a bound table do not carry the key of its collection.',
    fix: 'ALTER TABLE … REPLICA IDENTITY FULL;',
    retry: 'never',
  },
  PG_SLOT_MISSING: {
    summary: 'The replication slot is gone while the capture still needs it, so changes were lost.',
    fix: 'Increment the backfill counter of every binding: the slot is created again and the tables are read anew.',
    retry: 'never',
  },
  PG_SLOT_LOST: {
    summary: 'The server has removed log that the replication slot needed.',
    fix: 'Raise max_slot_wal_keep_size, then increment the backfill counter of every binding.',
    retry: 'never',
  },
  PG_SLOT_ACTIVE: {
    summary: 'Another process is reading the replication slot.',
    fix: 'Stop the other process, or choose another /advanced/slotName.',
    retry: 'backoff',
  },
  PG_SLOT_RECREATED: {
    summary: 'The replication slot begins after the position of the capture, so changes were lost.',
    fix: 'Increment the backfill counter of every binding.',
    retry: 'never',
  },
  PG_SLOT_CREATE_FAILED: {
    summary: 'The replication slot could not be created.',
    fix: 'Look at max_replication_slots and at the message of the server.',
    retry: 'backoff',
  },
  PG_OTHER_CLUSTER: {
    summary:
      'The server is not the one the capture has been reading: its system identifier or timeline differs.',
    fix: 'Increment the backfill counter of every binding, or connect to the server of before.',
    retry: 'never',
  },
  PG_POSITION_AHEAD: {
    summary: 'The position of the capture lies past the end of the log of the server.',
    fix: 'The server was restored from an older copy: increment the backfill counter of every binding.',
    retry: 'never',
  },
  PG_STATE_CURSOR: {
    summary: 'The stored position is not a position of a PostgreSQL log.',
    fix: 'Increment the backfill counter of every binding.',
    retry: 'never',
  },
  PG_SNAPSHOT_BEHIND: {
    summary:
      'A committed transaction stayed invisible to queries for too long, so a chunk could not be read safely.',
    fix: 'Look for a synchronous standby that does not answer: SELECT * FROM pg_stat_replication;',
    retry: 'backoff',
  },
  PG_STREAM_SILENT: {
    summary: 'The server has sent nothing on the replication connection for 15 minutes.',
    fix: 'The task starts again by itself. If this goes on, look at the network between this machine and the server.',
    retry: 'backoff',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
