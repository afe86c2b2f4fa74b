// The destination file: opening it as the connector needs it, and SQLite's errors as ours.

import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WeirError } from '@weir/protocol';
import { errors } from './errors.ts';

/** How long a lock of another program is waited for. */
const BUSY_TIMEOUT_MS = 60_000;

export function openDatabase(path: string, busyTimeoutMs = BUSY_TIMEOUT_MS): DatabaseSync {
  return explained(path, () => {
    const database = new DatabaseSync(path, { timeout: busyTimeoutMs });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;');
    return database;
  });
}

/** Whether a blob of UTF-8 can be cast to text: a cast takes bytes for text in the encoding of the file. */
export function keepsTextAsUtf8(database: DatabaseSync): boolean {
  return database.prepare('PRAGMA encoding').get()?.['encoding'] === 'UTF-8';
}

/** For looking only. Undefined when the file does not exist: looking must not make it. */
export function openForReading(path: string): DatabaseSync | undefined {
  if (!existsSync(path)) return undefined;
  return explained(path, () => {
    const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return database;
  });
}

/** Looks whether the file could be written, or made; SQLite keeps its log beside it. */
export function requireWritable(path: string): void {
  const folder = dirname(path);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw errors.SQLITE_CANNOT_OPEN({ message: `${path} is a folder, not a file.` });
  }
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK);
  } catch (cause) {
    if (!existsSync(folder)) {
      throw errors.SQLITE_CANNOT_OPEN({ message: `${path}: the folder ${folder} does not exist.`, cause });
    }
    throw errors.SQLITE_READ_ONLY({ message: `${path}: ${(cause as Error).message}.`, cause });
  }
}

/** Runs `work`, turning SQLite's errors into ours, which name the file. */
export function explained<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw explain(path, cause);
  }
}

/** Runs `work` in one write transaction. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

export function explain(path: string, cause: unknown): unknown {
  if (cause instanceof WeirError || !(cause instanceof Error)) return cause;
  const { errcode } = cause as Error & { errcode?: number };
  if (errcode === undefined) return cause;
  const message = `${path}: ${cause.message}.`;
  // Primary result codes of SQLite: the low byte of an extended one.
  switch (errcode & 0xff) {
    case 5:
    case 6:
      return errors.SQLITE_BUSY({ message, cause });
    case 8:
      return errors.SQLITE_READ_ONLY({ message, cause });
    case 13:
      return errors.SQLITE_FULL({ message, cause });
    case 14:
      return errors.SQLITE_CANNOT_OPEN({ message, cause });
    case 19:
      return errors.SQLITE_CONSTRAINT({ message, cause });
    case 26:
      return errors.SQLITE_NOT_A_DATABASE({ message, cause });
    default:
      return errors.SQLITE_FAILED({ message, cause });
  }
}
