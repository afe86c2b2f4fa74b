// `flow_checkpoints_v1`: one row for each task and range of key hashes, with the runtime's checkpoint and a fence, a
// number that only rises. A session installs its fence by raising that of every row it overlaps, and commits only
// while its own is unchanged: an older session that still runs finds its commit refused.
// The table's layout and the base64 of the checkpoint are those of Flow's own connectors.

import {
  decodeCheckpoint,
  encodeCheckpoint,
  EXPLICIT_ZERO_CHECKPOINT,
  type Checkpoint,
  type RangeSpec,
} from '@weir/protocol';

export const CHECKPOINTS_TABLE = 'flow_checkpoints_v1';

export interface FenceRow {
  /** Inclusive range of key hashes, as `keyBegin`, `keyEnd` of the session. */
  readonly keyBegin: number;
  readonly keyEnd: number;
  readonly fence: bigint;
  /** Base64 of the checkpoint's protobuf bytes. */
  readonly checkpoint: string;
}

export interface FencePlan {
  /** The session's own row, as it is to be afterwards. */
  readonly own: FenceRow;
  /** The own row does not exist yet. */
  readonly insert: boolean;
}

/** The fence of a session: what it updates, and how it knows that it is still the newest. */
export interface Fence {
  readonly keyBegin: number;
  readonly keyEnd: number;
  readonly fence: bigint;
  readonly checkpoint: Checkpoint | typeof EXPLICIT_ZERO_CHECKPOINT;
}

export function encodeFenceCheckpoint(checkpoint: Checkpoint | typeof EXPLICIT_ZERO_CHECKPOINT): string {
  return encodeCheckpoint(checkpoint).toString('base64');
}

export function overlaps(row: Pick<FenceRow, 'keyBegin' | 'keyEnd'>, range: RangeSpec): boolean {
  return row.keyEnd >= range.keyBegin && row.keyBegin <= range.keyEnd;
}

/**
 * Which row a session over `range` owns, given the task's rows after the fence of every overlapping one was raised.
 * It takes over the narrowest row that covers its range (a parent that was split), or starts from nothing.
 */
export function planFence(raisedRows: readonly FenceRow[], range: RangeSpec): FencePlan {
  const covering = raisedRows
    .filter((row) => row.keyBegin <= range.keyBegin && row.keyEnd >= range.keyEnd)
    .sort((a, b) => a.keyEnd - a.keyBegin - (b.keyEnd - b.keyBegin));
  const [narrowest] = covering;
  const { keyBegin, keyEnd } = range;
  if (narrowest === undefined) {
    const checkpoint = encodeFenceCheckpoint(EXPLICIT_ZERO_CHECKPOINT);
    return { own: { keyBegin, keyEnd, fence: 0n, checkpoint }, insert: true };
  }
  const isOwn = narrowest.keyBegin === keyBegin && narrowest.keyEnd === keyEnd;
  return { own: { ...narrowest, keyBegin, keyEnd }, insert: !isOwn };
}

export function fenceOf({ own }: FencePlan): Fence {
  return { ...own, checkpoint: decodeCheckpoint(Buffer.from(own.checkpoint, 'base64')) };
}

export interface FenceStatements {
  /** `(task, keyBegin, keyEnd)` */
  readonly raiseOverlapping: string;
  /** `(task)` → key_begin, key_end, fence, checkpoint */
  readonly select: string;
  /** `(task, keyBegin, keyEnd, fence, checkpoint)` */
  readonly insert: string;
  /** `(checkpoint, task, keyBegin, keyEnd, fence)`; must change exactly one row, as the last statement before COMMIT. */
  readonly update: string;
}

/** The statements, with `table` the quoted name and `placeholder(1)` the first parameter's spelling. */
export function fenceStatements(table: string, placeholder: (position: number) => string): FenceStatements {
  const p = placeholder;
  return {
    raiseOverlapping: `UPDATE ${table} SET fence = fence + 1 WHERE materialization = ${p(1)} AND key_end >= ${p(2)} AND key_begin <= ${p(3)}`,
    select: `SELECT key_begin, key_end, fence, "checkpoint" FROM ${table} WHERE materialization = ${p(1)}`,
    insert: `INSERT INTO ${table} (materialization, key_begin, key_end, fence, "checkpoint") VALUES (${p(1)}, ${p(2)}, ${p(3)}, ${p(4)}, ${p(5)})`,
    update: `UPDATE ${table} SET "checkpoint" = ${p(1)} WHERE materialization = ${p(2)} AND key_begin = ${p(3)} AND key_end = ${p(4)} AND fence = ${p(5)}`,
  };
}
