// Configurations that connectors have renewed while they ran (a refresh token that may be used once), one file for each
// task, which only its owner can read. What is kept are the members that the renewal changed. They stand over those of the
// catalog as long as the catalog's own are what they were: other members may be edited, and once the renewed ones are, what
// was kept is of no use any more.
//
// What `keep` was called with is on the disk when it returns. A connector ends after it has announced a configuration, and
// gets it with its next start; so a token is never used that a crash could take back.

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { crashPoint } from '@weir/crash-point';
import type { JsonText } from '@weir/protocol';
import { isJsonObject, type JsonValue, parseJson, stringifyJson } from '@weir/schema/json';
import type { OpsLog } from '../connector/ops-log.ts';
import type { CrashPoint } from '../crash-points.ts';
import { errors } from '../errors.ts';
import { explainDiskError, systemDisk } from '../host/disk.ts';
import { changedMembers, isKeptMember, type KeptMember, withMembers } from './kept-members.ts';
import { stateFolder } from './state-folder.ts';

const crash = (point: CrashPoint): void => crashPoint(point);

export class KeptConfigs {
  readonly #statePath: string;
  readonly #folder: string;

  /** `statePath`: the state folder, which need not exist to be read from. */
  constructor(statePath: string) {
    this.#statePath = stateFolder(statePath).path;
    this.#folder = join(this.#statePath, 'configs');
  }

  /** What to use for the configuration that the catalog has: one that was kept for it, or itself. */
  current(task: string, ofCatalog: JsonText, onLog?: (log: OpsLog) => void): JsonText {
    const members = this.#read(task);
    if (members === undefined) return ofCatalog;
    const config = withMembers(parseJson(ofCatalog), members);
    if (config !== undefined) return stringifyJson(config);
    onLog?.({
      ts: new Date().toISOString(),
      level: 'warn',
      message:
        'the configuration of the catalog is used, and not what the connector had renewed: the same members were edited since',
      fields: { members: members.map(({ at }) => at.join('/')), kept: this.#fileOf(task) },
    });
    return ofCatalog;
  }

  /** Errors: DISK_FULL, and whatever the disk does. */
  keep(task: string, ofCatalog: JsonText, config: JsonText): void {
    crash('runtime.config.before-keep');
    const members = changedMembers(parseJson(ofCatalog), parseJson(config));
    try {
      fs.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      systemDisk.syncFolder(this.#statePath);
      const kept = { task, members: members.map(({ at, ...member }) => ({ at: [...at], ...member })) };
      replaceDurably(this.#folder, this.#fileOf(task), stringifyJson(kept));
    } catch (error) {
      throw explainDiskError(error, `the configuration of ${task}`);
    }
    crash('runtime.config.after-keep');
  }

  #fileOf(task: string): string {
    const digest = createHash('sha256').update(task).digest('hex');
    return join(this.#folder, `${encodeURIComponent(task).slice(0, 150)}-${digest.slice(0, 16)}.json`);
  }

  #read(task: string): readonly KeptMember[] | undefined {
    const path = this.#fileOf(task);
    let text: string;
    try {
      text = fs.readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return membersOf(parseJson(text));
    } catch (cause) {
      throw errors.RUNTIME_STATE_UNUSABLE({
        message: `The kept configuration ${path} is not one.`,
        fix: 'Delete the file; the configuration of the catalog is used then, whose tokens may have to be renewed.',
        cause,
      });
    }
  }
}

function membersOf(kept: JsonValue): readonly KeptMember[] {
  const members = isJsonObject(kept) ? kept['members'] : undefined;
  if (!Array.isArray(members) || !members.every(isKeptMember)) throw new TypeError('it has no members');
  return members as unknown as readonly KeptMember[];
}

/** A crash leaves the old text or the new one. */
function replaceDurably(folder: string, path: string, text: string): void {
  const temporary = `${path}.new`;
  const file = fs.openSync(temporary, 'w', 0o600);
  try {
    // Writes all of it, or throws.
    fs.writeFileSync(file, text);
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
  fs.renameSync(temporary, path);
  systemDisk.syncFolder(folder);
}
