// What the soon one of two looks has sent, so that the late one sends only what that one could not see yet. A row is known
// by its bytes, not by its time alone: a row that changed twice within one tick has the same time both times. Where times are
// too fine for that, by its time: what an API shows of a row may change though the row has not.
//
// It lives as long as a session: the late look then sends once more what was sent before.

import { createHash } from 'node:crypto';
import { canonicalJson, parsePointer, resolvePointer } from '@weir/schema';
import { parseJson } from '@weir/schema/json';
import type { Instant } from '../time/instant.ts';
import type { TimedRow } from './timed-list.ts';

/** So many are remembered; the late look sends again what is forgotten. */
const MOST_ROWS = 50_000;

interface Sent {
  readonly digest: string;
  readonly time: Instant;
}

export class SentRows {
  readonly #key: readonly (readonly string[])[];
  readonly #isByTime: boolean;
  readonly #rows = new Map<string, Sent>();

  constructor(key: readonly string[], isByTime = false) {
    this.#key = key.map(parsePointer);
    this.#isByTime = isByTime;
  }

  get size(): number {
    return this.#rows.size;
  }

  add({ bytes, time }: TimedRow): void {
    this.#rows.set(this.#keyOf(bytes), { digest: this.#isByTime ? '' : digestOf(bytes), time });
    const [oldest] = this.#rows.size > MOST_ROWS ? this.#rows.keys() : [];
    if (oldest !== undefined) this.#rows.delete(oldest);
  }

  /** Whether this row has been sent, or a newer one of its key. */
  has({ bytes, time }: TimedRow): boolean {
    const sent = this.#rows.get(this.#keyOf(bytes));
    if (sent === undefined) return false;
    if (sent.time.isAfter(time)) return true;
    return this.#isByTime ? !time.isAfter(sent.time) : sent.digest === digestOf(bytes);
  }

  forgetBefore(time: Instant): void {
    for (const [key, sent] of this.#rows) if (time.isAfter(sent.time)) this.#rows.delete(key);
  }

  #keyOf(bytes: Buffer): string {
    const row = parseJson(bytes);
    return canonicalJson(this.#key.map((pointer) => resolvePointer(row, pointer) ?? null));
  }
}

function digestOf(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('base64');
}
