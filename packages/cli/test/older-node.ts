// A Node of this machine that is older than what the project runs on, as users have it.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

function isOlder(program: string): boolean {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  const [major = 0, minor = 0] = stdout.trim().replace('v', '').split('.').map(Number);
  return (major >= 20 && major < 24) || (major === 24 && minor < 12);
}

export function olderNode(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin'];
  return folders.map((folder) => join(folder, 'node')).find((path) => existsSync(path) && isOlder(path));
}
