export { apiCapture } from './api/api-capture.ts';
export type { ApiRuntime } from './api/api-capture.ts';
export { isJsonObject } from '@weir/schema/json';
export type { JsonObject, JsonValue } from '@weir/schema/json';
export { defineApi, get } from './api/define-api.ts';
export type { ApiDefinition, Sites } from './api/define-api.ts';
export { explainApi } from './api/explain-api.ts';
export type { AuthContext, AuthKind, CredentialValues } from './auth/auth-kind.ts';
export { authorizationCode } from './auth/authorization-code.ts';
export type { AuthorizationCodeOptions, ProviderTokens } from './auth/authorization-code.ts';
export { apiKey, basic, bearer } from './auth/fixed.ts';
export { googleServiceAccount, jwtBearer, signedJwt } from './auth/jwt.ts';
export type { JwtAlgorithm, JwtClaims, JwtOptions } from './auth/jwt.ts';
export { clientCredentials, oauthToken, passwordGrant, refreshToken, sessionLogin } from './auth/token.ts';
export type { SessionLoginOptions, Token, TokenEndpoint } from './auth/token.ts';
export { documents } from './documents/document-batch.ts';
export { columnName, namedCells } from './documents/named-cells.ts';
export type { BatchOptions } from './documents/document-batch.ts';
export type { ApiBinding } from './engine/api-binding.ts';
export { runApiCapture } from './engine/engine.ts';
export type { ApiEngineOptions } from './engine/engine.ts';
export { backfillNeeded, deletions, nextPage, reached } from './engine/stream.ts';
export type {
  BackfillNeeded,
  Call,
  ChangeEvent,
  ChangesCall,
  ChangeStream,
  Cursor,
  Deletions,
  DocumentBatch,
  Feed,
  FeedStream,
  NextPage,
  Operation,
  PageCall,
  PageEvent,
  PagePosition,
  Parts,
  Reached,
  SnapshotStream,
  Stream,
  StreamOfChanges,
} from './engine/stream.ts';
export { catalogue, errors } from './errors.ts';
export { systemRandom } from './http/backoff.ts';
export type { Random } from './http/backoff.ts';
export { fixedCredentials } from './http/credentials.ts';
export type { Credentials, Secrets } from './http/credentials.ts';
export { HttpClient } from './http/http-client.ts';
export type { HttpAnswer, HttpClientOptions } from './http/http-client.ts';
export { atOnce, costBudget, movingWindow, RateLimiter, tokenBucket } from './http/rate-limit.ts';
export type { BudgetLeft, RateLimit } from './http/rate-limit.ts';
export type { AnswerMeaning, AnswerRule, ApiRequest, Query, RequestBody } from './http/request.ts';
export type { ResponseHeaders, Transport, TransportRequest, TransportResponse } from './http/transport.ts';
export { undiciTransport } from './http/undici-transport.ts';
export type { UndiciTransportOptions } from './http/undici-transport.ts';
export type { CsvOptions } from './records/csv-record-reader.ts';
export type { RecordPath } from './records/json-record-reader.ts';
export type { RecordBatch } from './records/record-buffer.ts';
export { readRecords } from './records/read-records.ts';
export type { RecordFormat } from './records/read-records.ts';
export { documentSchema } from './schema/document-schema.ts';
export type { DocumentSchemaOptions, FieldSchema, ReductionStrategy } from './schema/document-schema.ts';
export { completeSourcedSchema } from './schema/sourced-schema.ts';
export { parseCron } from './time/cron.ts';
export type { Cron } from './time/cron.ts';
export { isoDuration, isoDurationMs, spanMs, withoutCalendar } from './time/duration.ts';
export type { Span } from './time/duration.ts';
export { horizon, Instant } from './time/instant.ts';
export { serialDate, serialTime } from './time/serial-time.ts';
export { ofShown, zoneOffsetMs } from './time/zone.ts';
export { overlapping } from './paging/overlapping.ts';
export type { OverlappingOptions } from './paging/overlapping.ts';
export { afterLast, cursor, linkHeader, nextUrl, offset, pageNumber, singlePage } from './paging/paging.ts';
export type { ListPosition, PageSeen, Paging, Stability } from './paging/paging.ts';
export {
  changes,
  childChanges,
  children,
  descent,
  each,
  events,
  exports,
  feed,
  ofSites,
  parts,
  rawChanges,
  rawSnapshot,
  report,
  sequence,
  snapshot,
  token,
  walk,
} from './streams/define-stream.ts';
export type { ChildChangesOptions, ChildrenOptions, ListAbove, ListsBelow } from './streams/below-options.ts';
export type {
  ChangesOptions,
  DescentOptions,
  EventsOptions,
  ListByTime,
  ReportOptions,
  RowChange,
  SequenceOptions,
  TokenOptions,
  WalkOptions,
} from './streams/changes-options.ts';
export type {
  FeedOptions,
  PartDefinition,
  PartsOptions,
  SnapshotOptions,
  StreamDefinition,
} from './streams/definition.ts';
export type { ExportJob, ExportOptions } from './streams/export-options.ts';
export type {
  FixedList,
  Knob,
  Known,
  KnownPlace,
  KnownRow,
  KnownWindow,
  ListOptions,
} from './streams/list-options.ts';
export type { StreamContext, StreamOptions } from './streams/stream-options.ts';
export { selection } from './streams/connections-within.ts';
export type { ConnectionsWithin, ConnectionWithin, RowSelection } from './streams/connections-within.ts';
export { rowsBelow, rowsOf, rowsOfType } from './streams/row-selection.ts';
export {
  budgetAt,
  objectsAt,
  rootConnection,
  type RootConnection,
  type RootPages,
  rowCost,
  wholeConnection,
} from './streams/root-connection.ts';
export { connection, graphqlAnswers } from './streams/graphql.ts';
export type { ConnectionOptions } from './streams/graphql.ts';
export { configuredMs } from './streams/export-stream.ts';
export type { ListBelow, NestedRows } from './streams/row-tree.ts';
export { rowsSince } from './streams/descent-stream.ts';
export { asDocuments, readList } from './streams/list-reader.ts';
export { lookingBack } from './streams/looking-back.ts';
export type { LookingBackOptions } from './streams/looking-back.ts';
export { listedRecords } from './streams/listed-records.ts';
export { batchOf, recordsOf } from './streams/record-batches.ts';
export { rowSnapshot } from './streams/row-snapshot.ts';
export type { ReadRows, Rows, RowSnapshotOptions } from './streams/row-snapshot.ts';
export { idAbove } from './streams/row-above.ts';
export { twoLooks } from './streams/two-looks.ts';
export type { FoundRow, TwoLooksOptions } from './streams/two-looks.ts';
export { createdAt, occurredAt, updatedAt } from './streams/timestamp.ts';
export type { Timestamp, TimestampOptions } from './streams/timestamp.ts';
export * from './webhook/index.ts';
