// A table in memory as the database of a batch capture, and an output that keeps what was committed. Only the engine is
// under test with it: what a real server does is tested in the connectors.

import type { CaptureOutput, CaptureTransaction, StatePatch } from '@weir/capture';
import type { Clock, Logger } from '@weir/connector';
import type { JsonBuffer } from '@weir/json-bytes';
import { type BatchBinding, batchBinding, type BatchResource } from '../src/index.ts';
import type { BatchDatabase, Poller } from '../src/database.ts';
import { pollQuery } from '../src/query-poll.ts';
import type { RowSource } from '../src/rows.ts';
import type { CursorValue } from '../src/state.ts';
import { CUSTOM_QUERY } from '../src/state.ts';

export type Row = Readonly<Record<string, CursorValue>>;
export interface Document {
  readonly _meta: {
    readonly polled: string;
    readonly index: number;
    readonly row_id: number;
    readonly op?: string;
    readonly source: Readonly<Record<string, string>>;
  };
  readonly [column: string]: unknown;
}

export class TableDatabase implements BatchDatabase {
  readonly rows: Row[];
  readonly columns: readonly string[];
  /** Throws before the row of this number, once. */
  failure: { readonly row: number; readonly error: Error } | undefined;
  running = 0;
  mostRunning = 0;
  polls = 0;
  schemas: ReadonlyMap<number, object> = new Map();

  constructor(columns: readonly string[], rows: Row[] = []) {
    this.columns = columns;
    this.rows = rows;
  }

