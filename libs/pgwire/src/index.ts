export { connect } from './connect.ts';
export { type ConnectOptions, type SslMode, serverAddress } from './connect-options.ts';
export type { CopyInWriter } from './copy-in.ts';
export type { CopyChunk } from './copy-out.ts';
export { copyFieldEnd, readCopyTextRow, unescapeCopyText } from './copy-text.ts';
export { formatLsn, parseLsn } from './lsn.ts';
export { PgConnection } from './pg-connection.ts';
export {
  PgConnectionError,
  type PgConnectionErrorKind,
  PgServerError,
  type PgServerMessage,
} from './pg-errors.ts';
export { PgOutputDecoder } from './pgoutput/decoder.ts';
export type * from './pgoutput/messages.ts';
export { malformed, readDataRow, tupleKind, TupleView } from './pgoutput/tuple-view.ts';
export type { QueryChunk } from './query-stream.ts';
export { type QueryParameter, type QueryResult, rowObjects } from './query-result.ts';
export { quoteIdentifier, quoteLiteral, quoteQualified, quoteReplicationLiteral } from './quoting.ts';
export {
  pgoutputOptions,
  type ReplicationBatch,
  type ReplicationStart,
  type ReplicationStream,
  type StandbyStatus,
} from './replication-stream.ts';
export type { PgColumn } from './wire/backend-messages.ts';
