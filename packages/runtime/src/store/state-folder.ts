// Where things are in a state folder (default `.weir/`): `store.db`, `journals/`, `spill/`, `lock`, `lock.db`.

import { accessSync, chmodSync, constants, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { errors } from '../errors.ts';

export interface StateFolder {
  readonly path: string;
  readonly storePath: string;
  readonly journalsPath: string;
  /** Scratch files of combiners; emptied at every start. */
  readonly spillPath: string;
}

export function stateFolder(path: string): StateFolder {
  const absolute = resolve(path);
  return {
    path: absolute,
    storePath: join(absolute, 'store.db'),
    journalsPath: join(absolute, 'journals'),
    spillPath: join(absolute, 'spill'),
  };
}

/** Creates the folder with mode 0700 when it is missing. Throws RUNTIME_STATE_UNUSABLE. */
export function prepareStateFolder(path: string): StateFolder {
  const folder = stateFolder(path);
  try {
    for (const part of [folder.path, folder.journalsPath, folder.spillPath]) {
      mkdirSync(part, { recursive: true, mode: 0o700 });
      chmodSync(part, 0o700);
      accessSync(part, constants.R_OK | constants.W_OK | constants.X_OK);
    }
  } catch (error) {
    throw errors.RUNTIME_STATE_UNUSABLE({
      message: `The state folder ${folder.path} cannot be used: ${(error as Error).message}.`,
      cause: error,
    });
  }
  return folder;
}
