// Reads the next chunk of a table's existing rows. Its snapshot sees every transaction that was streamed before, and the
// caller relays the stream up to a fence taken after it before anything of it is checkpointed: what the snapshot saw
// and the stream has yet to deliver lies between the two.

import { crashPoint } from '@weir/crash-point';
import type { SqlBinding } from './binding.ts';
import type { BoundTables } from './bound-tables.ts';
import type { CheckpointedOutput } from './checkpointed-output.ts';
import type { SqlCaptureCrashPoint } from './crash-points.ts';
import type { Database, RowSink } from './database.ts';
import type { EngineSurroundings } from './engine-settings.ts';
import { errors } from './errors.ts';
import { KeyOrder } from './key-order.ts';
import type { BackfillProgress } from './progress.ts';
import { resourceStream } from './resource.ts';
import { streamLabel } from './stream-id.ts';

const reach: (name: SqlCaptureCrashPoint) => void = crashPoint;

export class Backfill {
  readonly #database: Database;
  readonly #tables: BoundTables;
  readonly #output: CheckpointedOutput;
  readonly #progress: BackfillProgress;
  readonly #around: Pick<EngineSurroundings, 'now' | 'status'>;

  constructor(
    database: Database,
    tables: BoundTables,
    output: CheckpointedOutput,
    progress: BackfillProgress,
    around: Pick<EngineSurroundings, 'now' | 'status'>,
  ) {
    this.#database = database;
    this.#tables = tables;
    this.#output = output;
    this.#progress = progress;
    this.#around = around;
  }

  /** Of a backfill that goes on: changes are compared, byte by byte, with the key up to which it came. */
  repackKey(table: number): void {
    const { mode, keyColumns, scanned } = this.#tables.state(table);
    if (mode !== 'Backfill' || scanned === undefined) return;
    const repacked = this.#database.repackKey(table, keyColumns ?? [], scanned);
    if (!repacked.equals(scanned)) this.#tables.update(table, { scanned: repacked });
  }

  /** Nothing was read when the table is not as it was last discovered, or its storage not as when its backfill began. */
  async readChunk(table: number): Promise<'read' | 'changed' | 'rewritten'> {
    const before = this.#tables.state(table);
    await this.#progress.begin(table, before.backfilled, this.#around.now(), () =>
      this.#database.estimateRows(table),
    );
    this.#around.status(`Backfilling Tables ${this.#progress.summary()}`, false);
    const precise = before.mode === 'Backfill';
    const result = await this.#database.scanChunk(
      { table, mode: before.mode === 'KeylessBackfill' ? 'keyless' : 'keyed', precise, state: before },
      this.#rowSink(this.#tables.binding(table), precise ? before.scanned : undefined),
    );
    if (result === undefined) return 'changed';
    if (result === 'rewritten') return result;
    const backfilled = before.backfilled + result.rows;
    reach('sqlcapture.after-chunk');
    this.#tables.update(
      table,
      result.complete
        ? { mode: 'Active', scanned: undefined, backfilled }
        : { scanned: result.scanned ?? before.scanned, backfilled },
    );
    this.#progress.advance(table, backfilled, result.complete);
    return 'read';
  }

  #rowSink(binding: SqlBinding, scanned: Buffer | undefined): RowSink {
    const order = new KeyOrder(scanned, (last, key) => keyOrderError(binding, last, key));
    return {
      rows: (count, documents, keys) => {
        if (keys !== undefined) order.check(count, keys);
        this.#output.documents(binding.index, count, documents);
      },
      drained: async () => {
        reach('sqlcapture.mid-chunk');
        await this.#output.drain();
      },
    };
  }
}

function keyOrderError(binding: SqlBinding, last: Buffer, key: Buffer) {
  const table = streamLabel(resourceStream(binding.resource));
  return errors.SQL_KEY_ORDER({
    message: `the backfill of ${table} met the key ${key.toString('hex')} after ${last.toString('hex')}, which is greater`,
  });
}
