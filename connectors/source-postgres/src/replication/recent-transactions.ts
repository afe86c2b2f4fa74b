// Transactions whose commit was streamed but which a query may not see yet. A commit record reaches the log before
// the transaction leaves the list of running ones; with a synchronous standby the gap can last seconds. A backfill
// that read in that gap would bring back an older row, so it waits until its snapshot sees all of these.

const HALF = 2 ** 31;
const WHOLE = 2 ** 32;

/** Parsed text of pg_current_snapshot(): `xmin:xmax:xid,xid,…`, with 64-bit transaction ids. */
export interface Snapshot {
  readonly text: string;
  readonly xmin: number;
  readonly xmax: number;
  readonly running: ReadonlySet<number>;
}

export function parseSnapshot(text: string): Snapshot {
  const [xmin = '', xmax = '', running = ''] = text.split(':');
  return {
    text,
    xmin: Number(xmin),
    xmax: Number(xmax),
    running: new Set(running === '' ? [] : running.split(',').map(Number)),
  };
}

/** `xid` has 32 bits, as in the replication stream: the one that is nearest to the snapshot is meant. */
export function isVisible(snapshot: Snapshot, xid: number): boolean {
  const distance = (((xid - snapshot.xmax) % WHOLE) + WHOLE + HALF) % WHOLE;
  const full = snapshot.xmax + distance - HALF;
  if (full < snapshot.xmin) return true;
  return full < snapshot.xmax && !snapshot.running.has(full);
}

/** Beyond this many the oldest are forgotten: they have long been visible, unless the server hangs. */
const MOST_REMEMBERED = 65_536;

export class RecentTransactions {
  readonly #xids = new Set<number>();

  add(xid: number): void {
    this.#xids.add(xid);
    if (this.#xids.size <= MOST_REMEMBERED) return;
    for (const oldest of this.#xids) {
      this.#xids.delete(oldest);
      break;
    }
  }

  get size(): number {
    return this.#xids.size;
  }

  /** As of now: later snapshots have to see all of these. */
  all(): readonly number[] {
    return [...this.#xids];
  }

  /** Forgets what the snapshot sees, and every later one will. */
  settle(snapshot: Snapshot): void {
    for (const xid of this.#xids) if (isVisible(snapshot, xid)) this.#xids.delete(xid);
  }
}
