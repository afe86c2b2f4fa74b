// The four destinations of the round trip: their section of the catalog, the types of their columns, and their rows as text.

import { DatabaseSync } from 'node:sqlite';
import { rowObjects } from '@weir/pgwire';
import type { MysqlTestServer, PostgresServer } from '@weir/testing';

/** The text of each column's value; null for none. */
export type Row = Readonly<Record<string, string | null>>;

export interface Destination {
  readonly connector: object;
  /** By the names of the columns. */
  types(table: string): Promise<Readonly<Record<string, string>>>;
  /** In the order of their column `id`; none while there is no table. */
  rows(table: string): Promise<readonly Row[]>;
}

/** `more`: of the configuration, as for the others. */
export function postgresDestination(
  server: PostgresServer,
  database: string,
  more: object = {},
): Destination {
  const { address, user, password } = server;
  const query = async (sql: string) => {
    await using connection = await server.connect(database);
    return rowObjects(await connection.query(sql));
  };
  const types = async (table: string) => {
    const found = await query(
      `SELECT column_name AS name, CASE data_type WHEN 'USER-DEFINED' THEN udt_name ELSE data_type END AS type
       FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '${table}'`,
    );
    return Object.fromEntries(found.map(({ name, type }) => [String(name), String(type)]));
  };
  return {
    connector: {
      image: 'ghcr.io/estuary/materialize-postgres:v4',
      config: { address, user, database, credentials: { auth_type: 'UserPassword', password }, ...more },
    },
    types,
    async rows(table) {
      const names = Object.keys(await types(table));
      if (names.length === 0) return [];
      const columns = names.map((name) => `"${name}"::text AS "${name}"`);
      return await query(`SELECT ${columns.join(', ')} FROM "${table}" ORDER BY "${table}".id`);
    },
  };
}

export function mysqlDestination(server: MysqlTestServer, more: object = {}): Destination {
  const { address, user, password, database, flavour } = server;
  const types = async (table: string) => {
    const found = await server.query(
      `SELECT COLUMN_NAME AS name, COLUMN_TYPE AS type FROM information_schema.COLUMNS
       WHERE TABLE_SCHEMA = '${database}' AND TABLE_NAME = '${table}'`,
    );
    return Object.fromEntries(found.map(({ name, type }) => [String(name), String(type)]));
  };
  return {
    connector: {
      image: `ghcr.io/estuary/materialize-${flavour}:v2`,
      config: { address, user, password, database, timezone: 'UTC', ...more },
    },
    types,
    async rows(table) {
      const columns = Object.entries(await types(table)).map(([name, type]) =>
        /blob|binary/.test(type)
          ? `CONCAT('\\\\x', LOWER(HEX(\`${name}\`))) AS \`${name}\``
          : `CAST(\`${name}\` AS CHAR) AS \`${name}\``,
      );
      if (columns.length === 0) return [];
      const rows = await server.query(`SELECT ${columns.join(', ')} FROM ${table} ORDER BY ${table}.id`);
      return rows as Row[];
    },
  };
}

export function sqliteDestination(path: string, more: object = {}): Destination {
  return {
    connector: { image: 'ghcr.io/estuary/materialize-sqlite:v1', config: { path, ...more } },
    types: (table) => Promise.resolve(columnsOf(path, table)),
    rows(table) {
      const names = Object.keys(columnsOf(path, table));
      if (names.length === 0) return Promise.resolve([]);
      using database = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
      const statement = database.prepare(`SELECT * FROM "${table}" ORDER BY id`);
      statement.setReadBigInts(true);
      const rows = statement.all();
      return Promise.resolve(
        rows.map((row) => Object.fromEntries(names.map((name) => [name, textOf(row[name] ?? null)]))),
      );
    },
  };
}

function columnsOf(path: string, table: string): Readonly<Record<string, string>> {
  try {
    using database = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
    const found = database.prepare('SELECT name, type FROM pragma_table_info(?)').all(table);
    return Object.fromEntries(found.map(({ name, type }) => [String(name), String(type)]));
  } catch {
    return {};
  }
}

function textOf(value: string | number | bigint | Uint8Array | null): string | null {
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (Object.is(value, -0)) return '-0';
  return value === null ? null : String(value);
}
