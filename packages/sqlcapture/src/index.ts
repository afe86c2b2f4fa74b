export { backfillChangeFailures } from './backfill-required.ts';
export type { BindingVersion } from './backfill-required.ts';
export { activateTable, fallbackKeyError } from './activate.ts';
export { backfillModes, isBackfilling, isReplicated } from './backfill-mode.ts';
export type { BackfillMode, TableMode } from './backfill-mode.ts';
export { requireDistinctTables } from './binding.ts';
export type { SqlBinding } from './binding.ts';
export { crashPoints } from './crash-points.ts';
export type {
  ChangesEvent,
  CommitEvent,
  Database,
  KeepaliveEvent,
  KnownTable,
  Position,
  ReplicationEvent,
  ReplicationStream,
  RowSink,
  ByteList,
  ScanEnd,
  ScanRequest,
  StreamHealth,
  TableChangedEvent,
  TruncatedEvent,
  UnreadRows,
  WantedChanges,
} from './database.ts';
export { schemaAnchor, sourcedSchema, writeSchema } from './document-schema.ts';
export type { SchemaOptions } from './document-schema.ts';
export { CaptureEngine } from './engine.ts';
export { isReplaced, replacedError, replacePolicies, truncatePolicies } from './table-policies.ts';
export type { ReplacePolicy, TruncatePolicy } from './table-policies.ts';
export type { EngineOutput, EngineSettings, EngineSurroundings } from './engine-settings.ts';
export { catalogue, errors } from './errors.ts';
export {
  collectionKeyColumns,
  columnToPointer,
  FALLBACK_KEY,
  isFallbackKey,
  pointerToColumn,
} from './key-pointer.ts';
export { configuredKeyColumns } from './reconcile.ts';
export { backfillFilter, resourceStream, validateResource } from './resource.ts';
export type { ResourceConfig } from './resource.ts';
export { requireScanKey } from './scan-key.ts';
export { CaptureState } from './state.ts';
export type { TableMetadata, TableState } from './state.ts';
export { findStream, recommendedName, streamKey, streamLabel } from './stream-id.ts';
export type { StreamId } from './stream-id.ts';
export { collectionKey } from './table-info.ts';
export type { ByteOrder, CollectionKey, ColumnInfo, JsonSchema, TableInfo } from './table-info.ts';
export { compileTablePattern } from './table-pattern.ts';
export type { TablePattern } from './table-pattern.ts';
