// Opens a session: looks at the tables, installs the fence.

import { crashPoint } from '@weir/crash-point';
import type { MaterializeSession } from '@weir/materialize';
import type { PgConnection } from '@weir/pgwire';
import { checkpointsTable, type FieldWriter, type Table, tableOf } from '@weir/materialize-sql';
import { tableMeta } from './column-meta.ts';
import { type EndpointConfig, endpointSchema, type ResourceConfig } from './config.ts';
import { type LockPatience, standardPatience } from './connection.ts';
import type { PostgresCrashPoint } from './crash-points.ts';
import { endpointSetup } from './endpoint-setup.ts';
import { errors } from './errors.ts';
import { FenceTable } from './fence.ts';
import { readInfoSchema } from './info-schema.ts';
import { hiddenRows, rowsHidden } from './row-security.ts';
import { openServer } from './server.ts';
import { refuseSharedSessions } from './pooler.ts';
import { serverName } from './names.ts';
import type { StoreTarget } from './table-writer.ts';
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
    const uniqueKeys = tableMeta(existing)?.uniqueKeys ?? [];
    return { index, table, hasUniqueKey: uniqueKeys.some((names) => isKeyOf(table, names)) };
  });
  if (info.resource(checkpoints.path) === undefined) throw missingTable(taskName, checkpoints.identifier);
  await refuseHiddenRows(connection, targets, config.hardDelete);
  const fenceTable = new FenceTable(checkpoints.identifier, taskName);
  const fence = await fenceTable.install(connection, session.range);
  crash('materialize-postgres.fence-installed');
  const disableLoadOptimization = options.allowExistingTables || options.retainExistingData;
  return new PostgresTransactor({
    resources: resources.move(),
    connect: server.connect,
    targets,
    fenceTable,
    fence,
    hardDelete: config.hardDelete,
    disableLoadOptimization,
    log,
    lockReportMs: patience.reportMs,
  });
}

/** A row that is hidden is not removed; and without a unique index, it is not replaced but stays beside the new one. */
async function refuseHiddenRows(
  connection: PgConnection,
  targets: readonly StoreTarget[],
  hardDelete: boolean,
): Promise<void> {
  const merged = targets.filter(
    ({ table, hasUniqueKey }) => !table.deltaUpdates && (hardDelete || !hasUniqueKey),
  );
  const hidden = await hiddenRows(
    connection,
    merged.map(({ table }) => table.identifier),
  );
  for (const [index, { table, hasUniqueKey }] of merged.entries()) {
    if (hardDelete && hidden[index]?.fromDelete === true)
      throw rowsHidden(table.identifier, 'a row whose document is deleted would stay');
    if (!hasUniqueKey && hidden[index]?.fromUpdate === true)
      throw rowsHidden(
        table.identifier,
        'without a unique index over the key, a row that has to be changed would stay beside its new form',
      );
  }
}

function isKeyOf({ keys }: Table<FieldWriter>, names: readonly string[]): boolean {
  const columns = keys.map(({ field }) => serverName(field));
  return columns.length === names.length && columns.every((column) => names.includes(column));
}

function missingTable(task: string, identifier: string): Error {
  return errors.PG_TABLE_MISSING({ message: `The database has no table ${identifier}, which ${task} made.` });
}
