// The output of a session as a runtime takes it, one line after another: the documents of a checkpoint are committed
// with its state, and never without. It may die between any two lines; what had no checkpoint is then gone. Or the session is
// asked to stop between two lines, and may send what it still wants to.

import type { CaptureOutput, CaptureTransaction, StatePatch } from '@weir/capture';
import {
  getProperty,
  isJsonObject,
  parseJson,
  setProperty,
  type JsonObject,
  type JsonValue,
} from '@weir/schema/json';

/** How the output dies. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

export interface CommittedDocument {
  readonly binding: number;
  readonly text: string;
  readonly document: JsonObject;
}

/** What outlives a session. */
export class Committed {
  state: JsonObject = {};
  readonly documents: CommittedDocument[] = [];
  checkpoints = 0;

  commit(documents: readonly CommittedDocument[], patch: StatePatch): void {
    this.documents.push(...documents);
    this.checkpoints += 1;
    const value = typeof patch === 'string' ? parseJson(patch) : patch;
    if (!isJsonObject(value)) throw new TypeError('a patch that is no object');
    this.state = applyPatch(this.state, value) as JsonObject;
  }
}

/** RFC 7396, without changing what it is applied to. */
function applyPatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const result: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else setProperty(result, name, applyPatch(getProperty(result, name), value));
  }
  return result;
}

/** How a session ends: what it has not committed is gone, or it is asked to come to an end by itself. */
export type Ending = 'killed' | 'stopped';

export class CrashingOutput implements CaptureOutput {
  readonly #committed: Committed;
  readonly #ending: Ending;
  readonly #onEnd: () => void;
  #linesLeft: number;
  #queue: Promise<unknown> = Promise.resolve();
  #open: CommittedDocument[] = [];
  #sent = 0;
  #isDead = false;

  /** `onEnd` ends the session before line `lines + 1`; if that kills it, the line and all others are lost. */
  constructor(committed: Committed, lines: number, onEnd: () => void, ending: Ending = 'killed') {
    this.#committed = committed;
    this.#linesLeft = lines;
    this.#ending = ending;
    this.#onEnd = onEnd;
  }

  get acknowledgements(): never {
    throw new TypeError('no acknowledgements here');
  }

  transaction<T>(body: (transaction: CaptureTransaction) => Promise<T> | T): Promise<T> {
    const result = this.#queue.then(async () => {
      if (this.#isDead) throw new Crash('the output is dead');
      const value = await body(this.#transaction());
      if (this.#open.length > 0) throw new TypeError('documents without a checkpoint');
      return value;
    });
    this.#queue = result.catch(() => undefined);
    return result;
  }

  checkpoint(patch: StatePatch, onAcknowledged?: () => void): Promise<number> {
    return this.transaction((transaction) => transaction.checkpoint(patch, onAcknowledged));
  }

  async drained(): Promise<void> {}

  #transaction(): CaptureTransaction {
    return {
      congested: false,
      drained: async () => undefined,
      sourcedSchema: () => this.#line(),
      document: (binding, doc) => {
        this.#line();
        this.#open.push(committed(binding, doc));
      },
      documents: (binding, bytes, ends, count) => {
        let start = 0;
        for (let index = 0; index < count; index += 1) {
          const end = ends[index] ?? start;
          this.#line();
          this.#open.push(committed(binding, bytes.subarray(start, end)));
          start = end;
        }
      },
      checkpoint: (patch, onAcknowledged) => {
        this.#line();
        this.#committed.commit(this.#open, patch);
        this.#open = [];
        this.#sent += 1;
        onAcknowledged?.();
        return this.#sent;
      },
    };
  }

  #line(): void {
    this.#linesLeft -= 1;
    if (this.#linesLeft !== -1) return;
    this.#onEnd();
    if (this.#ending === 'stopped') return;
    this.#isDead = true;
    throw new Crash('the output died');
  }
}

function committed(binding: number, bytes: Buffer): CommittedDocument {
  const document = parseJson(bytes);
  if (!isJsonObject(document)) throw new TypeError('a document that is no object');
  return { binding, text: bytes.toString(), document };
}
