// What the catalogues say of the bound tables, as last discovered, and the types of their columns. The stream speaks of
// relations by their ids, the engine of bindings by their numbers: here one is told by the other.

import type { PgOutputRelation } from '@weir/pgwire';
import { type PgType, type SqlSession, TypeCatalog, type ValueStyle } from '@weir/postgres';
import {
  findStream,
  resourceStream,
  type SqlBinding,
  type StreamId,
  streamKey,
  streamLabel,
  type TableInfo,
} from '@weir/sqlcapture';
import { errors } from '../errors.ts';
import { type PgRelationInfo, readRelations } from './relations.ts';
import { loadTypes, tableInfo } from './table-info.ts';

export class BoundRelations {
  readonly types = new TypeCatalog();
  readonly #sql: SqlSession;
  readonly #asPartitions: boolean;
  readonly #style: ValueStyle;
  #bindings: readonly SqlBinding[] = [];
  #relations = new Map<string, PgRelationInfo>();

  constructor(sql: SqlSession, asPartitions: boolean, style: ValueStyle) {
    this.#sql = sql;
    this.#asPartitions = asPartitions;
    this.#style = style;
  }

  /** From here on tables are numbered by their place in this list. */
  bind(bindings: readonly SqlBinding[]): void {
    this.#bindings = bindings;
  }

  async discover(streams: readonly StreamId[]): Promise<readonly TableInfo[]> {
    const relations = await readRelations(this.#sql, { streams, asPartitions: this.#asPartitions });
    await loadTypes(
      this.#sql,
      this.types,
      relations.flatMap((relation) => relation.columns.map((column) => column.typeOid)),
    );
    this.#relations = new Map(relations.map((relation) => [streamKey(relation), relation]));
    return relations.map((relation) => tableInfo(relation, this.types, this.#style));
  }

  binding(table: number): SqlBinding {
    const binding = this.#bindings[table];
    if (binding === undefined) throw new Error(`no binding ${table}`);
    return binding;
  }

  /** Undefined of a table that does not exist. */
  known(table: number): PgRelationInfo | undefined {
    return findStream(this.#relations.values(), resourceStream(this.binding(table).resource));
  }

  /** Throws PG_TABLE_UNREADABLE. */
  existing(table: number): PgRelationInfo {
    const relation = this.known(table);
    if (relation !== undefined) return relation;
    const label = streamLabel(resourceStream(this.binding(table).resource));
    throw errors.PG_TABLE_UNREADABLE({ message: `the table ${label} is gone` });
  }

  columnTypes(relation: PgRelationInfo, names: readonly string[]): readonly PgType[] {
    return names.map((name) => {
      const column = relation.columns.find((candidate) => candidate.name === name);
      return this.types.get(column?.typeOid ?? 0);
    });
  }

  /** The bound table that the relation of the stream is, whatever its mode; by identity, else by name. */
  tableOf(relation: PgOutputRelation): number | undefined {
    for (const table of this.#bindings.keys()) if (this.known(table)?.oid === relation.id) return table;
    const wanted = { namespace: relation.schema, name: relation.name };
    const found = findStream(
      this.#bindings.map((binding, table) => ({ ...resourceStream(binding.resource), table })),
      wanted,
    );
    return found?.table;
  }

  hasTypesOf(relation: PgOutputRelation): boolean {
    return relation.columns.every((column) => this.types.has(column.typeOid));
  }

  /** A type that is gone by now stays unknown, and its values text. */
  loadTypesOf(relation: PgOutputRelation): Promise<void> {
    const oids = relation.columns.map((column) => column.typeOid);
    return loadTypes(this.#sql, this.types, oids);
  }

  /** Whether columns, name or identity of the relation differ from what discovery found. */
  hasChanged(table: number, relation: PgOutputRelation): boolean {
    const known = this.known(table);
    if (known === undefined) return true;
    const columns = known.columns.filter((column) => !column.generated);
    return (
      known.oid !== relation.id ||
      known.name !== relation.name ||
      known.namespace !== relation.schema ||
      columns.length !== relation.columns.length ||
      relation.columns.some(
        ({ name, typeOid }, i) => columns[i]?.name !== name || columns[i]?.typeOid !== typeOid,
      )
    );
  }
}
