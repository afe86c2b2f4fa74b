// Opens a session: looks at the tables, installs the fence.

import { crashPoint } from '@weir/crash-point';
import type { MaterializeSession } from '@weir/materialize';
import { checkpointsTable, tableOf } from '@weir/materialize-sql';
import { hasUniqueKey } from './column-meta.ts';
import { type EndpointConfig, endpointSchema, type ResourceConfig } from './config.ts';
import { type LockPatience, standardPatience } from './connection.ts';
import type { PostgresCrashPoint } from './crash-points.ts';
import { endpointSetup } from './endpoint-setup.ts';
import { errors } from './errors.ts';
import { FenceTable } from './fence.ts';
import { HiddenRowGuard } from './hidden-row-guard.ts';
import { readInfoSchema } from './info-schema.ts';
import { openServer } from './server.ts';
import { refuseSharedSessions } from './pooler.ts';
import { serverName } from './names.ts';
import { PostgresTransactor } from './transactor.ts';

const crash: (point: PostgresCrashPoint) => void = crashPoint;

export async function open(
  session: MaterializeSession<EndpointConfig, ResourceConfig>,
  patience: LockPatience = standardPatience,
): Promise<PostgresTransactor> {
  const { config, bindings, taskName, log } = session;
  const { dialect, options } = endpointSetup(config);
  await using resources = new AsyncDisposableStack();
  const server = resources.use(await openServer(config, session, patience));
  await using connection = await server.connect();
  await refuseSharedSessions(connection, server.connect);
  const checkpoints = checkpointsTable(dialect, [endpointSchema(config)]);
  const paths = bindings.map(({ resourcePath }) => resourcePath);
  const info = await readInfoSchema(connection, paths, endpointSchema(config), dialect);
  const targets = bindings.map((binding, index) => {
    const table = tableOf(binding, dialect);
    const existing = info.resource(table.path);
    if (existing === undefined) throw missingTable(taskName, table.identifier);
    const keys = table.keys.map(({ field }) => serverName(field));
    return { index, table, hasUniqueKey: hasUniqueKey(existing, keys) };
  });
  if (info.resource(checkpoints.path) === undefined) throw missingTable(taskName, checkpoints.identifier);
  const guard = new HiddenRowGuard(targets, config.hardDelete);
  await guard.refuse(connection);
  const fenceTable = new FenceTable(checkpoints.identifier, taskName);
  const fence = await fenceTable.install(connection, session.range);
  crash('materialize-postgres.fence-installed');
  const disableLoadOptimization = options.allowExistingTables || options.retainExistingData;
  return new PostgresTransactor({
    resources: resources.move(),
    connect: server.connect,
    targets,
    guard,
    fenceTable,
    fence,
    hardDelete: config.hardDelete,
    disableLoadOptimization,
    log,
    lockReportMs: patience.reportMs,
  });
}

function missingTable(task: string, identifier: string): Error {
  return errors.PG_TABLE_MISSING({ message: `The database has no table ${identifier}, which ${task} made.` });
}
