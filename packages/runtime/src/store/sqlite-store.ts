// The store on SQLite: WAL, synchronous FULL, one connection per thread. Writers wait for each other for up to ten
// seconds; every write transaction here is a handful of rows.

import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { JsonText } from '@weir/protocol';
import { errors } from '../errors.ts';
import { type Random, systemRandom } from '../host/clock.ts';
import { explainDiskError } from '../host/disk.ts';
import { journalFolderName, journalName } from '../journal/journal-name.ts';
import { migrations } from './migrations.ts';
import type {
  BackfillRequest,
  BindingCount,
  CaptureCommit,
  JournalRecord,
  MaterializationCommit,
  MaxKey,
  RequestedBackfills,
  Store,
  StoredInferredSchema,
  TaskKind,
  TaskRecord,
} from './store.ts';

type Row = Record<string, unknown>;

export interface SqliteStoreOptions {
  /** Only look: no migrations, no writes, no lock needed. The file must exist. */
  readonly readOnly?: boolean;
  readonly random?: Random;
}

export class SqliteStore implements Store {
  readonly producerId: Buffer;
  readonly #database: DatabaseSync;
  readonly #random: Random;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, options: SqliteStoreOptions = {}) {
    this.#random = options.random ?? systemRandom;
    const readOnly = options.readOnly === true;
    try {
      if (!readOnly) closeSync(openSync(path, 'a', 0o600));
      this.#database = new DatabaseSync(path, { readOnly, timeout: 10_000 });
      if (!readOnly) this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    } catch (error) {
      throw errors.RUNTIME_STATE_UNUSABLE({
        message: `The store ${path} cannot be opened: ${(error as Error).message}.`,
        cause: error,
      });
    }
    this.#migrate(path, readOnly);
    this.producerId = this.#loadProducerId(readOnly);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  task(name: string): TaskRecord | undefined {
    const row = this.#get('SELECT * FROM task WHERE name = ?', name);
    return row === undefined ? undefined : taskOf(row);
  }

  tasks(): TaskRecord[] {
    return this.#all('SELECT * FROM task ORDER BY name').map(taskOf);
  }

  putApplied(
    name: string,
    kind: TaskKind,
    spec: JsonText,
    version: string,
    state: JsonText | undefined,
  ): void {
    this.#transaction('the applied specification', () => {
      this.#ensureTask(name, kind);
      this.#run('UPDATE task SET last_applied = ?, last_version = ? WHERE name = ?', spec, version, name);
      if (state !== undefined) this.#run('UPDATE task SET state = ? WHERE name = ?', state, name);
    });
  }

  putState(name: string, kind: TaskKind, state: JsonText): void {
    this.#transaction('the connector state', () => {
      this.#ensureTask(name, kind);
      this.#run('UPDATE task SET state = ? WHERE name = ?', state, name);
    });
  }

  journals(collection?: string): JournalRecord[] {
    const rows =
      collection === undefined
        ? this.#all('SELECT * FROM journal ORDER BY name')
        : this.#all('SELECT * FROM journal WHERE collection = ? ORDER BY name', collection);
    return rows.map(journalOf);
  }

  openJournal(collection: string, task: string): JournalRecord {
    const find = (): JournalRecord | undefined => {
      const row = this.#get('SELECT * FROM journal WHERE collection = ? AND task = ?', collection, task);
      return row === undefined ? undefined : journalOf(row);
    };
    const known = find();
    if (known !== undefined) return known;
    return this.#transaction('a new journal', () => {
      const name = journalName(collection, task, this.#random);
      this.#run(
        'INSERT INTO journal (name, collection, task, folder) VALUES (?, ?, ?, ?)',
        name,
        collection,
        task,
        journalFolderName(name),
      );
      const created = find();
      if (created === undefined) throw new Error(`journal ${name} vanished`);
      return created;
    });
  }

  commitCapture(commit: CaptureCommit): void {
    this.#transaction('a capture transaction', () => {
      this.#ensureTask(commit.task, 'capture');
      for (const { name, head, documents, clock } of commit.heads) {
        this.#run(
          'UPDATE journal SET head = ?, documents = ?, clock = ? WHERE name = ?',
          head,
          documents,
          clock,
          name,
        );
      }
      for (const { collection, stateKey, schema } of commit.inferred) {
        this.#run(
          `INSERT INTO inferred_schema (collection, task, state_key, schema, version) VALUES (?, ?, ?, ?, 1)
           ON CONFLICT DO UPDATE SET schema = excluded.schema, version = version + 1`,
          collection,
          commit.task,
          stateKey,
          schema,
        );
      }
      this.#run(
        'UPDATE task SET state = ?, transactions = transactions + 1, last_commit_ms = ? WHERE name = ?',
        commit.state,
        commit.nowMs,
        commit.task,
      );
      this.#addCounts(commit.task, commit.counts);
    });
  }

  commitMaterialization(commit: MaterializationCommit): void {
    this.#transaction('a materialization checkpoint', () => {
      this.#ensureTask(commit.task, 'materialization');
      this.#run(
        `UPDATE task SET checkpoint = ?, state = coalesce(?, state), transactions = transactions + 1,
         last_commit_ms = ? WHERE name = ?`,
        commit.checkpoint,
        commit.state ?? null,
        commit.nowMs,
        commit.task,
      );
      this.#addCounts(commit.task, commit.counts);
    });
  }

  maxKeys(task: string): ReadonlyMap<string, Buffer> {
    const rows = this.#all('SELECT state_key, key FROM max_key WHERE task = ?', task);
    return new Map(rows.map((row) => [String(row['state_key']), bytesOf(row['key'])]));
  }

  putMaxKeys(task: string, keys: readonly MaxKey[], state: JsonText | undefined): void {
    this.#transaction('maximum keys', () => {
      this.#ensureTask(task, 'materialization');
      for (const { stateKey, key } of keys) {
        this.#run(
          'INSERT INTO max_key (task, state_key, key) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET key = excluded.key',
          task,
          stateKey,
          key,
        );
      }
      if (state !== undefined) this.#run('UPDATE task SET state = ? WHERE name = ?', state, task);
    });
  }

  inferredSchemas(collection: string): StoredInferredSchema[] {
    return this.#all(
      'SELECT collection, task, state_key, schema FROM inferred_schema WHERE collection = ? ORDER BY task, state_key',
      collection,
    ).map((row) => ({
      collection: String(row['collection']),
      task: String(row['task']),
      stateKey: String(row['state_key']),
      schema: String(row['schema']),
    }));
  }

  inferredVersion(collection: string): number {
    const row = this.#get(
      'SELECT coalesce(sum(version), 0) AS version FROM inferred_schema WHERE collection = ?',
      collection,
    );
    return Number(row?.['version'] ?? 0);
  }

  counts(task: string): BindingCount[] {
    return this.#all('SELECT * FROM binding_count WHERE task = ? ORDER BY state_key', task).map((row) => ({
      stateKey: String(row['state_key']),
      documents: Number(row['documents']),
      bytes: Number(row['bytes']),
    }));
  }

  backfills(task: string): ReadonlyMap<string, RequestedBackfills> {
    const rows = this.#all('SELECT * FROM backfill WHERE task = ?', task);
    return new Map(
      rows.map((row) => [
        String(row['binding']),
        // A store that is only looked at may be of before there was such a thing.
        { count: Number(row['count']), least: Number(row['least'] ?? 0) },
      ]),
    );
  }

  requestBackfill(request: BackfillRequest): void {
    this.#transaction('a backfill request', () => this.#addBackfill(request));
  }

  reset(
    capture: string,
    collections: readonly string[],
    bindings: readonly BackfillRequest[],
    first: 'behind' | 'beginning' = 'behind',
  ): void {
    const begin = first === 'behind' ? 'head' : '0';
    this.#transaction('a reset', () => {
      for (const binding of bindings) this.#addBackfill(binding);
      for (const collection of collections) {
        this.#run(
          `UPDATE journal SET first = ${begin} WHERE collection = ? AND task = ?`,
          collection,
          capture,
        );
      }
    });
  }

  #addBackfill({ task, binding, count = 1, least = 0 }: BackfillRequest): void {
    this.#run(
      `INSERT INTO backfill (task, binding, count, least) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET count = count + excluded.count, least = max(least, excluded.least)`,
      task,
      binding,
      count,
      least,
    );
  }

  #migrate(path: string, readOnly: boolean): void {
    const version = Number(this.#get('PRAGMA user_version')?.['user_version'] ?? 0);
    if (version > migrations.length) {
      throw errors.RUNTIME_STATE_VERSION({
        message: `${path} has version ${version}; this weir knows versions up to ${migrations.length}.`,
      });
    }
    if (readOnly || version === migrations.length) return;
    this.#transaction('the tables of the store', () => {
      // Read again under the write lock: another thread may have migrated meanwhile.
      const current = Number(this.#get('PRAGMA user_version')?.['user_version'] ?? 0);
      for (const step of migrations.slice(current)) this.#database.exec(step);
      this.#database.exec(`PRAGMA user_version = ${migrations.length}`);
    });
  }

  #loadProducerId(readOnly: boolean): Buffer {
    if (!readOnly) {
      const id = this.#random.bytes(6);
      // The multicast bit says that this is no hardware address (RFC 4122 §4.5).
      id[0] = (id[0] ?? 0) | 1;
      this.#run(`INSERT INTO setting (name, value) VALUES ('producer', ?) ON CONFLICT DO NOTHING`, id);
    }
    return bytesOf(this.#get(`SELECT value FROM setting WHERE name = 'producer'`)?.['value']);
  }

  #ensureTask(name: string, kind: TaskKind): void {
    this.#run('INSERT INTO task (name, kind) VALUES (?, ?) ON CONFLICT DO NOTHING', name, kind);
  }

  #addCounts(task: string, counts: readonly BindingCount[]): void {
    for (const { stateKey, documents, bytes } of counts) {
      this.#run(
        `INSERT INTO binding_count (task, state_key, documents, bytes) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET documents = documents + excluded.documents, bytes = bytes + excluded.bytes`,
        task,
        stateKey,
        documents,
        bytes,
      );
    }
  }

  #transaction<T>(what: string, body: () => T): T {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      const result = body();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw explainDiskError(error, what);
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      statement.setReadBigInts(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#statement(sql).run(...values);
  }

  #get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  #all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values);
  }
}

function bytesOf(value: unknown): Buffer {
  return value instanceof Uint8Array
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : Buffer.alloc(0);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function taskOf(row: Row): TaskRecord {
  return {
    name: String(row['name']),
    kind: row['kind'] === 'capture' ? 'capture' : 'materialization',
    lastApplied: textOf(row['last_applied']),
    lastVersion: String(row['last_version']),
    state: textOf(row['state']),
    checkpoint: row['checkpoint'] === null ? undefined : bytesOf(row['checkpoint']),
    transactions: Number(row['transactions']),
    lastCommitMs: Number(row['last_commit_ms']),
  };
}

function journalOf(row: Row): JournalRecord {
  return {
    name: String(row['name']),
    collection: String(row['collection']),
    task: String(row['task']),
    folder: String(row['folder']),
    // A store that is only looked at may be of before there was such a thing.
    first: Number(row['first'] ?? 0),
    head: Number(row['head']),
    documents: Number(row['documents']),
    clock: row['clock'] as bigint,
  };
}
