export { documents } from './documents/document-batch.ts';
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
} from './engine/stream.ts';
export { catalogue, errors } from './errors.ts';
export { documentSchema } from './schema/document-schema.ts';
export type { DocumentSchemaOptions, FieldSchema, ReductionStrategy } from './schema/document-schema.ts';
export { completeSourcedSchema } from './schema/sourced-schema.ts';
export { parseCron } from './time/cron.ts';
export type { Cron } from './time/cron.ts';
export { isoDuration, isoDurationMs, spanMs } from './time/duration.ts';
export type { Span } from './time/duration.ts';
export { horizon, Instant } from './time/instant.ts';
