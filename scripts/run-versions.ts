// Runs the tests of what speaks to PostgreSQL against each of its versions: `npm run versions`. Numbers choose some of them,
// other arguments are those of run-tests.ts: `npm run versions -- 13 17 --spec`. What is not on this machine is installed,
// as far as it can be; what cannot is said, and fails.

import { debianBinaries } from '@weir/postgres-server';
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { installRelease } from './postgres-versions.ts';

const root = dirname(import.meta.dirname);
const supported = [13, 14, 15, 16, 17, 18];
const rooms = '{libs/pgwire,packages/postgres,connectors/source-postgres,connectors/source-postgres-batch}';

const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const chosen = process.argv
  .slice(2)
  .flatMap((argument) => (argument.startsWith('--') ? [] : [Number(argument)]));
for (const version of chosen) {
  if (supported.includes(version)) continue;
  process.stderr.write(`weir: the versions are ${supported.join(', ')}\n`);
  process.exit(2);
}
const files = globSync(`${rooms}/**/*.{pg,fuzz}.test.ts`, {
  cwd: root,
  exclude: (path) => path.includes('node_modules'),
}).sort();

/** 18 comes with the project, 15 is Debian's. */
function isInstalled(version: number): boolean {
  return version === 18 || debianBinaries(version) !== undefined || installRelease(version);
}

const results = (chosen.length > 0 ? chosen : supported).map((version) => {
  if (!isInstalled(version)) return { version, outcome: 'could not be installed' };
  process.stderr.write(`\nweir: PostgreSQL ${version}, ${files.length} files\n`);
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/run-tests.ts'), ...flags, ...files], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, WEIR_POSTGRES_VERSIONS: String(version), WEIR_REQUIRE_SERVICES: '1' },
  });
  return { version, outcome: status === 0 ? 'ok' : 'FAILED' };
});
for (const { version, outcome } of results) process.stderr.write(`weir: PostgreSQL ${version}: ${outcome}\n`);
process.exitCode = results.every(({ outcome }) => outcome === 'ok') ? 0 : 1;
