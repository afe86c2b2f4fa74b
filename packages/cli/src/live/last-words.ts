// The last log of a failed connector is the error that its task fails with, and is told once: as that failure. An error
// that a connector logs is therefore held back for a moment, and let go when the task does not fail of it.

import type { SupervisorEvent } from '@weir/runtime';

type LogEvent = Extract<SupervisorEvent, { kind: 'log' }>;
type FailedEvent = Extract<SupervisorEvent, { kind: 'failed' }>;

/** A connector that logs its last words exits at once. */
const heldMs = 2000;

export class LastWords {
  readonly #tell: (event: SupervisorEvent, nowMs: number) => void;
  readonly #held = new Map<string, { readonly event: LogEvent; readonly sinceMs: number }>();

  constructor(tell: (event: SupervisorEvent, nowMs: number) => void) {
    this.#tell = tell;
  }

  onEvent(event: SupervisorEvent, nowMs: number): void {
    const held = this.#held.get(event.task);
    if (held !== undefined && (event.kind === 'log' || event.kind === 'failed')) {
      this.#held.delete(event.task);
      if (event.kind === 'log' || !isToldBy(event, held.event)) this.#tell(held.event, nowMs);
    }
    if (event.kind === 'log' && event.log.level === 'error') {
      this.#held.set(event.task, { event, sinceMs: nowMs });
    } else {
      this.#tell(event, nowMs);
    }
  }

  /** Lets go of what no failure has followed; of everything at the end. */
  release(nowMs: number, isEnd = false): void {
    for (const [task, { event, sinceMs }] of this.#held) {
      if (!isEnd && nowMs - sinceMs < heldMs) continue;
      this.#held.delete(task);
      this.#tell(event, nowMs);
    }
  }
}

/** The failure has the log's code, or begins or ends with its text (a connector that was killed is named before it). */
function isToldBy({ error }: FailedEvent, { log }: LogEvent): boolean {
  const { code } = log.fields;
  if (typeof code === 'string' && code === error.code) return true;
  return error.message.startsWith(log.message) || error.message.endsWith(log.message);
}
