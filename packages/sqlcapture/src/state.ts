// The capture's durable state: the position of the change stream and, per state key, how far a table is. It changes
// in memory as documents are emitted and leaves as RFC 7396 merge patches that hold the position and the tables
// changed since the last patch, so that one checkpoint names exactly what the documents before it amount to.

import { errors } from './errors.ts';
import { tableModes, type TableMode } from './backfill-mode.ts';

export interface TableState {
  readonly mode: TableMode;
  /** The columns a keyed backfill walks along; undefined for tables without any. */
  readonly keyColumns: readonly string[] | undefined;
  /** Where the backfill stands: the packed key, or the database's own position in the table. */
  readonly scanned: Buffer | undefined;
  /** Rows emitted by the backfill. */
  readonly backfilled: number;
  /** The database's own facts about this table's history, opaque to the engine. */
  readonly metadata: TableMetadata | undefined;
}

export type TableMetadata = Readonly<Record<string, string | number>>;

export const pendingTable: TableState = {
  mode: 'Pending',
  keyColumns: undefined,
  scanned: undefined,
  backfilled: 0,
  metadata: undefined,
};

export class CaptureState {
  /** Position text, or undefined before the first one and after a reset. */
  cursor: string | undefined;
  readonly #tables: Map<string, TableState>;
  readonly #changed = new Set<string>();
  /** Names in the metadata of each table as last written: those that go must be erased one by one. */
  readonly #writtenFacts: Map<string, readonly string[]>;

  constructor(cursor?: string, tables: Iterable<readonly [string, TableState]> = []) {
    this.cursor = cursor;
    this.#tables = new Map(tables);
    this.#writtenFacts = new Map(
      [...this.#tables].map(([key, { metadata }]) => [key, Object.keys(metadata ?? {})]),
    );
  }

  /** Reads a parsed state; `{}`, null and undefined are a capture that never ran. Unknown fields are ignored. */
  static from(json: unknown): CaptureState {
    if (json === null || json === undefined) return new CaptureState();
    const root = asRecord(json, 'the state');
    const cursor = root['cursor'];
    if (cursor !== undefined && cursor !== null && typeof cursor !== 'string')
      throw invalid('`cursor` is not text');
    const tables = asRecord(root['bindingStateV1'] ?? {}, '`bindingStateV1`');
    return new CaptureState(
      cursor === null || cursor === '' ? undefined : cursor,
      Object.entries(tables).map(([key, value]) => [key, tableFrom(key, value)] as const),
    );
  }

  get(stateKey: string): TableState | undefined {
    return this.#tables.get(stateKey);
  }

  keys(): readonly string[] {
    return [...this.#tables.keys()];
  }

  set(stateKey: string, table: TableState): void {
    this.#tables.set(stateKey, table);
    this.#changed.add(stateKey);
  }

  update(stateKey: string, change: Partial<TableState>): void {
    this.set(stateKey, { ...(this.#tables.get(stateKey) ?? pendingTable), ...change });
  }

  /** The merge patch of everything changed since the last call. Absent fields are null, which erases them. */
  takePatch(): string {
    const cursor = this.cursor === undefined ? 'null' : JSON.stringify(this.cursor);
    if (this.#changed.size === 0) return `{"cursor":${cursor}}`;
    const tables: Record<string, unknown> = {};
    for (const key of [...this.#changed].toSorted()) {
      const table = this.#tables.get(key);
      if (table === undefined) continue;
      tables[key] = tableToJson(table, this.#writtenFacts.get(key) ?? []);
      this.#writtenFacts.set(key, Object.keys(table.metadata ?? {}));
    }
    this.#changed.clear();
    return `{"bindingStateV1":${JSON.stringify(tables)},"cursor":${cursor}}`;
  }
}

function tableToJson(table: TableState, writtenFacts: readonly string[]) {
  const erased = Object.fromEntries(writtenFacts.map((name) => [name, null]));
  return {
    backfilled: table.backfilled,
    key_columns: table.keyColumns ?? null,
    metadata: table.metadata === undefined ? null : { ...erased, ...table.metadata },
    mode: table.mode,
    scanned: table.scanned?.toString('base64') ?? null,
  };
}

function tableFrom(key: string, json: unknown): TableState {
  const where = `the table state ${JSON.stringify(key)}`;
  const table = asRecord(json, where);
  const mode = tableModes.find((candidate) => candidate === table['mode']);
  if (mode === undefined) throw invalid(`${where} has the unknown mode ${JSON.stringify(table['mode'])}`);
  const scanned = table['scanned'] ?? undefined;
  if (scanned !== undefined && typeof scanned !== 'string')
    throw invalid(`\`scanned\` of ${where} is not text`);
  const backfilled = table['backfilled'] ?? 0;
  if (typeof backfilled !== 'number') throw invalid(`\`backfilled\` of ${where} is not a number`);
  return {
    mode,
    keyColumns: keyColumnsFrom(where, table['key_columns']),
    scanned: scanned === undefined ? undefined : Buffer.from(scanned, 'base64'),
    backfilled,
    metadata: metadataFrom(table['metadata']),
  };
}

function keyColumnsFrom(where: string, json: unknown): readonly string[] | undefined {
  if (json === null || json === undefined) return undefined;
  if (!Array.isArray(json) || !json.every((column) => typeof column === 'string')) {
    throw invalid(`\`key_columns\` of ${where} is not a list of names`);
  }
  return json.length === 0 ? undefined : json;
}

/** Metadata of another writer is dropped rather than refused: it only sharpens checks. */
function metadataFrom(json: unknown): TableMetadata | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const entries = Object.entries(json).filter(
    ([, value]) => typeof value === 'string' || typeof value === 'number',
  );
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as TableMetadata);
}

function asRecord(json: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw invalid(`${what} is not an object`);
  return json as Readonly<Record<string, unknown>>;
}

function invalid(reason: string) {
  return errors.SQL_STATE_INVALID({ message: `the stored state of the capture cannot be read: ${reason}` });
}
