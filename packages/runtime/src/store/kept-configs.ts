// Configurations that connectors have renewed while they ran (a refresh token that may be used once), one file for each
// task, which only its owner can read. A kept configuration stands for the one in the catalog that it came from: once that
// one is edited, it holds again.
//
// What `keep` was called with is on the disk when it returns. A connector ends after it has announced a configuration, and
// gets it with its next start; so a token is never used that a crash could take back.

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { crashPoint } from '@weir/crash-point';
import type { JsonText } from '@weir/protocol';
import type { CrashPoint } from '../crash-points.ts';
import { errors } from '../errors.ts';
import { explainDiskError } from '../host/disk.ts';
import { stateFolder } from './state-folder.ts';

const crash = (point: CrashPoint): void => crashPoint(point);

interface KeptFile {
  readonly task: string;
  /** Digest of the catalog's own configuration. */
  readonly of: string;
  readonly config: JsonText;
}

export class KeptConfigs {
  readonly #folder: string;

  /** `statePath`: the state folder, which need not exist to be read from. */
  constructor(statePath: string) {
    this.#folder = join(stateFolder(statePath).path, 'configs');
  }

  /** What to use for the configuration that the catalog has: one that was kept for it, or itself. */
  current(task: string, ofCatalog: JsonText): JsonText {
    const kept = this.#read(task);
    return kept !== undefined && kept.of === digestOf(ofCatalog) ? kept.config : ofCatalog;
  }

  /** Errors: DISK_FULL, and whatever the disk does. */
  keep(task: string, ofCatalog: JsonText, config: JsonText): void {
    crash('runtime.config.before-keep');
    const kept: KeptFile = { task, of: digestOf(ofCatalog), config };
    try {
      fs.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      replaceDurably(this.#folder, this.#fileOf(task), JSON.stringify(kept));
    } catch (error) {
      throw explainDiskError(error, `the configuration of ${task}`);
    }
    crash('runtime.config.after-keep');
  }

  #fileOf(task: string): string {
    return join(
      this.#folder,
      `${encodeURIComponent(task).slice(0, 150)}-${digestOf(task).slice(0, 16)}.json`,
    );
  }

  #read(task: string): KeptFile | undefined {
    const path = this.#fileOf(task);
    let text: string;
    try {
      text = fs.readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return JSON.parse(text) as KeptFile;
    } catch (cause) {
      throw errors.RUNTIME_STATE_UNUSABLE({
        message: `The kept configuration ${path} is not one.`,
        fix: 'Delete the file; the configuration of the catalog is used then, whose tokens may have to be renewed.',
        cause,
      });
    }
  }
}

/** A crash leaves the old text or the new one. */
function replaceDurably(folder: string, path: string, text: string): void {
  const temporary = `${path}.new`;
  const file = fs.openSync(temporary, 'w', 0o600);
  try {
    fs.writeSync(file, text);
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
  fs.renameSync(temporary, path);
  const parent = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(parent);
  } finally {
    fs.closeSync(parent);
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