  poller(binding: BatchBinding): Poller {
    return {
      mode: CUSTOM_QUERY,
      poll: async (poll) => {
        this.polls += 1;
        this.running += 1;
        this.mostRunning = Math.max(this.mostRunning, this.running);
        try {
          await pollQuery(poll, (after) => Promise.resolve(this.#source(binding.cursor, after)));
        } finally {
          this.running -= 1;
        }
      },
    };
  }

  sourcedSchemas() {
    return Promise.resolve(this.schemas);
  }

  isInterruption(error: unknown): boolean {
    return error instanceof Error && error.message === 'interrupted';
  }

  #source(cursor: readonly string[], after: readonly CursorValue[] | undefined): RowSource {
    const order = (a: readonly CursorValue[], b: readonly CursorValue[]): number => {
      for (const [index, value] of a.entries()) {
        const other = b[index] ?? null;
        if (value === other) continue;
        if (value === null || other === null) return value === null ? -1 : 1;
        return value < other ? -1 : 1;
      }
      return 0;
    };
    const tuple = (row: Row) => cursor.map((name) => row[name] ?? null);
    const found = this.rows
      .filter((row) => after === undefined || (row[cursor[0] ?? ''] !== null && order(tuple(row), after) > 0))
      .toSorted((a, b) => order(tuple(a), tuple(b)));
    const { columns } = this;
    let position = 0;
    let row: Row = {};
    let given = false;
    return {
      columns,
      next: () => {
        const { failure } = this;
        if (failure !== undefined && position === failure.row) {
          this.failure = undefined;
          return Promise.reject(failure.error);
        }
        if (position >= found.length) {
          const count = given ? undefined : 0;
          given = true;
          return Promise.resolve(count);
        }
        given = true;
        position += 1;
        return Promise.resolve(1);
      },
      select: () => {
        row = found[position - 1] ?? {};
      },
      writeValue: (out: JsonBuffer, column) => out.ascii(JSON.stringify(row[columns[column] ?? ''] ?? null)),
      cursorValue: (column) => row[columns[column] ?? ''] ?? null,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
}

interface Group {
  readonly documents: readonly { binding: number; document: Document }[];
  readonly patch: Record<string, unknown>;
}

/** Keeps groups as they are committed; `state` is what a runtime would hold. */
export class MemoryOutput implements CaptureOutput {
  readonly groups: Group[] = [];
  readonly sourced: { binding: number; schema: object }[] = [];
  state: Record<string, unknown> = {};
  /** What was sent and never committed. */
  lost = 0;
  largestGroup = 0;
  #queue: Promise<unknown> = Promise.resolve();
  onCheckpoint: (() => void) | undefined;

  constructor(state: Record<string, unknown> = {}) {
    this.state = state;
  }

  get documents(): Document[] {
    return this.groups.flatMap(({ documents }) => documents.map(({ document }) => document));
  }

  of(binding: number): Document[] {
    return this.groups.flatMap(({ documents }) =>
      documents.filter((entry) => entry.binding === binding).map(({ document }) => document),
    );
  }

  transaction<T>(body: (transaction: CaptureTransaction) => Promise<T> | T): Promise<T> {
    const result = this.#queue.then(() => this.#run(body));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #run<T>(body: (transaction: CaptureTransaction) => Promise<T> | T): Promise<T> {
    let open: { binding: number; document: Document }[] = [];
    const transaction: CaptureTransaction = {
      congested: false,
      drained: () => Promise.resolve(),
      document: (binding, doc) => {
        open.push({ binding, document: JSON.parse(doc.toString()) as Document });
      },
      documents: (binding, bytes, ends, count) => {
        for (let index = 0; index < count; index += 1) {
          const start = index === 0 ? 0 : ends[index - 1];
          open.push({
            binding,
            document: JSON.parse(bytes.toString('utf8', start, ends[index])) as Document,
          });
        }
      },
      sourcedSchema: (binding, schema) => {
        this.sourced.push({ binding, schema });
      },
      checkpoint: (patch) => {
        const parsed = JSON.parse(typeof patch === 'string' ? patch : JSON.stringify(patch)) as Record<
          string,
          unknown
        >;
        this.groups.push({ documents: open, patch: parsed });
        this.largestGroup = Math.max(this.largestGroup, open.length);
        this.state = merged(this.state, parsed) as Record<string, unknown>;
        open = [];
        this.onCheckpoint?.();
        return this.groups.length;
      },
    };
    try {
      return await body(transaction);
    } finally {
      this.lost += open.length;
    }
  }

  checkpoint(patch: StatePatch): Promise<number> {
    return this.transaction((transaction) => transaction.checkpoint(patch));
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  get acknowledgements(): never {
    throw new Error('a batch capture has no explicit acknowledgements');
  }
}

/** RFC 7396. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {};
  const result: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name], value);
  }
  return result;
}

/** Time that passes only when somebody waits for it. */
export class ManualClock implements Clock {
  nowMs: number;
  readonly #waiting: { timeMs: number; resolve: () => void }[] = [];

  constructor(start: string) {
    this.nowMs = Date.parse(start);
  }

  now(): number {
    return this.nowMs;
  }

  async until(timeMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (timeMs <= this.nowMs) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ timeMs, resolve });
    signal.addEventListener('abort', () => reject(signal.reason as Error));
    await promise;
  }

  /** When the next waiter is due. */
  get nextMs(): number | undefined {
    return this.#waiting.length === 0 ? undefined : Math.min(...this.#waiting.map(({ timeMs }) => timeMs));
  }

  /** Goes on to the next time somebody waits for. */
  advance(): void {
    const next = this.nextMs;
    if (next === undefined) throw new Error('nobody waits');
    this.nowMs = next;
    for (const waiter of this.#waiting.filter(({ timeMs }) => timeMs <= next)) {
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      waiter.resolve();
    }
  }
}

export interface Warning {
  readonly level: string;
  readonly message: string;
}

export function memoryLog(lines: Warning[]): Logger {
  const at = (level: string) => (message: string) => {
    lines.push({ level, message });
  };
  const log: Logger = {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    status: at('status'),
    configUpdate: () => undefined,
    with: () => log,
  };
  return log;
}

export function testBinding(
  resource: Partial<BatchResource>,
  options: { index?: number; key?: readonly string[]; tag?: string } = {},
): BatchBinding {
  const { index = 0, key = ['/_meta/row_id'], tag } = options;
  return batchBinding(
    {
      index,
      stateKey: `key${index}`,
      resource: { name: `r${index}`, schema: 'public', table: `t${index}`, ...resource },
      collection: {
        name: 'acme/c',
        key: [...key],
        uuidPtr: '/_meta/uuid',
        partitionFields: [],
        projections: [],
        writeSchema: '{}',
      },
    },
    { defaultSchedule: '5m', sourceTag: tag },
  );
}
