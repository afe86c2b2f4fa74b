// A position of the write-ahead log.

import { formatLsn } from '@weir/pgwire';
import type { Position } from '@weir/sqlcapture';

export class LsnPosition implements Position {
  readonly lsn: bigint;

  constructor(lsn: bigint) {
    this.lsn = lsn;
  }

  toString(): string {
    return formatLsn(this.lsn);
  }

  atLeast(other: Position): boolean {
    return other instanceof LsnPosition && this.lsn >= other.lsn;
  }
}
