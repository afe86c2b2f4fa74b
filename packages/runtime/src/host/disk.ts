// The few disk calls the journals and the spill files make. Everything durable goes through `sync`: what was not
// synced may be gone after a power cut, and tests replace this interface by one that makes it so.

import * as fs from 'node:fs';
import { errors } from '../errors.ts';

export interface Disk {
  /** Opens for reading and writing; creates an empty file when `create` is set. Mode 0600. */
  open(path: string, create: boolean): number;
  openForReading(path: string): number;
  /** Writes all of `bytes` at `position`. */
  write(file: number, bytes: Buffer, position: number): void;
  /** Reads up to `target.length` bytes; fewer only at the end of the file. */
  read(file: number, target: Buffer, position: number): number;
  sync(file: number): Promise<void>;
  truncate(file: number, length: number): void;
  size(file: number): number;
  close(file: number): void;
  /** Names in a folder, sorted; [] when there is no such folder. */
  list(folder: string): string[];
  /** Creates missing folders with mode 0700. */
  makeFolder(folder: string): void;
  /** Makes the creation and removal of files in the folder durable. */
  syncFolder(folder: string): void;
  remove(path: string): void;
}

/** True for "no space left" of the file system and of SQLite. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errcode } = error as Error & { code?: unknown; errcode?: unknown };
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG' || errcode === 13;
}

/** Turns "no space left" into the error a user reads; passes everything else on. */
export function explainDiskError(error: unknown, what: string): unknown {
  if (!isDiskFull(error)) return error;
  return errors.DISK_FULL({ message: `No space left on the disk while writing ${what}.`, cause: error });
}

export const systemDisk: Disk = {
  open: (path, create) =>
    fs.openSync(path, create ? fs.constants.O_RDWR | fs.constants.O_CREAT : 'r+', 0o600),
  openForReading: (path) => fs.openSync(path, 'r'),
  write(file, bytes, position) {
    for (let done = 0; done < bytes.length;) {
      done += fs.writeSync(file, bytes, done, bytes.length - done, position + done);
    }
  },
  read(file, target, position) {
    let done = 0;
    while (done < target.length) {
      const count = fs.readSync(file, target, done, target.length - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  },
  sync: (file) =>
    new Promise((resolve, reject) => {
      fs.fdatasync(file, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    }),
  truncate: (file, length) => fs.ftruncateSync(file, length),
  size: (file) => fs.fstatSync(file).size,
  close: (file) => fs.closeSync(file),
  list(folder) {
    try {
      return fs.readdirSync(folder).sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  },
  makeFolder: (folder) => void fs.mkdirSync(folder, { recursive: true, mode: 0o700 }),
  syncFolder(folder) {
    if (process.platform === 'win32') return;
    const file = fs.openSync(folder, 'r');
    try {
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
  },
  remove: (path) => fs.rmSync(path, { force: true }),
};
