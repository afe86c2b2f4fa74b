// Where a materialization's documents come from: journals, or the fixture of a preview.

import type { Checkpoint } from '@weir/protocol';

/** Whole lines, one document each, for one binding of the task. They are valid until the next batch is asked for. */
export interface SourceBatch {
  readonly binding: number;
  readonly bytes: Buffer;
}

export interface DocumentSource extends Disposable {
  /**
   * The next documents, undefined when there are none now, or 'commit' where a transaction has to end (also an empty
   * one), which journals never ask for.
   */
  next(): SourceBatch | 'commit' | undefined;
  /** The last bytes of what `next` has just given, whole lines, are not read after all; nothing more is asked for. */
  giveBack(bytes: number): void;
  /** Everything that `next` has given: where to read on. */
  checkpoint(): Checkpoint;
  /** Calls back whenever `next` may have more. Returns the function that ends this. */
  onMore(listener: () => void): () => void;
  /** Bytes that are committed and not read yet. */
  lagBytes(): number;
}
