export { cachedBinaries, cachedServerFolder, debianBinaries, embeddedBinaries } from './binaries.ts';
export { freePort } from './free-port.ts';
export { PostgresCluster, PostgresServerError } from './postgres-cluster.ts';
export type { ClusterOptions, StopMode } from './postgres-cluster.ts';
export { reachableDirectory, unprivilegedUser } from './unprivileged-user.ts';
export type { UnprivilegedUser } from './unprivileged-user.ts';
