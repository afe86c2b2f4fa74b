// What the runtime remembers between runs, as an interface small enough to put another engine behind it. Every method
// that writes is one durable transaction: when it returns, a power cut keeps it; when it throws, nothing of it stays.

import type { JsonText } from '@weir/protocol';

export type TaskKind = 'capture' | 'materialization';

export interface TaskRecord {
  readonly name: string;
  readonly kind: TaskKind;
  /** Protocol JSON of the spec last applied, and its version; undefined before the first Apply. */
  readonly lastApplied: JsonText | undefined;
  readonly lastVersion: string;
  /** Reduced connector state; undefined before the first one. */
  readonly state: JsonText | undefined;
  /** Bytes of a consumer.Checkpoint: how far a materialization has read. */
  readonly checkpoint: Buffer | undefined;
  readonly transactions: number;
  /** Milliseconds since the Unix epoch; 0 before the first commit. */
  readonly lastCommitMs: number;
}

/** A journal holds what one capture wrote to one collection. Its name is unique and never used again. */
export interface JournalRecord {
  readonly name: string;
  readonly collection: string;
  /** The capture that writes it. */
  readonly task: string;
  /** Folder under `journals/`. */
  readonly folder: string;
  /** Where a reader begins: what lies before was written before the collection was reset. */
  readonly first: number;
  /** Committed bytes. */
  readonly head: number;
  /** Committed documents. */
  readonly documents: number;
  /** Clock of the newest committed document (see uuid clocks of the protocol); 0n when empty. */
  readonly clock: bigint;
}

export interface JournalHead {
  readonly name: string;
  readonly head: number;
  readonly documents: number;
  readonly clock: bigint;
}

export interface BindingCount {
  readonly stateKey: string;
  readonly documents: number;
  readonly bytes: number;
}

export interface InferredSchema {
  readonly collection: string;
  readonly stateKey: string;
  readonly schema: JsonText;
}

export interface StoredInferredSchema extends InferredSchema {
  /** The capture. */
  readonly task: string;
}

export interface CaptureCommit {
  readonly task: string;
  readonly state: JsonText;
  readonly heads: readonly JournalHead[];
  readonly inferred: readonly InferredSchema[];
  readonly counts: readonly BindingCount[];
  readonly nowMs: number;
}

export interface MaterializationCommit {
  readonly task: string;
  readonly state: JsonText | undefined;
  readonly checkpoint: Buffer;
  readonly counts: readonly BindingCount[];
  readonly nowMs: number;
}

export interface MaxKey {
  readonly stateKey: string;
  readonly key: Buffer;
}

export interface BackfillRequest {
  readonly task: string;
  /** Its resource path in state key encoding. */
  readonly binding: string;
  /** Default 1. */
  readonly count?: number;
  /** What the binding's counter comes to at least, whatever the catalog says by then. */
  readonly least?: number;
}

/** Of a binding. */
export interface RequestedBackfills {
  /** How many, to add to the catalog's counter. */
  readonly count: number;
  readonly least: number;
}

export interface Store extends Disposable {
  /** Six bytes, the same for the life of the state folder. */
  readonly producerId: Buffer;

  task(name: string): TaskRecord | undefined;
  tasks(): TaskRecord[];
  putApplied(
    name: string,
    kind: TaskKind,
    spec: JsonText,
    version: string,
    state: JsonText | undefined,
  ): void;
  putState(name: string, kind: TaskKind, state: JsonText): void;

  journals(collection?: string): JournalRecord[];
  /** The journal of one capture's documents of one collection, registered (empty) when it is new. */
  openJournal(collection: string, task: string): JournalRecord;

  commitCapture(commit: CaptureCommit): void;
  commitMaterialization(commit: MaterializationCommit): void;

  maxKeys(task: string): ReadonlyMap<string, Buffer>;
  putMaxKeys(task: string, keys: readonly MaxKey[], state: JsonText | undefined): void;

  /** One schema per capture binding that wrote to the collection; their union is the collection's inferred schema. */
  inferredSchemas(collection: string): StoredInferredSchema[];
  /** Changes whenever an inferred schema of the collection does. */
  inferredVersion(collection: string): number;

  counts(task: string): BindingCount[];
  /** By binding (its resource path in state key encoding). */
  backfills(task: string): ReadonlyMap<string, RequestedBackfills>;
  requestBackfill(request: BackfillRequest): void;
  /** Requests backfills, and has readers of the capture's journals of these collections begin behind what is in them, or at its first. */
  reset(
    capture: string,
    collections: readonly string[],
    bindings: readonly BackfillRequest[],
    first?: 'behind' | 'beginning',
  ): void;
}
