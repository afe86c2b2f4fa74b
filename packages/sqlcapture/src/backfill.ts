// Reads the next chunk of a table's existing rows, beside the stream.

import { crashPoint } from '@weir/crash-point';
import type { BoundTables } from './bound-tables.ts';
import type { CheckpointedOutput } from './checkpointed-output.ts';
import { ChunkInFlight } from './chunk-in-flight.ts';
import { ChunkPace } from './chunk-pace.ts';
import type { SqlCaptureCrashPoint } from './crash-points.ts';
import type { Database, ScanEnd } from './database.ts';
import type { EngineSettings, EngineSurroundings } from './engine-settings.ts';
import type { BackfillProgress } from './progress.ts';

const reach: (name: SqlCaptureCrashPoint) => void = crashPoint;

type ChunkSettings = Pick<EngineSettings, 'mostHeldBytes' | 'lengthensChunks' | 'chunkCheckpointBytes'>;

export interface ReadChunk {
  /** Undefined when the chunk was given up. */
  readonly end: ScanEnd | undefined;
  /** False when the signal was aborted meanwhile: nothing may be checkpointed any more. */
  readonly atBoundary: boolean;
}

export class Backfill {
  readonly #database: Database;
  readonly #tables: BoundTables;
  readonly #output: CheckpointedOutput;
  readonly #progress: BackfillProgress;
  readonly #settings: ChunkSettings;
  readonly #around: Pick<EngineSurroundings, 'now' | 'status'>;
  readonly #pace = new ChunkPace();

  constructor(
    database: Database,
    tables: BoundTables,
    output: CheckpointedOutput,
    progress: BackfillProgress,
    settings: ChunkSettings,
    around: Pick<EngineSurroundings, 'now' | 'status'>,
  ) {
    this.#database = database;
    this.#tables = tables;
    this.#output = output;
    this.#progress = progress;
    this.#settings = settings;
    this.#around = around;
  }

  /** Of a backfill that goes on: changes are compared, byte by byte, with the key up to which it came. */
  repackKey(table: number): void {
    const { mode, keyColumns, scanned } = this.#tables.state(table);
    if (mode !== 'Backfill' || scanned === undefined) return;
    const repacked = this.#database.repackKey(table, keyColumns ?? [], scanned);
    if (!repacked.equals(scanned)) this.#tables.update(table, { scanned: repacked });
  }

  /** At a boundary of the stream, which `relay` relays until the chunk is over and the stream at a boundary again. */
  async readChunk(
    table: number,
    onProgress: () => void,
    relay: (chunk: ChunkInFlight) => Promise<boolean>,
  ): Promise<ReadChunk> {
    await this.#progress.begin(table, this.#tables.state(table).backfilled, this.#around.now(), () =>
      this.#database.estimateRows(table),
    );
    this.#around.status(`Backfilling Tables ${this.#progress.summary()}`, false);
    const chunk = new ChunkInFlight(table, this.#tables, this.#output, this.#settings, onProgress);
    const scan = this.#scan(chunk);
    try {
      const atBoundary = await relay(chunk);
      chunk.abandon();
      return { end: await scan, atBoundary };
    } finally {
      chunk.abandon();
      await scan;
    }
  }

  /** Never rejects: what fails is told by the chunk. */
  async #scan(chunk: ChunkInFlight): Promise<ScanEnd | undefined> {
    const { table, signal } = chunk;
    const state = this.#tables.state(table);
    const precise = state.mode === 'Backfill';
    const startMs = this.#around.now();
    let firstMs: number | undefined;
    try {
      const end = await this.#database.scanChunk(
        {
          table,
          mode: state.mode === 'KeylessBackfill' ? 'keyless' : 'keyed',
          precise,
          share: this.#pace.share(table),
          state,
          signal,
        },
        {
          began: (seen) => chunk.began(seen),
          rows: (count, documents, keys) => {
            firstMs ??= this.#around.now();
            chunk.rows(count, documents, keys);
          },
          reached: (scanned) => chunk.reached(scanned),
          drained: () => chunk.drained(),
        },
      );
      if (signal.aborted) return undefined;
      reach('sqlcapture.after-chunk');
      chunk.end(end === 'complete');
      const endMs = this.#around.now();
      this.#pace.took(table, {
        beginningMs: (firstMs ?? endMs) - startMs,
        durationMs: endMs - startMs,
        wasInTheWay: chunk.wasInTheWay,
        mayBeLonger: precise && this.#settings.lengthensChunks,
      });
      this.#progress.advance(table, this.#tables.state(table).backfilled, end === 'complete');
      return end;
    } catch (error) {
      chunk.fail(error);
      return undefined;
    }
  }
}
