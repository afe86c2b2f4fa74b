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

  /** Sends what has been acknowledged last, so that a clean end leaves nothing to keep for us. */
  stop(): void {
    clearInterval(this.#interval);
    clearTimeout(this.#soon);
    this.send(false);
  }
}
