import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Replaces each file whole: a crash leaves the old text or the new one. */
export function writeFiles(files: ReadonlyMap<string, string>): void {
  for (const [url, text] of files) {
    const path = fileURLToPath(url);
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.weir-new`;
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  }
}
