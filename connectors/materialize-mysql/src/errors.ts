// Errors of the MySQL materialization.

import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  MYSQL_CONFIG_INVALID: {
    summary: 'A field of the endpoint configuration has a value that cannot work.',
    fix: 'Correct the field in the configuration.',
    retry: 'never',
  },
  MYSQL_UNREACHABLE: {
    summary: 'No MySQL or MariaDB server answered at the configured address.',
    fix: 'Check /address, and that a firewall lets this machine through.',
    retry: 'backoff',
  },
  MYSQL_AUTH_FAILED: {
    summary: 'The server refused the user name or the password.',
    fix: 'Check /user and /password, and from which hosts the account may connect.',
    retry: 'never',
  },
  MYSQL_DATABASE_NOT_FOUND: {
    summary: 'The configured database does not exist on the server, or the user may not use it.',
    fix: 'Check /database, and GRANT ALL PRIVILEGES ON the database to the user. If the rights come from a role, make it active for every session with SET DEFAULT ROLE.',
    retry: 'never',
  },
  MYSQL_TLS_FAILED: {
    summary: 'The encrypted connection could not be established as /advanced/sslmode demands.',
    fix: 'Check /advanced/sslmode, and that /advanced/ssl_server_ca holds the authority that signed the certificate of the server.',
    retry: 'never',
  },
  MYSQL_TOO_MANY_CONNECTIONS: {
    summary: 'The server has no connection left.',
    fix: 'Raise max_connections, or close connections of other clients.',
    retry: 'backoff',
  },
  MYSQL_PRODUCT_UNSUPPORTED: {
    summary: 'The server is neither MySQL nor MariaDB, or is older than this connector knows.',
    fix: 'Use MySQL 5.7 or later, or MariaDB 10.3 or later.',
    retry: 'never',
  },
  MYSQL_LOCAL_INFILE: {
    summary: 'The server does not allow LOAD DATA LOCAL, by which all rows are written.',
    fix: 'SET GLOBAL local_infile = ON; and put local_infile = ON into the configuration of the server (a parameter group in a cloud).',
    retry: 'never',
  },
  MYSQL_TIME_ZONE: {
    summary: 'The time zone in which the columns of dates and times are to be written is not known.',
    fix: "Set /timezone to a name such as Europe/Berlin or an offset such as +01:00, or run SET GLOBAL time_zone = '+00:00';",
    retry: 'never',
  },
  MYSQL_CONNECTION_LOST: {
    summary: 'The connection to the server broke. Nothing of the transaction was kept.',
    fix: 'The task starts again by itself. If this goes on, look at the log of the server.',
    retry: 'backoff',
  },
  MYSQL_COMMIT_UNKNOWN: {
    summary: 'The connection broke while a transaction was being committed.',
    fix: 'The task starts again by itself, and reads from the checkpoint in the database whether the transaction was kept.',
    retry: 'backoff',
  },
  MYSQL_LOCKED: {
    summary:
      'Another session kept rows or tables locked for too long, or both waited for each other. Nothing of the transaction was kept.',
    fix: 'The task starts again by itself. SHOW ENGINE INNODB STATUS; and SHOW FULL PROCESSLIST; name the other session.',
    retry: 'backoff',
  },
  MYSQL_READ_ONLY: {
    summary: 'The server is read-only: a replica, or one that is being switched over.',
    fix: 'Point /address at the writable server. The task starts again by itself.',
    retry: 'backoff',
  },
  MYSQL_DISK_FULL: {
    summary: 'The server has no room left. Nothing of the transaction was kept.',
    fix: 'Make room on the disk of the server, also for its temporary tables. The task starts again by itself.',
    retry: 'backoff',
  },
  MYSQL_DENIED: {
    summary: 'The user may not do what the connector has to do.',
    fix: 'GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, CREATE TEMPORARY TABLES ON the database to the user. Rights that come from a role count where SET DEFAULT ROLE makes it active.',
    retry: 'never',
  },
  MYSQL_TABLE_MISSING: {
    summary: 'A table of the task is not in the database any more.',
    fix: 'Restore the table, or increase the backfill counter of its binding: it is then made again and filled.',
    retry: 'never',
  },
  MYSQL_COLUMN_MISSING: {
    summary: 'A column of a table of the task is not there any more.',
    fix: 'Publish or start the task again, which adds the column; older rows have null in it until you backfill.',
    retry: 'never',
  },
  MYSQL_COLUMN_GENERATED: {
    summary: 'A column that the task writes is a generated one, which the server fills itself.',
    fix: 'Drop the generated column or give it another name.',
    retry: 'never',
  },
  MYSQL_TABLE_ENGINE: {
    summary: 'A table is kept by an engine without transactions, in which rows could not be taken back.',
    fix: 'ALTER TABLE … ENGINE = InnoDB;',
    retry: 'never',
  },
  MYSQL_VALUE_REFUSED: {
    summary: 'The server cannot keep a value as it is in the column that is there for it.',
    fix: 'The message names column and row. Correct the schema of the collection, or materialize the field with castToString.',
    retry: 'never',
  },
  MYSQL_UNIQUE_INDEX: {
    summary: 'A row has the same values as another one in a unique index that somebody added to the table.',
    fix: 'Drop the index or make it one that is not unique: documents of different keys may have the same values.',
    retry: 'never',
  },
  MYSQL_KEY_TOO_LONG: {
    summary: 'A key has more characters, or more fields of text, than an index of the server takes.',
    fix: 'An index takes 3072 bytes, and a character counts four. Give fields of the key a DDL such as VARCHAR(64), choose a shorter key with groupBy, or shorten the values.',
    retry: 'never',
  },
  MYSQL_KEY_WIDENED: {
    summary:
      'A key was longer than its column, which has been widened; the transaction that was open had to be given up for that.',
    fix: 'Nothing is lost: the task starts again by itself.',
    retry: 'now',
  },
  MYSQL_PACKET_TOO_LARGE: {
    summary: 'A document is larger than max_allowed_packet of the server.',
    fix: 'SET GLOBAL max_allowed_packet = 1073741824; and put it into the configuration of the server.',
    retry: 'never',
  },
  MYSQL_TABLE_NAME: {
    summary: 'A table name that the server cannot have or the connector keeps for itself.',
    fix: 'Choose another name of at most 64 characters.',
    retry: 'never',
  },
  MYSQL_FAILED: {
    summary: 'The server refused a statement.',
    fix: 'The message of the server says why.',
    retry: 'backoff',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
