import { chmodSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Replaces each file whole: a crash leaves the old text or the new one. A file keeps its mode, since it may hold secrets;
 * `mode` sets that of all.
 */
export function writeFiles(files: ReadonlyMap<string, string>, mode?: number): void {
  for (const [url, text] of files) {
    const path = fileURLToPath(url);
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.weir-new`;
    const kept = mode ?? modeOf(path);
    // One that was left behind by a crash would keep its own.
    rmSync(temporary, { force: true });
    writeFileSync(temporary, text, { flush: true, ...(kept === undefined ? {} : { mode: kept }) });
    if (kept !== undefined) chmodSync(temporary, kept);
    renameSync(temporary, path);
  }
}

function modeOf(path: string): number | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? undefined : stats.mode & 0o777;
}
