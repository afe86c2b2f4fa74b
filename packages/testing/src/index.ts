export { CertificateAuthority, serveTls } from './certificates.ts';
export type { CertifiedKey } from './certificates.ts';
export { checkReadmeTables } from './readme-tables.ts';
export { RotatingProvider, type RotatingProviderOptions, type Strictness } from './rotating-provider.ts';
export { matchSnapshot } from './snapshot.ts';
export { temporaryDirectory } from './temporary-directory.ts';
export type { TemporaryDirectory } from './temporary-directory.ts';
export {
  findPostgres,
  missingPostgres,
  PostgresServer,
  postgresVersions,
  startPostgres,
} from './postgres-server.ts';
export type { PostgresServerOptions, PostgresVersion } from './postgres-server.ts';
export {
  type CaptureCommit,
  captureCommits,
  captureSpecOf,
  loggedError,
  type TestBinding,
} from './capture-commits.ts';
export { commitUnflushed, holdLog } from './held-log.ts';
export { missingPgBouncer, startPgBouncer } from './pgbouncer.ts';
export { copyPostgres, startStandby, untilReplayed, untilTrue } from './postgres-standby.ts';
export {
  missingTransactionCounter,
  setTransactionCounter,
  spendTransactionIds,
} from './transaction-counter.ts';
export { captureSpecText } from './capture-spec-text.ts';
export { ConnectorDriver } from './connector-driver.ts';
export type { ConnectorDriverOptions, ConnectorExit, ConnectorLog } from './connector-driver.ts';
export { ConnectorHost } from './connector-host.ts';
export { generateSshKey, missingSshServer, SshServer, startSshServer, tunnelThrough } from './ssh-server.ts';
export type { SshServerOptions } from './ssh-server.ts';
export { missingMysql, mysqlFlavours, MysqlTestServer, startMysql } from './mysql-server.ts';
export type { MysqlFlavour, MysqlServerOptions } from './mysql-server.ts';
export * as randomPostgres from './random-postgres/index.ts';
export type { RandomValue } from './random-postgres/index.ts';
export { SeededRandom } from './seeded-random.ts';
export {
  fieldOf,
  sampleBindingSpec,
  sampleMaterialization,
  sampleProjection,
  sampleStore,
  textField,
} from './materialization-spec.ts';
export type { SampleBinding, SampleField, SampleStore } from './materialization-spec.ts';
export { CuttingProxy } from './cutting-proxy.ts';
export type { Cut, ProxiedProtocol } from './cutting-proxy.ts';
export { checkpointAt, commitAt, loadAll, storeAll, transact } from './transactions.ts';
export type { LoadOptions } from './transactions.ts';
export { foldOf, offsetOf, takeTransaction } from './counting-journal.ts';
export type { CountedRows } from './counting-journal.ts';
export { countedIn, eventsTable, ledgerTable, takeInSessions } from './ledger-tables.ts';
export { assertCutsAndKills, assertFight } from './sink-crashes.ts';
export type { CrashSeries, CrashSubject } from './sink-crashes.ts';
export { testSinkSessions } from './sink-sessions.ts';
export type { SinkSubject, SinkTable, WithSink } from './sink-sessions.ts';
export { SinkDriver } from './sink-driver.ts';
export type { LogLine } from './sink-driver.ts';
export { LedgerTask } from './ledger-process.ts';
export { assertDeathsAt, assertKillsAtAnyMoment } from './connector-kills.ts';
export type { KilledSubject } from './connector-kills.ts';
export { assertCutsOfApply } from './apply-cuts.ts';
export type { ApplySubject } from './apply-cuts.ts';
export { assertBounded, giant, takeGiantTransactions } from './giant-transaction.ts';
export type { GiantFigures, GiantTransaction } from './giant-transaction.ts';
export { checkNamedTests } from './named-tests.ts';
export { testTitles } from './test-titles.ts';
export { type ClearTextServer, signedAt, startClearTextServer } from './clear-text-server.ts';
export { skipForMount, smallDisk } from './small-disk.ts';
export type { SmallDisk } from './small-disk.ts';
export { endsWithProcess } from './ends-with-process.ts';
export { until } from './until.ts';
