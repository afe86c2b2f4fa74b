// A session installs its fence by raising that of every row it overlaps, and commits only while its own is unchanged:
// an older session that still runs finds its commit refused. Where it goes on from is decided here, also when the
// ranges of sessions were split or merged since.

import { EXPLICIT_ZERO_CHECKPOINT, type Checkpoint, type RangeSpec } from '@weir/protocol';
import { decodeFenceCheckpoint, encodeFenceCheckpoint, type FenceRow } from './checkpoints-table.ts';
import { errors } from './errors.ts';

export interface FencePlan {
  /** The session's own row, as it is to be afterwards. */
  readonly own: FenceRow;
  /** What has to be written for that. */
  readonly write: 'nothing' | 'insert' | 'update';
}

/** The fence of a session: what it updates, and how it knows that it is still the newest. */
export interface Fence {
  readonly keyBegin: number;
  readonly keyEnd: number;
  readonly fence: bigint;
  readonly checkpoint: Checkpoint | typeof EXPLICIT_ZERO_CHECKPOINT;
}

export function overlaps(row: Pick<FenceRow, 'keyBegin' | 'keyEnd'>, range: RangeSpec): boolean {
  return row.keyEnd >= range.keyBegin && row.keyBegin <= range.keyEnd;
}

/**
 * Whether a row that overlaps `range` came in between raising the fences, of which there were `raised`, and reading them:
 * its fence was not raised, and two sessions would share it. The session has to begin again.
 */
export function hasUnraisedRow(rows: readonly FenceRow[], range: RangeSpec, raised: number): boolean {
  return rows.filter((row) => overlaps(row, range)).length !== raised;
}

/**
 * Which row a session over `range` owns, given the task's rows after the fence of every overlapping one was raised.
 * It goes on from the narrowest row that covers its range (its own, or a parent that was split), or starts from nothing.
 * Rows that have read further than that one are of ranges that were merged since: the session goes on from theirs when
 * they cover its range and all ended at the same place, and throws SQL_RANGES_DIVERGED when they did not.
 */
export function planFence(raisedRows: readonly FenceRow[], range: RangeSpec): FencePlan {
  const { keyBegin, keyEnd } = range;
  const covering = raisedRows
    .filter((row) => row.keyBegin <= keyBegin && row.keyEnd >= keyEnd)
    .sort((a, b) => a.keyEnd - a.keyBegin - (b.keyEnd - b.keyBegin));
  const [narrowest] = covering;
  const adopted = covering.find((row) => !covering.some((other) => isAhead(other, row))) ?? narrowest;
  const ahead = raisedRows.filter((row) => overlaps(row, range) && row !== adopted && isAhead(row, adopted));
  const source = ahead.length === 0 ? adopted : mergedRow(ahead, range);
  const own = raisedRows.find((row) => row.keyBegin === keyBegin && row.keyEnd === keyEnd);
  const checkpoint = source?.checkpoint ?? encodeFenceCheckpoint(EXPLICIT_ZERO_CHECKPOINT);
  if (own === undefined) {
    return { own: { keyBegin, keyEnd, fence: source?.fence ?? 0n, checkpoint }, write: 'insert' };
  }
  return { own: { ...own, checkpoint }, write: own.checkpoint === checkpoint ? 'nothing' : 'update' };
}

export function fenceOf({ own }: FencePlan): Fence {
  return { ...own, checkpoint: decodeFenceCheckpoint(own.checkpoint) };
}

/** Some journal was read further. */
function isAhead(row: FenceRow, other: FenceRow | undefined): boolean {
  const theirs = positions(other);
  return [...positions(row)].some(([source, offset]) => offset > (theirs.get(source) ?? 0n));
}

function positions(row: FenceRow | undefined): ReadonlyMap<string, bigint> {
  const checkpoint = row === undefined ? EXPLICIT_ZERO_CHECKPOINT : decodeFenceCheckpoint(row.checkpoint);
  if (checkpoint === EXPLICIT_ZERO_CHECKPOINT) return new Map();
  return new Map(Object.entries(checkpoint.sources).map(([name, { readThrough }]) => [name, readThrough]));
}

function mergedRow(rows: readonly FenceRow[], range: RangeSpec): FenceRow {
  const sorted = rows.toSorted((a, b) => a.keyBegin - b.keyBegin);
  const [first] = sorted;
  const isTiled = sorted.every((row, index) => {
    const begin = index === 0 ? range.keyBegin : (sorted[index - 1]?.keyEnd ?? 0) + 1;
    return row.keyBegin === begin && (index < sorted.length - 1 || row.keyEnd === range.keyEnd);
  });
  const areEqual = rows.every((row) => !rows.some((other) => isAhead(other, row)));
  if (first === undefined || !isTiled || !areEqual) {
    throw errors.SQL_RANGES_DIVERGED({
      message: `The range ${rangeText(range)} is to go on where ${rows.map(rangeText).join(' and ')} ended, and they did not end at the same place.`,
    });
  }
  const fence = rows.reduce((most, row) => (row.fence > most ? row.fence : most), first.fence);
  return { ...first, fence };
}

function rangeText({ keyBegin, keyEnd }: Pick<FenceRow, 'keyBegin' | 'keyEnd'>): string {
  return `${keyBegin.toString(16).padStart(8, '0')}–${keyEnd.toString(16).padStart(8, '0')}`;
}
