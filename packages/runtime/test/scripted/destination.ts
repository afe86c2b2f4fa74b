// A destination on SQLite under each commit pattern. `authoritative` keeps rows, checkpoint and fence in one
// transaction of its own; `postCommit` stages stores in a table of their own, names the staged transaction in its
// state, and applies it on Acknowledge.

import { DatabaseSync } from 'node:sqlite';
import {
  decodeCheckpoint,
  encodeCheckpoint,
  type MaterializeRequest,
  type MaterializeResponse,
} from '@weir/protocol';
import type { MaterializeConnection } from '../../src/task/connection.ts';
import { ScriptedConnection, type Script } from './connection.ts';

export type Pattern = 'authoritative' | 'postCommit';

type Sink = Script<MaterializeRequest, MaterializeResponse>;
type Stored = Extract<MaterializeRequest, { kind: 'store' }>;

export class Destination implements Disposable {
  readonly #database: DatabaseSync;
  readonly #pattern: Pattern;
  /** Everything stored, for delta updates: an append-only log. */
  readonly #delta: boolean;

  constructor(path: string, pattern: Pattern, delta = false) {
    this.#pattern = pattern;
    this.#delta = delta;
    this.#database = new DatabaseSync(path);
    this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
      CREATE TABLE IF NOT EXISTS row (key BLOB PRIMARY KEY, doc TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS log (doc TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS staged (txn INTEGER, key BLOB, doc TEXT, gone INTEGER);
      CREATE TABLE IF NOT EXISTS checkpoint (one INTEGER PRIMARY KEY, value BLOB)`);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  rows(): string[] {
    return this.#database
      .prepare('SELECT doc FROM row ORDER BY key')
      .all()
      .map((row) => String(row['doc']));
  }

  log(): string[] {
    return this.#database
      .prepare('SELECT doc FROM log ORDER BY rowid')
      .all()
      .map((row) => String(row['doc']));
  }

  connect(onRequest?: (request: MaterializeRequest) => void): MaterializeConnection {
    return new ScriptedConnection(async (script) => {
      let request = await script.next();
      while (request?.kind === 'apply') {
        script.respond({ kind: 'applied', actionDescription: '' });
        request = await script.next();
      }
      if (request === undefined) return;
      if (request.kind !== 'open') throw new Error(`unexpected ${request.kind}`);
      const { txn = 0 } = JSON.parse(request.state) as { txn?: number };
      const own = this.#database.prepare('SELECT value FROM checkpoint').get()?.['value'];
      const checkpoint =
        this.#pattern === 'authoritative' && own !== undefined
          ? decodeCheckpoint(Buffer.from(own as Uint8Array))
          : undefined;
      script.respond({
        kind: 'opened',
        disableLoadOptimization: false,
        ...(checkpoint === undefined ? {} : { runtimeCheckpoint: checkpoint }),
      });
      await this.#session(script, txn, onRequest);
    });
  }

  async #session(
    script: Sink,
    opened: number,
    onRequest?: (request: MaterializeRequest) => void,
  ): Promise<void> {
    let txn = opened;
    let stores: Stored[] = [];
    const loads: Buffer[] = [];
    for (let request = await script.next(); request !== undefined; request = await script.next()) {
      if (script.stopped) return;
      onRequest?.(request);
      switch (request.kind) {
        case 'acknowledge':
          if (this.#pattern === 'postCommit') this.#applyStaged(txn);
          script.respond({ kind: 'acknowledged' });
          break;
        case 'load':
          loads.push(request.keyPacked);
          break;
        case 'flush':
          for (const key of loads.splice(0)) {
            const doc = this.#database.prepare('SELECT doc FROM row WHERE key = ?').get(key)?.['doc'];
            if (doc !== undefined)
              script.respond({ kind: 'loaded', binding: 0, doc: Buffer.from(String(doc)) });
          }
          script.respond({ kind: 'flushed' });
          break;
        case 'store':
          stores.push(request);
          break;
        case 'startCommit':
          txn += 1;
          this.#commit(stores, txn, encodeCheckpoint(request.runtimeCheckpoint));
          stores = [];
          script.respond(
            this.#pattern === 'postCommit'
              ? { kind: 'startedCommit', state: { updated: JSON.stringify({ txn }), mergePatch: true } }
              : { kind: 'startedCommit' },
          );
          break;
        default:
          throw new Error(`unexpected ${request.kind}`);
      }
    }
  }

  #commit(stores: readonly Stored[], txn: number, checkpoint: Buffer): void {
    const database = this.#database;
    database.exec('BEGIN IMMEDIATE');
    // What an earlier attempt at this transaction staged was never named by a state.
    database.prepare('DELETE FROM staged WHERE txn >= ?').run(txn);
    for (const { keyPacked, doc, exists, delete: gone } of stores) {
      const known = database.prepare('SELECT 1 FROM row WHERE key = ?').get(keyPacked) !== undefined;
      if (!this.#delta && known !== exists) throw new Error(`exists is ${exists} for a row that is ${known}`);
      if (this.#pattern === 'postCommit') {
        database
          .prepare('INSERT INTO staged VALUES (?, ?, ?, ?)')
          .run(txn, keyPacked, doc.toString(), Number(gone));
      } else {
        this.#write(keyPacked, doc.toString(), gone);
      }
    }
    if (this.#pattern === 'authoritative') {
      database.prepare('INSERT OR REPLACE INTO checkpoint VALUES (1, ?)').run(checkpoint);
    }
    database.exec('COMMIT');
  }

  #applyStaged(txn: number): void {
    this.#database.exec('BEGIN IMMEDIATE');
    const staged = this.#database
      .prepare('SELECT key, doc, gone FROM staged WHERE txn = ? ORDER BY rowid')
      .all(txn);
    for (const { key, doc, gone } of staged) this.#write(key as Uint8Array, String(doc), gone === 1);
    this.#database.exec('DELETE FROM staged; COMMIT');
  }

  #write(key: Uint8Array, doc: string, gone: boolean): void {
    if (this.#delta) this.#database.prepare('INSERT INTO log VALUES (?)').run(doc);
    else if (gone) this.#database.prepare('DELETE FROM row WHERE key = ?').run(key);
    else this.#database.prepare('INSERT OR REPLACE INTO row VALUES (?, ?)').run(key, doc);
  }
}
