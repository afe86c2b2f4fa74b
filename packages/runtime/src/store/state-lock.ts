// One owner per state folder. The lock is an exclusive SQLite transaction on `lock.db`, which the operating system
// releases when its process ends, however it ends; the file `lock` beside it only says who the owner is.

import { openSync, closeSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errors } from '../errors.ts';

export interface LockOwner {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
}

/** Who wrote the owner file last; undefined when it is missing or unreadable. It may be of a process that has ended. */
export function readLockOwner(folder: string): LockOwner | undefined {
  try {
    const { pid, host, since } = JSON.parse(readFileSync(join(folder, 'lock'), 'utf8')) as Partial<LockOwner>;
    if (typeof pid !== 'number' || typeof host !== 'string' || typeof since !== 'string') return undefined;
    return { pid, host, since };
  } catch {
    return undefined;
  }
}

export class StateLock implements Disposable {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Throws RUNTIME_STATE_LOCKED at once when another process, or this one, holds the folder. */
  static acquire(folder: string, nowMs: number): StateLock {
    const path = join(folder, 'lock.db');
    closeSync(openSync(path, 'a', 0o600));
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      database.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      database.close();
      const owner = readLockOwner(folder);
      const who =
        owner === undefined
          ? 'another process'
          : `process ${owner.pid} on ${owner.host}, since ${owner.since}`;
      throw errors.RUNTIME_STATE_LOCKED({
        message: `The state folder ${folder} is in use by ${who}.`,
        cause: error,
      });
    }
    const owner: LockOwner = { pid: process.pid, host: hostname(), since: new Date(nowMs).toISOString() };
    writeFileSync(join(folder, 'lock'), `${JSON.stringify(owner)}\n`, { mode: 0o600 });
    return new StateLock(database);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
