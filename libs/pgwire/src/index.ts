export { connect } from './connect.ts';
export { type ConnectOptions, type SslMode, serverAddress, sslModes } from './connect-options.ts';
export { formatLsn, parseLsn } from './lsn.ts';
export { PgConnection } from './pg-connection.ts';
export {
  PgConnectionError,
  type PgConnectionErrorKind,
  PgServerError,
  type PgServerMessage,
} from './pg-errors.ts';
export { type QueryParameter, type QueryResult, rowObjects } from './query-result.ts';
export { quoteIdentifier, quoteLiteral, quoteQualified, quoteReplicationLiteral } from './quoting.ts';
export type { PgColumn } from './wire/backend-messages.ts';
