// Where a pipeline of the bench ends: a SQLite file, or a PostgreSQL beside the source.

import type { PostgresServer } from '@weir/testing';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startBenchPostgres } from './postgres.ts';

export interface PipelineSink extends AsyncDisposable {
  /** The connector that fills it, and its configuration. */
  readonly connector: string;
  readonly config: object;
  /** A number of one row out of `sql`; undefined while the table is not there. */
  ask(sql: string): Promise<number | undefined>;
  /** Forgets the copy. */
  clear(): Promise<void>;
}

export function sqliteSink(folder: string): PipelineSink {
  const path = join(folder, 'sink.db');
  let copy: DatabaseSync | undefined;
  const close = (): void => {
    copy?.close();
    copy = undefined;
  };
  return {
    connector: 'materialize-sqlite',
    config: { path, hardDelete: true },
    async ask(sql) {
      if (copy === undefined && !existsSync(path)) return undefined;
      copy ??= new DatabaseSync(path, { readOnly: true, timeout: 5000 });
      if (copy.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'li'`).get() === undefined) return undefined;
      const row = copy.prepare(sql).get();
      const [value] = Object.values(row ?? {});
      return typeof value === 'number' ? value : undefined;
    },
    async clear() {
      close();
      for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
    },
    async [Symbol.asyncDispose]() {
      close();
    },
  };
}

export async function postgresSink(): Promise<PipelineSink & { readonly server: PostgresServer }> {
  const server = await startBenchPostgres();
  return {
    server,
    connector: 'materialize-postgres',
    config: {
      address: server.address,
      user: server.user,
      database: server.database,
      hardDelete: true,
      credentials: { auth_type: 'UserPassword', password: server.password },
    },
    async ask(sql) {
      const [{ found } = {}] = await server.query(`SELECT to_regclass('li') AS found`);
      if (found === null || found === undefined) return undefined;
      const [row] = await server.query(sql);
      const [value] = Object.values(row ?? {});
      return value === null || value === undefined ? undefined : Number(value);
    },
    async clear() {
      await server.query('DROP TABLE IF EXISTS li, flow_checkpoints_v1');
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
