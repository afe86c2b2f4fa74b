// Storing rows into SQLite through the protocol, against a loop over a prepared statement in one transaction.

import { type Inference, type MaterializationSpec, packTuple, type Projection } from '@weir/protocol';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { BenchRow, BenchRun, RunFigures } from './bench-row.ts';
import { encodeRequests, MaterializeProcess } from './materialize-process.ts';

const rows = Number(process.env['WEIR_BENCH_STORES'] ?? 600_000);

function inference(type: 'integer' | 'string' | 'object'): Inference {
  return { types: [type], title: '', description: '', secret: false, exists: 'MUST', enum: [] };
}

function projection(field: string, type: 'integer' | 'string' | 'object', isPrimaryKey = false): Projection {
  const ptr = field === 'flow_document' ? '' : `/${field}`;
  return { ptr, field, explicit: false, isPartitionKey: false, isPrimaryKey, inference: inference(type) };
}

function spec(path: string): MaterializationSpec {
  return {
    name: 'bench/sink',
    connectorType: 'LOCAL',
    config: JSON.stringify({ path, hardDelete: true }),
    inactiveBindings: [],
    bindings: [
      {
        resourceConfig: '{"table":"t"}',
        resourcePath: ['t'],
        collection: {
          name: 'bench/t',
          key: ['/id'],
          uuidPtr: '/_meta/uuid',
          partitionFields: [],
          writeSchema: '{"type":"object"}',
          projections: [
            projection('flow_document', 'object'),
            projection('id', 'integer', true),
            projection('name', 'string'),
            projection('note', 'string'),
            projection('quantity', 'integer'),
          ],
        },
        fieldSelection: {
          keys: ['id'],
          values: ['name', 'note', 'quantity'],
          document: 'flow_document',
          fieldConfig: {},
        },
        deltaUpdates: false,
        journalReadSuffix: 'materialize/bench/sink/t',
        priority: 0,
        notBefore: '',
        notAfter: '',
        backfill: 0,
        stateKey: 't',
      },
    ],
  };
}

interface Row {
  readonly id: number;
  readonly name: string;
  readonly note: string;
  readonly quantity: number;
  readonly doc: string;
}

function makeRow(id: number): Row {
  const fields = {
    id,
    name: `name ${id}`,
    note: `a note of some length about row ${id}, as rows have`,
    quantity: id % 1000,
  };
  return {
    ...fields,
    doc: JSON.stringify({ _meta: { op: 'c', uuid: '7be2a9c0-a1c9-11ef-8000-071353030311' }, ...fields }),
  };
}

/** The Store requests of all rows, encoded before the clock starts: what is measured is the connector. */
function storeRequests(): Buffer[] {
  const ids = Array.from({ length: rows }, (_, id) => id);
  return encodeRequests(
    ids.map((id) => {
      const { name, note, quantity, doc } = makeRow(id);
      return {
        kind: 'store',
        binding: 0,
        keyPacked: packTuple([id]),
        valuesPacked: packTuple([name, note, quantity]),
        doc: Buffer.from(doc),
        exists: false,
        delete: false,
      } as const;
    }),
  );
}

async function storeThroughProtocol(path: string): Promise<RunFigures> {
  await using sink = await MaterializeProcess.open('materialize-sqlite', spec(path));
  const batches = storeRequests();
  return await sink.measure(rows, () => sink.transaction([], batches));
}

/** The best that a hand-written program does: the same rows, ready as strings, table, durability and statement. */
function storeByHand(path: string): RunFigures {
  using database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec(
    'CREATE TABLE t (id INTEGER NOT NULL, name TEXT, note TEXT, quantity INTEGER, flow_document TEXT NOT NULL, PRIMARY KEY (id)) STRICT',
  );
  const store = database.prepare(
    'INSERT INTO t VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, note = excluded.note, quantity = excluded.quantity, flow_document = excluded.flow_document',
  );
  const made = Array.from({ length: rows }, (_, id) => makeRow(id));
  const cpu = process.cpuUsage();
  const started = performance.now();
  database.exec('BEGIN IMMEDIATE');
  for (const row of made) {
    store.run(row.id, row.name, row.note, row.quantity, row.doc);
  }
  database.exec('COMMIT');
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { count: rows, seconds, cpuSeconds: (user + system) / 1e6, peakRssMiB: 0 };
}

export const sqliteStore: BenchRow = {
  id: 'sqlite-store',
  title: 'new rows through the protocol into a SQLite file, against a prepared statement in one transaction',
  target: 0.8,
  unit: 'rows/s',
  conditions: `${rows} rows of 4 columns and their document (about 200 bytes), one transaction, WAL, synchronous = FULL`,
  async prepare(): Promise<BenchRun> {
    const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
    return {
      ours: (round) => storeThroughProtocol(join(folder, `ours-${round}.db`)),
      native: async (round) => storeByHand(join(folder, `native-${round}.db`)),
      [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
};
