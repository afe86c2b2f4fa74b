// What a runtime does with a capture's output, as far as the engine's promises go: documents become visible when the
// checkpoint after them is committed, which may be later than it came, and a process that dies loses what was not.

import type { EngineOutput } from '../src/engine-settings.ts';

export interface Received {
  readonly binding: number;
  readonly document: {
    readonly op: string;
    readonly id: number;
    readonly value: number;
    readonly snapshot?: true;
  };
}

interface Checkpoint {
  readonly patch: string;
  readonly documents: readonly Received[];
}

export class Downstream {
  readonly tables: Map<number, number>[];
  readonly committed: Received[] = [];
  readonly schemas: { binding: number; schema: string }[] = [];
  state: Record<string, unknown> = {};
  checkpoints = 0;
  /** How many of the checkpoints that wait are committed when one has come. */
  commitsOf: (waiting: number) => number = (waiting) => waiting;
  #open: Received[] = [];
  #waiting: Checkpoint[] = [];

  constructor(tables: number) {
    this.tables = Array.from({ length: tables }, () => new Map<number, number>());
  }

  /** The output of one process, which is told how many checkpoints were committed; `onOutput` may throw to make it die. */
  attach(
    onOutput: (kind: 'document' | 'checkpoint') => void,
    onCommitted: (checkpoints: number) => void = () => {},
  ): EngineOutput {
    this.#open = [];
    this.#waiting = [];
    let death: unknown;
    const alive = (): void => {
      if (death !== undefined) throw death;
    };
    const tell = (kind: 'document' | 'checkpoint'): void => {
      try {
        onOutput(kind);
      } catch (error) {
        death = error;
        throw error;
      }
    };
    const document = (binding: number, bytes: Buffer): void => {
      alive();
      this.#open.push({ binding, document: JSON.parse(bytes.toString()) as Received['document'] });
      tell('document');
    };
    return {
      documents: (binding, count, { bytes, ends }) => {
        let start = 0;
        for (let index = 0; index < count; index += 1) {
          document(binding, bytes.subarray(start, ends[index]));
          start = ends[index] ?? start;
        }
      },
      sourcedSchema: (binding, schema) => this.schemas.push({ binding, schema }),
      checkpoint: (patch) => {
        alive();
        this.#waiting.push({ patch, documents: this.#open });
        this.#open = [];
        const committed = this.#waiting.splice(0, this.commitsOf(this.#waiting.length));
        for (const checkpoint of committed) this.#commit(checkpoint);
        tell('checkpoint');
        if (committed.length > 0) onCommitted(committed.length);
      },
      drained: () => Promise.resolve(),
    };
  }

  /** Commits what a process has left that has ended by itself. */
  settle(): void {
    for (const checkpoint of this.#waiting.splice(0)) this.#commit(checkpoint);
  }

  #commit({ patch, documents }: Checkpoint): void {
    this.state = mergePatch(this.state, JSON.parse(patch)) as Record<string, unknown>;
    for (const received of documents) this.#apply(received);
    this.committed.push(...documents);
    this.checkpoints += 1;
  }

  #apply({ binding, document }: Received): void {
    const table = this.tables[binding];
    if (document.op === 'd') table?.delete(document.id);
    else table?.set(document.id, document.value);
  }
}

/** RFC 7396. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {};
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}
