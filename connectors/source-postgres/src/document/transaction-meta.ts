// What all changes of one transaction have in common in their `_meta.source`.

/** A position of the log in changes, where there are many: a number while that is exact, as it is for 8 PiB of log. */
export type ChangeLsn = number | bigint;

export class TransactionMeta {
  /** Tells a plan that it has to build its head anew. */
  sequence = 0;
  commitTimeMs = 0n;
  /** End of the last completed transaction: the first part of every position. */
  previousEndLsn = 0n;
  /** Position of this transaction's commit: the last part of every position. */
  finalLsn = 0n;
  xid = 0;
  /** The middle part of the last position given out in this transaction. */
  #lastLsn: ChangeLsn = -1;

  begin(finalLsn: bigint, commitTimeMicros: bigint, xid: number): void {
    this.sequence += 1;
    this.finalLsn = finalLsn;
    this.commitTimeMs = commitTimeMicros / 1000n;
    this.xid = xid;
    this.#lastLsn = -1;
  }

  /**
   * The middle part of the next position. Rows that one WAL record inserted share its LSN (COPY writes such records),
   * and an update of a key is two events; counting on from the LSN keeps positions apart and in order, since the
   * next record lies further away than the rows that fit into this one.
   */
  nextLsn(walStart: ChangeLsn): ChangeLsn {
    this.#lastLsn = walStart > this.#lastLsn ? walStart : after(this.#lastLsn);
    return this.#lastLsn;
  }
}

function after(lsn: ChangeLsn): ChangeLsn {
  return typeof lsn === 'number' && lsn < Number.MAX_SAFE_INTEGER ? lsn + 1 : BigInt(lsn) + 1n;
}
