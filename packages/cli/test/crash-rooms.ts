// Where the crash points of each package are armed.

/** The packages that a row passes on its way from PostgreSQL to SQLite: crash-points.crash.test.ts goes through theirs. */
export const pipelineRooms: ReadonlySet<string> = new Set([
  'runtime',
  'capture',
  'sqlcapture',
  'materialize',
  'materialize-sqlite',
]);

/** Packages off that way → the test that goes through their list. */
export const otherRooms: Readonly<Record<string, string>> = {
  'materialize-mysql': 'connectors/materialize-mysql/src/sink.crash.test.ts',
  sqlbatch: 'connectors/source-postgres-batch/src/capture.crash.test.ts',
  'materialize-postgres': 'connectors/materialize-postgres/src/sink.crash.test.ts',
};

/** Lists that no test goes through yet, each with what has to come first. */
export const openRooms: Readonly<Record<string, string>> = {};
