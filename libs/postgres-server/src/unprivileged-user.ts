// PostgreSQL refuses to run as root. Started by root we run it as `nobody`, which must be able to reach its
// programs and its data: a clone below a home directory of mode 0700 is out of its reach.

import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

export interface UnprivilegedUser {
  readonly uid: number;
  readonly gid: number;
}

/** The user to run servers as; undefined when this process is unprivileged itself. */
export function unprivilegedUser(): UnprivilegedUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) };
}

/** Whether `user` may pass through every folder above `path` and into it. */
function canReach(path: string, user: UnprivilegedUser): boolean {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    const stats = statSync(folder, { throwIfNoEntry: false });
    if (stats !== undefined) {
      const bit = stats.uid === user.uid ? 0o100 : stats.gid === user.gid ? 0o010 : 0o001;
      if ((stats.mode & bit) === 0) return false;
    }
    if (folder === dirname(folder)) return true;
  }
}

/**
 * `preferred` where the server's user can reach it, else a folder of the same contents' purpose under /var/tmp,
 * named after `preferred` so that a second start finds it again.
 */
export function reachableDirectory(preferred: string, user: UnprivilegedUser | undefined): string {
  if (user === undefined || canReach(dirname(resolve(preferred)), user)) return resolve(preferred);
  const digest = createHash('sha256').update(resolve(preferred)).digest('hex').slice(0, 12);
  return `/var/tmp/weir-${digest}`;
}
