// Compiles the plan of a table's documents: for its changes, over the columns that the stream has, and for its existing
// rows, over the columns that discovery found. Both go by the same types and the same settings.

import type { Logger } from '@weir/connector';
import { type PgOutputChange, type PgOutputRelation, tupleKind } from '@weir/pgwire';
import { collectionKeyColumns } from '@weir/sqlcapture';
import type { SourceSettings } from '../config.ts';
import type { BoundRelations } from '../discovery/bound-relations.ts';
import { identityError, keylessChangeError } from '../replica-identity.ts';
import { RowPlan } from './row-plan.ts';
import { META, metaColumnMessage, type RowTable } from './row-table.ts';
import { SnapshotPlan, snapshotColumns } from './snapshot-plan.ts';

type Layout = Pick<RowTable, 'schema' | 'table' | 'columns' | 'omitted' | 'keyColumns'>;

export class TablePlans {
  readonly #relations: BoundRelations;
  readonly #settings: SourceSettings;
  readonly #log: Pick<Logger, 'warn'>;
  /** Tables whose column of that name was told. */
  readonly #withMeta = new Set<number>();

  constructor(relations: BoundRelations, settings: SourceSettings, log: Pick<Logger, 'warn'>) {
    this.#relations = relations;
    this.#settings = settings;
    this.#log = log;
  }

  /** Throws when updates and deletes of the table would not tell the key of its collection. */
  ofChanges(table: number, relation: PgOutputRelation, keyColumns: readonly string[]): RowPlan {
    this.#checkIdentity(table, relation);
    const generated = this.#relations.known(table)?.columns.filter((column) => column.generated) ?? [];
    const layout = {
      schema: relation.schema,
      table: relation.name,
      columns: relation.columns,
      omitted: new Set(generated.map((column) => column.name)),
      keyColumns,
    };
    return new RowPlan(this.#rowTable(table, layout), this.#relations.types);
  }

  /** Of rows that are read with the plan's columns. */
  ofRows(table: number, keyColumns: readonly string[]): SnapshotPlan {
    const { namespace: schema, name, columns } = this.#relations.existing(table);
    const layout = {
      schema,
      table: name,
      columns: snapshotColumns(columns.filter((column) => !column.generated)),
      omitted: new Set<string>(),
      keyColumns,
    };
    return new SnapshotPlan(this.#rowTable(table, layout), this.#relations.types);
  }

  /** It may have changed since the start. A table without any refuses updates and deletes by itself. */
  #checkIdentity(table: number, relation: PgOutputRelation): void {
    const identity = relation.columns.filter(({ isKey }) => isKey).map(({ name }) => name);
    if (this.#isUnchecked || relation.replicaIdentity === 'f' || identity.length === 0) return;
    const key = collectionKeyColumns(this.#relations.binding(table).collectionKey);
    const missing = key.filter((column) => !identity.includes(column));
    if (missing.length > 0) throw identityError({ namespace: relation.schema, name: relation.name }, missing);
  }

  /** Throws when the old row of a change, of which the server sent the identity only, lacks the key of the collection. */
  checkOldKey({ relation, oldTuple }: PgOutputChange, plan: RowPlan): void {
    if (this.#isUnchecked) return;
    const missing = plan.collectionKey.filter((column) => oldTuple.kinds[column] !== tupleKind.text);
    if (missing.length === 0) return;
    throw keylessChangeError(
      { namespace: relation.schema, name: relation.name },
      missing.map((column) => relation.columns[column]?.name ?? ''),
    );
  }

  get #isUnchecked(): boolean {
    const { flags } = this.#settings;
    return flags.skip_prerequisites || flags.skip_table_prerequisites;
  }

  #rowTable(table: number, layout: Layout): RowTable {
    const binding = this.#relations.binding(table);
    this.#warnOfMeta(table, layout);
    return {
      ...layout,
      collectionKey: collectionKeyColumns(binding.collectionKey),
      wantsTransactionId: binding.wantsTransactionId,
      sourceTag: this.#settings.sourceTag,
      style: this.#settings.style,
    };
  }

  /** Such a table is not discovered; the column may have come later, or the table was bound by hand. */
  #warnOfMeta(table: number, { schema, table: name, columns }: Layout): void {
    if (this.#withMeta.has(table) || !columns.some((column) => column.name === META)) return;
    this.#withMeta.add(table);
    this.#log.warn(metaColumnMessage({ namespace: schema, name }), { eventType: 'metaColumn' });
  }
}
