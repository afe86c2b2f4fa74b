// What an engine is given besides a database and its bindings: where documents go, how it is to behave, and the world
// around it, so that tests can put other things in their places.

import type { SqlBinding } from './binding.ts';
import type { ByteList } from './database.ts';
import type { ReplacePolicy, TruncatePolicy } from './table-policies.ts';

export interface EngineOutput {
  /** `count` documents, in this order. The bytes may be reused after the call. */
  documents(binding: number, count: number, documents: ByteList): void;
  sourcedSchema(binding: number, schema: string): void;
  /** A merge patch; commits all documents since the last one. Leaves the process without delay. */
  checkpoint(patch: string): void;
  /** Resolves when the reader of the documents has kept up. */
  drained(): Promise<void>;
}

export interface EngineSettings {
  readonly isSkipped: (binding: SqlBinding) => boolean;
  readonly emitSourcedSchemas: boolean;
  /** Mean time between two looks at the tables' columns. */
  readonly rediscoveryIntervalMs: number;
  /** How long an idle capture keeps the source from forgetting its log, at most. */
  readonly idleCheckpointMs: number;
  /** Of changes of the table that is being read, which wait in memory until their rows have passed. */
  readonly mostHeldBytes: number;
  /** Chunks that nothing waits for may have more rows than the usual number. */
  readonly lengthensChunks: boolean;
  /** Of documents that a chunk may emit before they are checkpointed, if it has a place to go on from by then. */
  readonly chunkCheckpointBytes: number;
  /** Between two reports of lag and progress. */
  readonly reportIntervalMs: number;
  /** End after the backfills and one last fence instead of streaming on. */
  readonly stopWhenCaughtUp: boolean;
  readonly onTruncate: TruncatePolicy;
  readonly onReplaced: ReplacePolicy;
}

export interface EngineSurroundings {
  readonly signal: AbortSignal;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** `caughtUp`: everything that the source held when this is said has been emitted. */
  readonly status: (message: string, caughtUp: boolean) => void;
  readonly log: (
    level: 'debug' | 'info' | 'warn',
    message: string,
    fields?: Readonly<Record<string, unknown>>,
  ) => void;
}
