#!/usr/bin/env node
// Starts the command on a Node that runs TypeScript sources: the running one, or the one that the project brings along.

import { spawn } from 'node:child_process';
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

/**
 * Waits for the command, and ends as it ends. What this process is told to do, the command is told through a channel that
 * also shows it when this process is gone: see src/launcher.ts.
 */
function launch(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, WEIR_LAUNCHER: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (child.connected) child.send(signal, () => {});
    });
  }
  child.once('error', (error) => {
    process.stderr.write(`weir: cannot start ${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.once('exit', (status, signal) => {
    if (signal !== null) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
    process.exit(status ?? 1);
  });
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
  launch(node);
}
