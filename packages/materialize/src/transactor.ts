// The three ways to materialize. A connector implements exactly one; which one decides what it may send, and what it
// promises. Source of the rules: Flow's materialize protocol and its transactional patterns.

import type { Checkpoint, EXPLICIT_ZERO_CHECKPOINT, JsonText, StoreFrame } from '@weir/protocol';
import type { JsonObject, JsonValue } from '@weir/schema/json';

/** An RFC 7396 merge patch of the connector's state: an object, or its JSON text. */
export type StatePatch = JsonObject | JsonText;

/**
 * Keys of one binding, each a packed tuple of the binding's selected keys, in the order they were asked for. They are valid
 * until the next batch is asked for.
 */
export interface LoadBatch {
  readonly binding: number;
  readonly keys: readonly Buffer[];
}

/** The load phase of one transaction: what the runtime asks for, and where the answers go. */
export interface Loads extends AsyncIterable<LoadBatch> {
  /**
   * Resolves once the previous transaction is committed, applied and acknowledged. Keys may be staged before that, but
   * stored documents may only be read after it. The end of the iteration waits for it too.
   */
  acknowledged(): Promise<void>;
  /** Answers with a stored document: the UTF-8 bytes of it, which are copied. Keys without a document have no answer. */
  loaded(binding: number, doc: Buffer): void;
  readonly congested: boolean;
  drained(): Promise<void>;
  /** Aborted when the previous transaction turned out not to be committed. */
  readonly signal: AbortSignal;
}

/**
 * Documents of one binding. A transaction's batches come ordered by binding, and within it by packed key. Each document is
 * valid until the next is asked for, its bytes until the next batch is; all are to be taken before that.
 */
export interface StoreBatch {
  readonly binding: number;
  readonly documents: Iterable<StoreFrame>;
}

export type Stores = AsyncIterable<StoreBatch>;

/** A commit that goes on while the next transaction is already loading. */
export interface BackgroundCommit {
  readonly committed: Promise<void>;
}

interface AnyTransactor extends AsyncDisposable {
  /**
   * A document with `delete` is to be removed; deletes of documents that were never stored do not reach `store`.
   * When false, such documents are stored like any other.
   */
  readonly hardDelete: boolean;
  /** The runtime must ask for every key, also for those it believes never to have stored. */
  readonly disableLoadOptimization?: boolean;
  /** Reads stored documents. Called when a transaction loads at all; absent in connectors that only append. */
  load?(loads: Loads): Promise<void>;
  /** Takes the documents of a transaction. Called once for each, also when there are none. */
  store(stores: Stores): Promise<void>;
}

/** The destination's own transaction holds rows, checkpoint and fence: exactly once. */
export interface Authoritative extends AnyTransactor {
  readonly pattern: 'authoritative';
  /** Where the destination's last transaction ended; the runtime goes on from there, whatever it remembers itself. */
  readonly checkpoint: Checkpoint | typeof EXPLICIT_ZERO_CHECKPOINT;
  /** Commits what was stored, with `checkpoint`, if the fence still holds. */
  commit(checkpoint: Checkpoint): Promise<BackgroundCommit | void>;
}

/** Work is staged, named in the state that commits with the runtime's checkpoint, and applied after that: exactly once. */
export interface PostCommit extends AnyTransactor {
  readonly pattern: 'post-commit';
  /** Names the staged work; undefined when nothing was staged. */
  commit(checkpoint: Checkpoint): Promise<StatePatch | undefined>;
  /**
   * Applies, idempotently, all work that the committed state names: at the start of a session what the last one left.
   * Returns the patch that forgets it, and nothing at all when there was no work. `patches` are those that all
   * shards of the task have committed; null among them stands for a reset.
   */
  acknowledge(patches: readonly JsonValue[]): Promise<StatePatch | undefined>;
}

/** What was stored is stored: at least once. */
export interface BestEffort extends AnyTransactor {
  readonly pattern: 'best-effort';
  /** State that is durable before the first store, for instance a log of what is about to be overwritten. */
  flush?(): Promise<StatePatch | undefined>;
  /** Makes what was stored durable. A patch commits with the runtime's checkpoint. */
  commit(checkpoint: Checkpoint): Promise<StatePatch | undefined>;
}

export type Transactor = Authoritative | PostCommit | BestEffort;
