// Runs the tests by kind. The kind is in the file name: `x.test.ts` is pure; `x.pg.test.ts`, `x.mysql.test.ts`,
// `x.e2e.test.ts`, `x.crash.test.ts`, `x.fuzz.test.ts` need servers or processes. `--pure` runs only the pure ones;
// `--crash` raises the number of kills, seeds and random values, and runs the files that have some, those of connectors of
// APIs among them; other arguments are substrings of file names to run.

import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runnerFlags } from './runner-flags.ts';

const root = dirname(import.meta.dirname);
const flags = new Set(process.argv.slice(2).filter((argument) => argument.startsWith('--')));
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

const pure = /^[^.]+\.test\.ts$/;
const random = /\.(crash|fuzz)\.test\.ts$/;

function isRandom(path: string): boolean {
  return random.test(path) || readFileSync(join(root, path), 'utf8').includes('testApi(');
}

function testFiles(): string[] {
  const all = globSync('{libs,packages,connectors,scripts,examples,docs}/**/*.test.ts', {
    cwd: root,
    exclude: (path) => path.includes('node_modules'),
  }).sort();
  return all.filter((path) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (flags.has('--pure') && !pure.test(name)) return false;
    if (flags.has('--crash') && filters.length === 0 && !isRandom(path)) return false;
    return filters.length === 0 || filters.some((filter) => path.includes(filter));
  });
}

function prepareServices(): void {
  if (!flags.has('--services')) return;
  const result = spawnSync(process.execPath, [join(root, 'scripts/install-services.ts')], {
    stdio: 'inherit',
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

const files = testFiles();
if (files.length === 0) {
  process.stderr.write('weir: no test file matches\n');
  process.exit(2);
}
prepareServices();
const env = {
  ...process.env,
  ...(flags.has('--crash') ? { WEIR_CRASH_RUNS: process.env['WEIR_CRASH_RUNS'] ?? '500' } : {}),
};
const result = spawnSync(
  process.execPath,
  [
    ...(flags.has('--spec') ? runnerFlags('spec') : runnerFlags()),
    '--test-concurrency=2',
    `--test-timeout=${(flags.has('--crash') ? 240 : 15) * 60_000}`,
    ...files,
  ],
  { cwd: root, stdio: 'inherit', env },
);
process.exitCode = result.status ?? 1;
