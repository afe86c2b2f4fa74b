// Snapshots of what a person can read: specs, schemas, documents, DDL. Written only on request, so that a new or
// changed one is read before it is accepted.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Compares `text` with `.snapshots/<name>` beside the test file `testUrl` (its `import.meta.url`).
 * With UPDATE_SNAPSHOTS=1 it writes the file instead. A missing snapshot fails.
 */
export function matchSnapshot(testUrl: string, name: string, text: string): void {
  const path = join(dirname(fileURLToPath(testUrl)), '.snapshots', name);
  const actual = text.endsWith('\n') ? text : `${text}\n`;
  if (process.env['UPDATE_SNAPSHOTS'] === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, actual);
    return;
  }
  assert.ok(
    existsSync(path),
    `no snapshot ${path}; run with UPDATE_SNAPSHOTS=1, and read it before you keep it`,
  );
  assert.equal(actual, readFileSync(path, 'utf8'), `differs from ${path} (UPDATE_SNAPSHOTS=1 rewrites it)`);
}
