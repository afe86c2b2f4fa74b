// Rows into PostgreSQL through the protocol and back, against what one writes by hand: COPY to a temporary table and
// INSERT … ON CONFLICT, and COPY of keys to one and a join.

import { type MaterializationSpec, packTuple } from '@weir/protocol';
import type { PostgresServer } from '@weir/testing';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchRow, BenchRun } from './bench-row.ts';
import { encodeRequests, MaterializeProcess } from './materialize-process.ts';
import { clientEnv, pgBin, startBenchPostgres } from './postgres.ts';
import { runShell } from './process-figures.ts';
import { storedRowRequests, storedRows as rows, storedRowsSpec, writeStoredRows } from './stored-rows.ts';

const conditions = `PostgreSQL 15 on loopback, fsync, ${rows} rows of 4 columns and their document (about 200 bytes), one transaction; the native side with the start of psql`;

const columns = 'id, name, note, quantity, flow_document';
const createTable = `(id BIGINT NOT NULL, name TEXT NOT NULL, note TEXT NOT NULL, quantity BIGINT NOT NULL, flow_document JSON NOT NULL, PRIMARY KEY (id))`;

function spec(server: PostgresServer): MaterializationSpec {
  const config = {
    address: server.address,
    user: server.user,
    database: server.database,
    hardDelete: true,
    credentials: { auth_type: 'UserPassword', password: server.password },
  };
  return storedRowsSpec(config);
}

interface Bench {
  readonly server: PostgresServer;
  readonly folder: string;
  readonly sink: MaterializeProcess;
  readonly psql: (script: string) => Promise<Awaited<ReturnType<typeof runShell>>>;
  /** What `stop` undoes. */
  readonly stop: () => Promise<void>;
}

async function prepare(): Promise<Bench> {
  const server = await startBenchPostgres();
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const sink = await MaterializeProcess.open('materialize-postgres', spec(server));
  const script = join(folder, 'script.sql');
  return {
    server,
    folder,
    sink,
    psql: (sql) => {
      writeFileSync(script, sql);
      return runShell(`${pgBin}/psql -q -v ON_ERROR_STOP=1 -f ${script}`, rows, clientEnv(server));
    },
    stop: async () => {
      await sink[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const upsert = (path: string): string => `
BEGIN;
CREATE TEMP TABLE s ON COMMIT DROP AS SELECT * FROM h WITH NO DATA;
\\copy s (${columns}) FROM '${path}'
INSERT INTO h (${columns}) SELECT ${columns} FROM s ON CONFLICT (id) DO UPDATE SET name = excluded.name, note = excluded.note, quantity = excluded.quantity, flow_document = excluded.flow_document;
COMMIT;
`;

function storeRow(id: string, title: string, exists: boolean): BenchRow {
  return {
    id,
    title,
    target: 0.8,
    unit: 'rows/s',
    conditions,
    async prepare(): Promise<BenchRun> {
      const bench = await prepare();
      const { server, folder, sink, psql } = bench;
      await server.query(`CREATE TABLE h ${createTable}`);
      const versions = ['', ' again'].map((version, index) => {
        const path = join(folder, `rows-${index}.txt`);
        writeStoredRows(path, version);
        return { frames: storedRowRequests(exists, version), path };
      });
      const [fresh] = versions;
      if (exists && fresh !== undefined) {
        await sink.transaction([], fresh.frames);
        await psql(upsert(fresh.path));
      }
      const clear = async (table: string): Promise<void> => {
        // Old versions of rows are cleared away, so that each round finds the same.
        await server.query(exists ? `VACUUM FULL ${table}` : `TRUNCATE ${table}`);
        await server.query('CHECKPOINT');
      };
      return {
        async ours(round) {
          await clear('t');
          const { frames = [] } = versions[exists ? round % 2 : 0] ?? {};
          return sink.measure(rows, () => sink.transaction([], frames));
        },
        async native(round) {
          await clear('h');
          return psql(upsert(versions[exists ? round % 2 : 0]?.path ?? ''));
        },
        [Symbol.asyncDispose]: bench.stop,
      };
    },
  };
}

export const pgStoreNew: BenchRow = storeRow(
  'pg-store-new',
  'new rows through the protocol into PostgreSQL, against COPY to a temporary table and INSERT … ON CONFLICT by hand',
  false,
);

export const pgStoreExisting: BenchRow = storeRow(
  'pg-store-existing',
  'rows that exist through the protocol into PostgreSQL, against COPY to a temporary table and INSERT … ON CONFLICT by hand',
  true,
);

export const pgLoad: BenchRow = {
  id: 'pg-load',
  title:
    'stored documents by key through the protocol, against COPY of keys to a temporary table and a join by hand',
  target: 0.8,
  unit: 'keys/s',
  conditions,
  async prepare(): Promise<BenchRun> {
    const bench = await prepare();
    const { server, folder, sink, psql } = bench;
    await sink.transaction([], storedRowRequests(false));
    await server.query('VACUUM ANALYZE t');
    // Every key once, in the order of nothing.
    const keys = Array.from({ length: rows }, (_, index) =>
      Number((BigInt(index) * 104_729n) % BigInt(rows)),
    );
    const frames = encodeRequests(
      keys.map((key) => ({ kind: 'load', binding: 0, keyPacked: packTuple([key]) }) as const),
    );
    const path = join(folder, 'keys.txt');
    writeFileSync(path, keys.map((key) => `${key}\n`).join(''));
    const join_ = `
BEGIN;
CREATE TEMP TABLE k (id BIGINT NOT NULL) ON COMMIT DROP;
\\copy k FROM '${path}'
COPY (SELECT t.flow_document FROM k JOIN t USING (id)) TO STDOUT;
COMMIT;
`;
    return {
      ours: () =>
        sink.measure(rows, async () => {
          const loaded = await sink.transaction(frames, []);
          if (loaded !== rows) throw new Error(`${loaded} of ${rows} documents were loaded`);
        }),
      native: () => psql(join_),
      [Symbol.asyncDispose]: bench.stop,
    };
  },
};
