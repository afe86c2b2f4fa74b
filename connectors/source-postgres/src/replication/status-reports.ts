// What the server is told of our progress: every ten seconds, whenever it asks, and soon after an acknowledgement.
// Timers only: a slow reader downstream must not make the server believe that we are gone.

import type { ReplicationStream as WireStream } from '@weir/pgwire';

const REPORT_INTERVAL_MS = 10_000;
/** Acknowledgements closer together than this share one report. */
const ACKNOWLEDGE_DELAY_MS = 50;

export class StatusReports {
  readonly #stream: Pick<WireStream, 'sendStandbyStatus'>;
  readonly #interval: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;
  #acknowledged: bigint;
  /** Up to which everything had been sent when the server asked last. */
  #askedAt: bigint | undefined;

  constructor(stream: Pick<WireStream, 'sendStandbyStatus'>, acknowledged: bigint) {
    this.#stream = stream;
    this.#acknowledged = acknowledged;
    this.#interval = setInterval(() => this.send(false), REPORT_INTERVAL_MS);
    this.#interval.unref();
    this.send(false);
  }

  /** Never goes back. */
  acknowledge(lsn: bigint): void {
    if (lsn <= this.#acknowledged) return;
    this.#acknowledged = lsn;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.send(false);
    }, ACKNOWLEDGE_DELAY_MS);
  }

  /** `replyRequested`: the server answers with a keepalive at once. */
  send(replyRequested: boolean): void {
    const lsn = this.#acknowledged;
    this.#stream.sendStandbyStatus({ write: lsn, flush: lsn, apply: lsn, replyRequested });
  }

  /**
   * The server, which has sent everything up to `sent`, asks how far we are. If it asks again at the same position it may be
   * shutting down, and waits until all of it is flushed: the runtime may never commit it. So it is told that it was written,
   * and of flushing nothing. A server that stops goes by that, as with pg_receivewal; any other one takes no notice. In
   * neither does the slot move.
   */
  answer(sent: bigint): void {
    const isAskedAgain = sent === this.#askedAt;
    this.#askedAt = sent;
    if (!isAskedAgain || this.#acknowledged >= sent) this.send(false);
    else this.#stream.sendStandbyStatus({ write: sent, flush: 0n, apply: 0n, replyRequested: false });
  }

  /** Sends what has been acknowledged last, so that a clean end leaves nothing to keep for us. */
  stop(): void {
    clearInterval(this.#interval);
    clearTimeout(this.#soon);
    this.send(false);
  }
}
