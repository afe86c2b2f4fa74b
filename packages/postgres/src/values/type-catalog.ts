// The types of one server by OID, read when they are first asked for: domains down to their base, arrays, ranges.

import type { PgConnection } from '@weir/pgwire';
import { type PgType, type PgTypeKind, unknownType } from './pg-type.ts';

// One row per type that can be reached from the wanted ones. A variable-length type with an element type is an array,
// but for int2vector and oidvector, which print otherwise. `rngmultitypid` is younger than some servers.
const catalogQuery = `
  WITH RECURSIVE inner_type AS (
    SELECT t.oid, CASE
        WHEN t.typtype = 'd' THEN t.typbasetype
        WHEN t.typlen = -1 AND t.typelem <> 0 AND t.oid NOT IN (22, 30) THEN t.typelem
        ELSE coalesce(
          (SELECT r.rngsubtype FROM pg_catalog.pg_range r
            WHERE r.rngtypid = t.oid OR to_jsonb(r)->>'rngmultitypid' = t.oid::text), 0)
      END AS inner_oid
    FROM pg_catalog.pg_type t
    WHERE t.typtype IN ('d', 'r', 'm') OR (t.typlen = -1 AND t.typelem <> 0)
  ), wanted(oid) AS (
    SELECT unnest($1::oid[])
    UNION
    SELECT i.inner_oid FROM wanted w JOIN inner_type i ON i.oid = w.oid WHERE i.inner_oid <> 0
  )
  SELECT t.oid, n.nspname, t.typname, t.typtype, t.typdelim, coalesce(i.inner_oid, 0)
  FROM wanted w
  JOIN pg_catalog.pg_type t ON t.oid = w.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN inner_type i ON i.oid = t.oid`;

export interface TypeRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_type.typtype */
  readonly typtype: string;
  readonly delimiter: string;
  /** 0 for none. */
  readonly innerOid: number;
}

export class TypeCatalog {
  readonly #types = new Map<number, PgType>();

  /** A type that was loaded, or an unknown type whose values are text. */
  get(oid: number): PgType {
    return this.#types.get(oid) ?? unknownType(oid);
  }

  has(oid: number): boolean {
    return this.#types.has(oid);
  }

  /** Reads the types that are not known yet, and all they are made of. Without new ones it asks the server nothing. */
  async load(connection: Pick<PgConnection, 'query'>, wanted: Iterable<number>): Promise<void> {
    const missing = [...new Set(wanted)].filter((oid) => !this.#types.has(oid));
    if (missing.length === 0) return;
    const { rows } = await connection.query(catalogQuery, [`{${missing.join(',')}}`]);
    this.add(
      rows.map(([oid, schema, name, typtype, delimiter, innerOid]) => ({
        oid: Number(oid),
        schema: schema ?? '',
        name: name ?? '',
        typtype: typtype ?? '',
        delimiter: delimiter ?? ',',
        innerOid: Number(innerOid),
      })),
    );
  }

  /** Forgets what was read, after types of the server may have changed. */
  clear(): void {
    this.#types.clear();
  }

  /** Adds rows of the catalogue query; inner types must be among them or known. */
  add(rows: readonly TypeRow[]): void {
    const byOid = new Map(rows.map((row) => [row.oid, row]));
    const build = (oid: number): PgType => {
      const known = this.#types.get(oid);
      if (known !== undefined) return known;
      const row = byOid.get(oid);
      if (row === undefined) return unknownType(oid);
      const type: PgType = {
        oid,
        schema: row.schema,
        name: row.name,
        kind: kindOf(row),
        inner: row.innerOid === 0 ? undefined : build(row.innerOid),
        delimiter: row.delimiter,
      };
      this.#types.set(oid, type);
      return type;
    };
    for (const row of rows) build(row.oid);
  }
}

function kindOf(row: TypeRow): PgTypeKind {
  switch (row.typtype) {
    case 'd':
      return 'domain';
    case 'r':
      return 'range';
    case 'm':
      return 'multirange';
    case 'e':
      return 'enum';
    case 'c':
      return 'composite';
    case 'b':
      return row.innerOid === 0 ? 'base' : 'array';
    default:
      return 'unknown';
  }
}
