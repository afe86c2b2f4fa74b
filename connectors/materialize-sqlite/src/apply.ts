// Makes the file's tables fit the spec: the plan's steps in one transaction, so that an apply happens or does not.

import { crashPoint } from '@weir/crash-point';
import {
  type ApplyResult,
  type ApplyTarget,
  type MaterializationBinding,
  plan,
  type PlanStep,
  type TableChanges,
} from '@weir/materialize';
import { tableOf } from '@weir/materialize-sql';
import type { DatabaseSync } from 'node:sqlite';
import type { EndpointConfig, ResourceConfig } from './config.ts';
import type { SqliteCrashPoint } from './crash-points.ts';
import { explained, inTransaction, openDatabase } from './database.ts';
import { sqlite } from './dialect.ts';
import { createCheckpointsTable } from './fence.ts';
import { readInfoSchema } from './info-schema.ts';
import { rebuildTable } from './rebuild-table.ts';
import { addColumn, createTable } from './table-sql.ts';
import { rules } from './validate.ts';

const crash: (point: SqliteCrashPoint) => void = crashPoint;

/** Changes that keep the rows. Returns what was done, a line each. */
function change(
  database: DatabaseSync,
  binding: Pick<
    MaterializationBinding<unknown>,
    'resourcePath' | 'collection' | 'fieldSelection' | 'deltaUpdates'
  >,
  changes: TableChanges,
): string[] {
  const table = tableOf(binding, sqlite);
  const [tableName = ''] = binding.resourcePath;
  const { columns } = table;
  const added = columns.filter(({ field }) =>
    changes.addFields.some((projection) => projection.field === field),
  );
  const statements = added.map((column) => addColumn(table, column));
  for (const statement of statements) database.exec(statement);

  const nullable = new Set(changes.dropNotNull.map(({ name }) => name));
  const types = new Map(
    changes.migrate.map(({ projection, existing }) => {
      const column = columns.find(({ field }) => field === projection.field);
      return [existing.name, column?.type.ddl ?? existing.type];
    }),
  );
  if (nullable.size > 0 || types.size > 0 || changes.newlyDelta) {
    rebuildTable(database, tableName, { nullable, types, dropPrimaryKey: changes.newlyDelta });
  }
  const described = [
    ...[...nullable].map((name) => `drop NOT NULL of ${sqlite.quoteIdentifier(name)} in ${table.identifier}`),
    ...[...types].map(
      ([name, type]) => `change ${sqlite.quoteIdentifier(name)} of ${table.identifier} to ${type}`,
    ),
    ...(changes.newlyDelta ? [`drop the primary key of ${table.identifier}`] : []),
  ];
  return [...statements, ...described];
}

function runStep(database: DatabaseSync, step: PlanStep): string[] {
  const table = tableOf(step.binding, sqlite);
  const create = createTable(table);
  crash('materialize-sqlite.applying');
  switch (step.kind) {
    case 'create':
      database.exec(create);
      return [create];
    case 'replace': {
      const drop = `DROP TABLE ${table.identifier}`;
      database.exec(`${drop}; ${create}`);
      return [drop, create];
    }
    case 'truncate': {
      const truncate = `DELETE FROM ${table.identifier}`;
      database.exec(truncate);
      return [truncate, ...change(database, step.binding, step.changes)];
    }
    case 'update':
      return change(database, step.binding, step.changes);
  }
}

export async function apply(
  config: EndpointConfig,
  { spec, last }: ApplyTarget<ResourceConfig>,
  warn: (message: string) => void,
): Promise<ApplyResult> {
  using database = openDatabase(config.path);
  return explained(config.path, () =>
    inTransaction(database, () => {
      database.exec(createCheckpointsTable);
      const { steps, warnings } = plan(spec, last, readInfoSchema(database), rules);
      for (const warning of warnings) warn(warning);
      const done = steps.flatMap((step) => runStep(database, step));
      return { actionDescription: done.join('\n') };
    }),
  );
}
