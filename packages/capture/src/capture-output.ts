// What a capture sends: groups of documents, each closed by the checkpoint that commits it.

import type { JsonSchema } from '@weir/connector';
import type { StatePatch } from './capture-state.ts';

/** One group being sent. Valid until the body of its transaction has ended. */
export interface CaptureTransaction {
  /** Adds one document: the UTF-8 bytes of a JSON object. The bytes are copied. */
  document(binding: number, doc: Buffer): void;
  /**
   * Adds `count` documents that lie one after another in `bytes`, the n-th ending before `ends[n]`, the first
   * starting at 0. The fastest way: no object for each document.
   */
  documents(binding: number, bytes: Buffer, ends: ArrayLike<number>, count: number): void;
  /** Widens what the runtime infers about the documents of a binding. Said again unchanged, it is not sent again. */
  sourcedSchema(binding: number, schema: JsonSchema): void;
  /** Commits everything since the last checkpoint, with a merge patch of the state. Returns the checkpoint's number. */
  checkpoint(patch: StatePatch, onAcknowledged?: () => void): number;
  /** True while the runtime takes documents more slowly than they come; then await `drained()`. */
  readonly congested: boolean;
  drained(): Promise<void>;
}

/** Iterating yields the number of the last committed checkpoint each time it has moved, and may skip numbers. */
export interface AcknowledgedCheckpoints extends AsyncIterable<number> {
  /** Number of the last checkpoint sent; the first is 1. */
  readonly sent: number;
  /** Number of the last committed checkpoint; 0 before the first. */
  readonly acknowledged: number;
}

export interface CaptureOutput {
  /** Sends one or more groups, while every other transaction waits. The body has to end with a checkpoint. */
  transaction<T>(body: (transaction: CaptureTransaction) => Promise<T> | T): Promise<T>;
  /** A group of nothing but a checkpoint. */
  checkpoint(patch: StatePatch, onAcknowledged?: () => void): Promise<number>;
  /** Resolves at once, unless the runtime takes documents more slowly than they come. */
  drained(): Promise<void>;
  /** The checkpoints that are committed; only for captures with explicit acknowledgements. */
  readonly acknowledgements: AcknowledgedCheckpoints;
}
