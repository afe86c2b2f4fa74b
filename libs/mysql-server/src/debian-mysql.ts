// MySQL 9 for a machine whose distribution has none: Debian unstable's package and the libraries under it, unpacked into
// a folder of their own. Nothing is installed, no script of a package runs, and no rights are needed; the server is
// started with the loader and the libraries of that folder, so that the machine's own do not matter.

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { type ServerProgram, versionIn } from './server-program.ts';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const folder = cacheFolder('mysql-server');

/** The server that `unpackMysql` unpacked; undefined when it has not. */
export function debianMysql(): ServerProgram | undefined {
  const [loader] = globSync(join(folder, 'usr/lib/*/ld-linux-*.so.*'));
  if (loader === undefined) return undefined;
  const command = [loader, '--library-path', dirname(loader), join(folder, 'usr/sbin/mysqld')] as const;
  const version = versionIn(
    spawnSync(loader, [...command.slice(1), '--version'], { encoding: 'utf8' }).stdout ?? '',
  );
  if (version === undefined) return undefined;
  const common = [...command, '--no-defaults', `--basedir=${join(folder, 'usr')}`] as const;
  return { flavour: 'mysql', version, command: common, initialize: [...common, '--initialize-insecure'] };
}

/** Downloads and unpacks the server: 60 MB, 300 MB unpacked. Returns whether that could be done. */
export function unpackMysql(): boolean {
  if (!existsSync('/usr/bin/apt-get') || !existsSync(keyring)) return false;
  mkdirSync(dirname(folder), { recursive: true });
  const mirror = debianMirror();
  if (mirror === undefined) return false;
  const partial = mkdtempSync(`${folder}.`);
  try {
    const packages = download(join(partial, 'apt'), mirror);
    if (packages.length === 0 || !packages.every((path) => unpack(path, partial))) return false;
    rmSync(join(partial, 'apt'), { recursive: true });
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
    return true;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** Where this machine has its own Debian packages from; undefined when they are of another distribution. */
function debianMirror(): string | undefined {
  const { stdout } = spawnSync(
    'apt-get',
    ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'],
    { encoding: 'utf8' },
  );
  return (stdout ?? '').split('\n').find((uri) => /\/debian\/?$/.test(uri));
}

/** The packages' files, or none if one of them could not be had. */
function download(root: string, mirror: string): string[] {
  const archives = join(root, 'cache/archives');
  for (const path of [join(archives, 'partial'), join(root, 'state/lists/partial'), join(root, 'etc')]) {
    mkdirSync(path, { recursive: true });
  }
  writeFileSync(join(root, 'state/status'), '');
  writeFileSync(join(root, 'etc/sources.list'), `deb [signed-by=${keyring}] ${mirror} sid main\n`);
  writeFileSync(join(root, 'apt.conf'), configuration(root));
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'] as ('ignore' | 'inherit')[],
    env: { ...process.env, APT_CONFIG: join(root, 'apt.conf') },
  };
  const done =
    spawnSync('apt-get', ['update', '-qq'], options).status === 0 &&
    spawnSync('apt-get', ['install', '-y', '-qq', '--download-only', 'mysql-server-core'], options).status ===
      0;
  if (!done) return [];
  return readdirSync(archives)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(archives, name));
}

function configuration(root: string): string {
  return `
Dir "${root}";
Dir::State "state";
Dir::State::status "${join(root, 'state/status')}";
Dir::Cache "cache";
Dir::Etc "etc";
Dir::Etc::sourcelist "sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
// A mirror may be older than the time for which unstable's list of packages is signed.
Acquire::Check-Valid-Until "false";
`;
}

function unpack(archive: string, root: string): boolean {
  return (
    spawnSync('dpkg-deb', ['--extract', archive, root], { stdio: ['ignore', 'ignore', 'inherit'] }).status ===
    0
  );
}
