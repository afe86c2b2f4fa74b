#!/usr/bin/env node
// Starts the command on a Node that runs TypeScript sources: the running one, or the one that the project brings along.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as module from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const main = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src', 'main.ts');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

function projectNode() {
  for (let folder = dirname(main); ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', 'node', 'bin', 'node');
    if (existsSync(candidate)) return candidate;
    if (dirname(folder) === folder) return undefined;
  }
}

if (major > 24 || (major === 24 && minor >= 12)) {
  module.enableCompileCache?.(join(dirname(main), '..', '..', '..', 'node_modules', '.cache', 'weir'));
  await import('@weir/runtime/quick-imports');
  await import(pathToFileURL(main).href);
} else {
  const node = projectNode();
  if (node === undefined) {
    process.stderr.write(
      `weir: this is Node ${process.versions.node}, and Node 24.12 or newer is needed. Run \`npm install\` in the project, which brings one.\n`,
    );
    process.exit(1);
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
  const { status, signal } = spawnSync(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exit(status ?? (signal === 'SIGINT' ? 130 : 1));
}
