// The one way into the project from a bare clone: any Node 20 or newer runs this file, it installs what is missing
// (packages, and with them the Node that the project runs on), says so, and hands over. Plain JavaScript, no imports
// from the project, because nothing is installed yet when it starts.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const node = join(bin, process.platform === 'win32' ? 'node.cmd' : 'node');
const stamp = join(root, 'node_modules', '.weir-installed');

const commands = {
  demo: (args) => run(node, ['packages/cli/src/main.ts', 'demo', ...args]),
  test: (args) => run(node, ['scripts/run-tests.ts', '--services', ...args]),
  crash: (args) => run(node, ['scripts/run-tests.ts', '--services', '--crash', ...args]),
  versions: (args) => run(node, ['scripts/run-versions.ts', ...args]),
  bench: (args) => run(node, ['bench/main.ts', ...args]),
  check: async () =>
    (await step('types', 'tsc', ['--noEmit'])) ||
    (await step('lint', 'oxlint', ['--type-aware', '--deny-warnings'])) ||
    (await step('format', 'oxfmt', ['--check'])) ||
    (await step('floors', node, ['scripts/check-floors.ts'])) ||
    (await step('pure tests', node, ['scripts/run-tests.ts', '--pure'])),
};

function say(text) {
  process.stderr.write(`weir: ${text}\n`);
}

/**
 * Runs to the end, with the project's programs first on the PATH; its exit code is ours. A terminal sends Ctrl-C to the
 * child itself; every other signal is handed on.
 */
function run(program, args) {
  const env = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
    // Sources are compiled once and not at the start of every process: it halves the start of a connector.
    NODE_COMPILE_CACHE:
      process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules', '.cache', 'node-compile'),
  };
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env,
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
    const handOn = (signal) => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, handOn);
    child.once('error', (error) => {
      say(`cannot run ${program}: ${error.message}`);
      resolve(1);
    });
    child.once('exit', (status) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, handOn);
      resolve(status ?? 1);
    });
  });
}

async function step(name, program, args) {
  const started = Date.now();
  const local = join(bin, program);
  const status = await run(existsSync(local) ? local : program, args);
  say(`${name}: ${status === 0 ? 'ok' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  return status;
}

function projectNodeWorks() {
  const result = spawnSync(node, ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' });
  return result.status === 0 && Number(result.stdout.replace('v', '').split('.')[0]) >= 24;
}

function install() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const installed = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (installed === wanted && projectNodeWorks()) return;
  say('installing packages, and the Node that the project runs on (once; about 300 MB)…');
  // `npm install`, not `npm ci`: the lock leaves out optional binaries of other platforms, which `ci` takes for an error.
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const result = spawnSync(npm, ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', process.stderr, process.stderr],
    shell: process.platform === 'win32',
  });
  if (result.status !== 0) {
    say('npm install failed; the lines above say why. It needs the npm registry, once.');
    process.exit(result.status ?? 1);
  }
  if (!projectNodeWorks()) {
    say(
      'the package `node` did not install its program. If npm blocks install scripts, run `npm rebuild node` or install Node 24 yourself.',
    );
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
  say('installed.');
}

const [name, ...args] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  say(`unknown task ${name ?? '(none)'}; one of ${Object.keys(commands).join(', ')}`);
  process.exit(2);
}
install();
process.exitCode = await command(args);
