export { buildCapture, type BuildCaptureOptions, type BuiltCapture } from './build/build-capture.ts';
export { buildCollection } from './build/build-collection.ts';
export {
  buildMaterialization,
  type BuildMaterializationOptions,
  type BuiltMaterialization,
} from './build/build-materialization.ts';
export { startConnector, type BuildOptions, type TaskEndpoint } from './build/build-options.ts';
export { parseDuration } from './catalog/duration.ts';
export { loadCatalog, type Catalog } from './catalog/load-catalog.ts';
export type * from './catalog/model.ts';
export { openConfig, type OpenedConfig } from './catalog/open-config.ts';
export { formatPlace, type Place } from './catalog/place.ts';
export { displayName } from './catalog/source-file.ts';
export { normalizeName } from './discover/collection-name.ts';
export { discoverBindings, type Discovered } from './discover/discover-bindings.ts';
export {
  mergeDiscovered,
  type CollectionChanges,
  type DiscoverInput,
  type DiscoverResult,
} from './discover/merge-discovered.ts';
export {
  addMaterialization,
  type StarterBinding,
  starterCatalog,
  type StarterTask,
} from './discover/starter-catalog.ts';
export { changeConfig } from './discover/change-config.ts';
export { writeFiles } from './discover/write-files.ts';
export {
  builtInConnectors,
  builtInImage,
  type BuiltInImage,
  connectorNodeFlags,
  defaultConnectorFolders,
  resolveConnector,
  type ConnectorCommand,
  type ConnectorProtocol,
  type ConnectorSource,
  type ResolveOptions,
} from './connector/connector-command.ts';
export {
  ConnectorProcess,
  type ConnectorOptions,
  type RequestOf,
  type ResponseOf,
  type SpecResponseOf,
} from './connector/connector-process.ts';
export { logLevels, type LogLevel, type OpsLog } from './connector/ops-log.ts';
export type { ExitStatus } from './connector/failure.ts';
export { catalogue, errors } from './errors.ts';
export { type Clock, type Random, systemClock, systemRandom } from './host/clock.ts';
export { type Disk, systemDisk } from './host/disk.ts';
export { type SocketPair, socketPair } from './connector/socket-pair.ts';
export { HeadChannel, type MovedHead } from './journal/head-channel.ts';
export { type JournalBatch, JournalReader } from './journal/journal-reader.ts';
export { JournalWriter } from './journal/journal-writer.ts';
export { KeptConfigs } from './store/kept-configs.ts';
export { SqliteStore } from './store/sqlite-store.ts';
export { prepareStateFolder, stateFolder, type StateFolder } from './store/state-folder.ts';
export { type LockOwner, readLockOwner, StateLock } from './store/state-lock.ts';
export type * from './store/store.ts';
export { ByteRange } from './combine/byte-range.ts';
export type { CombineBinding, Reduction } from './combine/combine-binding.ts';
export type { Combined } from './combine/combined.ts';
export { Combiner, type CombinerOptions } from './combine/combiner.ts';
export { crashPoints, type CrashPoint } from './crash-points.ts';
export {
  type BuiltTask,
  supervise,
  type SupervisorEvent,
  type SupervisorOptions,
  type SupervisorResult,
  type TaskName,
} from './supervise/supervisor.ts';
export type { TaskError } from './supervise/task-thread.ts';
export { applyCapture, type CaptureTaskOptions, openCapture, runCapture } from './task/capture-task.ts';
export type { CaptureSessionEnd } from './task/capture-session.ts';
export type { CaptureConnection, Connect, Connection, MaterializeConnection } from './task/connection.ts';
export type { DocumentSource, SourceBatch } from './task/document-source.ts';
export {
  applyMaterialization,
  type MaterializeTaskOptions,
  openMaterialization,
  runMaterialization,
} from './task/materialize-task.ts';
export type { MaterializeSessionEnd } from './task/materialize-session.ts';
export {
  openEnvironment,
  type OpenEnvironment,
  type TaskEnvironment,
  type TaskEvent,
} from './task/task-environment.ts';
export { inferredSchemaOf } from './store/inferred-schema.ts';
export {
  type CollectionBatch,
  readCollection,
  type ReadCollectionOptions,
} from './supervise/read-collection.ts';
export { requestBackfill } from './supervise/request-backfill.ts';
export { type Reset, resetCollections, takeBackResets } from './supervise/reset-collections.ts';
export {
  type CollectionStatus,
  openStoreToRead,
  readStatus,
  type RuntimeStatus,
  type TaskStatus,
} from './supervise/status.ts';
export { buildTask, taskBuilder, type TaskBuildOptions } from './run/build-task.ts';
export { examineStateFolder, examineTask, type Finding } from './run/examine.ts';
export { didYouMean } from './catalog/did-you-mean.ts';
