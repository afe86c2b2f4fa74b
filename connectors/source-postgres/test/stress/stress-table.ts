// A table of the workload: its SQL, and the columns it has at the moment beside those that never change.

import type { PgConnection } from '@weir/pgwire';
import type { TablePlan } from './stress-plan.ts';

/** Columns of every table, beside those of its key: none is ever altered. */
export const constantColumns = ['stamp', 'n', 'grp', 'big'];

export interface ExtraColumn {
  readonly name: string;
  readonly type: string;
}

export class StressTable {
  readonly plan: TablePlan;
  readonly schema: string;
  readonly asPartitions: boolean;
  /** As they were when last looked at; another session may have altered them since. */
  extras: readonly ExtraColumn[] = [];

  constructor(plan: TablePlan, schema: string, asPartitions: boolean) {
    this.plan = plan;
    this.schema = schema;
    this.asPartitions = asPartitions;
  }

  get name(): string {
    return `${this.schema}.${this.plan.name}`;
  }

  /** The tables that are bound: its partitions, or itself. */
  get streams(): readonly string[] {
    return this.plan.isPartitioned && this.asPartitions ? this.#partitions : [this.plan.name];
  }

  get #partitions(): readonly string[] {
    return [0, 1, 2].map((value) => `${this.plan.name}_${value}`);
  }

  /** Creates it without rows, with its triggers. */
  createSql(ledger: string): string {
    const { columns, isKeyed, isPartitioned } = this.plan;
    const key = columns.map(({ name }) => name);
    const definitions = [
      ...columns.map(({ name, type }) => `${name} ${type} NOT NULL`),
      'stamp bigint NOT NULL, n int, grp int NOT NULL DEFAULT 0, big text',
      ...(isKeyed ? [`PRIMARY KEY (${key.join(', ')})`] : []),
    ];
    const partitions = isPartitioned
      ? this.#partitions.map(
          (partition, value) =>
            `CREATE TABLE ${this.schema}.${partition} PARTITION OF ${this.name} FOR VALUES IN (${value});`,
        )
      : [];
    const stored = isPartitioned ? this.#partitions : [this.plan.name];
    const parts = stored.map((table) => `${this.schema}.${table}`);
    return [
      `CREATE TABLE ${this.name} (${definitions.join(', ')})${isPartitioned ? ' PARTITION BY LIST (part)' : ''};`,
      ...partitions,
      ...parts.map((table) => `ALTER TABLE ${table} ALTER big SET STORAGE EXTERNAL;`),
      ...(isKeyed ? [] : [`CREATE INDEX ON ${this.name} (${key.join(', ')});`]),
      ...[...new Set([this.name, ...parts])].flatMap((table) => this.#identitySql(table, key)),
      ...this.#triggerSql(ledger, key),
    ].join('\n');
  }

  #identitySql(table: string, key: readonly string[]): string[] {
    switch (this.plan.identity) {
      case 'default':
        return [];
      case 'full':
        return [`ALTER TABLE ${table} REPLICA IDENTITY FULL;`];
      case 'nothing':
        return [`ALTER TABLE ${table} REPLICA IDENTITY NOTHING;`];
      case 'index':
        return [
          `CREATE UNIQUE INDEX ${this.plan.name}_identity ON ${table} (${key.join(', ')}, grp);`,
          `ALTER TABLE ${table} REPLICA IDENTITY USING INDEX ${this.plan.name}_identity;`,
        ];
      default:
        return [];
    }
  }

  /** Each row that is written gets a stamp of its own, and each change is noted under the name of its stream. */
  #triggerSql(ledger: string, key: readonly string[]): string[] {
    const note = (stream: string) =>
      `EXECUTE FUNCTION ${ledger}.note(${[stream, ...key].map((each) => `'${each}'`).join(', ')});`;
    const isDivided = this.streams.length > 1;
    return [
      `CREATE TRIGGER a BEFORE INSERT OR UPDATE ON ${this.name} FOR EACH ROW EXECUTE FUNCTION ${ledger}.stamp();`,
      `CREATE TRIGGER b AFTER INSERT OR UPDATE OR DELETE ON ${this.name} FOR EACH ROW ${note(isDivided ? '' : this.plan.name)}`,
      ...this.streams.map(
        (stream) =>
          `CREATE TRIGGER c AFTER TRUNCATE ON ${this.schema}.${stream} FOR EACH STATEMENT ${note(stream)}`,
      ),
    ];
  }

  async lookAgain(connection: PgConnection): Promise<void> {
    const fixed = new Set([...this.plan.columns.map(({ name }) => name), ...constantColumns]);
    const { rows } = await connection.query(
      `SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
      [this.name],
    );
    this.extras = rows
      .map(([name, type]) => ({ name: name ?? '', type: type ?? '' }))
      .filter(({ name }) => !fixed.has(name));
  }
}
