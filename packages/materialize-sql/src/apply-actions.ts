// A plan as statements. What differs between databases is how a table is changed; the rest is the same for all.

import { plan, type PlanStep, selectedFields, type TableChanges } from '@weir/materialize';
import type { ExistingField, ExistingResource, InfoSchema, EndpointRules } from '@weir/materialize';
import type { MaterializationBindingSpec, MaterializationSpec } from '@weir/protocol';
import { checkpointsTable, checkpointsTableComment } from './checkpoints-table.ts';
import { tableComment } from './comments.ts';
import { createTable, type TableWords } from './create-table.ts';
import { type Dialect, migrationOf } from './dialect.ts';
import { type Column, type Table, tableOf } from './table.ts';

export interface ColumnMigration<Convert> {
  readonly column: Column<Convert>;
  readonly existing: ExistingField;
  /** The new value as SQL, from the quoted name of the column that holds the old one. */
  readonly cast: (column: string) => string;
}

/** Changes of one table that keep its rows. */
export interface TableAlteration<Convert> {
  readonly table: Table<Convert>;
  readonly existing: ExistingResource;
  /** Always nullable. */
  readonly add: readonly Column<Convert>[];
  readonly dropNotNull: readonly ExistingField[];
  readonly migrate: readonly ColumnMigration<Convert>[];
  /** From standard to delta updates: rows may have the same key from now on. */
  readonly newlyDelta: boolean;
}

/** How a database makes, changes and removes tables. */
export interface TableTemplates<Convert> {
  readonly words: TableWords;
  createNamespace(identifier: string): string;
  truncate(table: Table<Convert>): string;
  /** Statements that can be run again after any of them. Nothing for an alteration without changes. */
  alter(alteration: TableAlteration<Convert>): readonly string[];
}

/** What one step of a plan comes to. */
export interface ApplyAction {
  readonly resourcePath: readonly string[];
  readonly statements: readonly string[];
}

export interface ApplyOptions<Convert> {
  readonly dialect: Dialect<Convert>;
  readonly templates: TableTemplates<Convert>;
  readonly rules: EndpointRules;
  /** Where the checkpoints table is. */
  readonly checkpointsNamespaces: readonly string[];
  /** SQL that a user wants run after a table was made; '' for none. */
  readonly additionalSql: (binding: MaterializationBindingSpec, index: number) => string;
  readonly warn: (message: string) => void;
}

/** In the order in which they have to run; none at all when the destination is as the spec wants it. */
export function applyActions<Convert>(
  spec: MaterializationSpec,
  last: MaterializationSpec | undefined,
  info: InfoSchema,
  options: ApplyOptions<Convert>,
): ApplyAction[] {
  const { dialect, templates, checkpointsNamespaces } = options;
  const { namespaces, steps, warnings } = plan(spec, last, info, options.rules);
  for (const warning of warnings) options.warn(warning);
  const missing = [...checkpointsNamespaces.filter((name) => !info.hasNamespace(name)), ...namespaces];
  const checkpoints = checkpointsTable(dialect, checkpointsNamespaces);
  const setUp: ApplyAction[] = [...new Set(missing.map(dialect.serverName))].map((name) => ({
    resourcePath: [name],
    statements: [templates.createNamespace(dialect.quoteIdentifier(name))],
  }));
  if (info.resource(checkpoints.path) === undefined) {
    const statements = createTable(checkpoints, dialect, templates.words, checkpointsTableComment);
    setUp.push({ resourcePath: checkpoints.path, statements });
  }
  const actions = steps.map((step) => ({
    resourcePath: step.binding.resourcePath,
    statements: stepStatements(step, spec.name, info, options),
  }));
  return [...setUp, ...actions].filter(({ statements }) => statements.length > 0);
}

/** What an Apply answers. */
export function describeActions(actions: readonly ApplyAction[]): string {
  return actions.flatMap(({ statements }) => statements.map((statement) => `${statement};`)).join('\n');
}

function stepStatements<Convert>(
  step: PlanStep,
  task: string,
  info: InfoSchema,
  options: ApplyOptions<Convert>,
): readonly string[] {
  const { dialect, templates } = options;
  const table = tableOf(step.binding, dialect);
  const create = (): string[] => {
    const additional = options.additionalSql(step.binding, step.index).trim();
    const comment = tableComment(task, table.collection);
    return [
      ...createTable(table, dialect, templates.words, comment),
      ...(additional === '' ? [] : [additional]),
    ];
  };
  switch (step.kind) {
    case 'create':
      return create();
    case 'replace':
      return [`DROP TABLE ${table.identifier}`, ...create()];
    case 'truncate':
      return [templates.truncate(table), ...alter(table, step, info, options)];
    case 'update':
      return alter(table, step, info, options);
  }
}

function alter<Convert>(
  table: Table<Convert>,
  { changes, existing, binding }: Extract<PlanStep, { readonly changes: TableChanges }>,
  info: InfoSchema,
  { dialect, templates }: ApplyOptions<Convert>,
): readonly string[] {
  const columnOf = (field: string): Column<Convert> => {
    const found = table.columns.find((column) => column.field === field);
    if (found === undefined)
      throw new TypeError(`${field} is not among ${selectedFields(binding).join(', ')}`);
    return found;
  };
  return templates.alter({
    table,
    existing: info.resource(binding.resourcePath) ?? existing,
    add: changes.addFields.map(({ field }) => columnOf(field)),
    dropNotNull: changes.dropNotNull,
    migrate: changes.migrate.map(({ projection, existing: from }) => {
      const column = columnOf(projection.field);
      const migration = migrationOf(dialect, from, column.type);
      const cast = (name: string): string => migration?.cast(name, column.type.ddl) ?? name;
      return { column, existing: from, cast };
    }),
    newlyDelta: changes.newlyDelta,
  });
}
