import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { MysqlServerError } from './mysql-server-error.ts';
import type { ServerProgram } from './server-program.ts';

/** Keeps a new data folder small, so that a copy of it is made in a moment. */
const smallData = {
  mysql: ['--innodb-redo-log-capacity=8M', '--innodb-doublewrite=OFF', '--innodb-flush-method=nosync'],
  mariadb: ['--innodb-log-file-size=8M'],
} as const;

/**
 * A data folder as the server makes it, with a root that has no password. It is made once for each version, which takes
 * seconds, and is there to be copied.
 */
export function templateData(program: ServerProgram): string {
  const folder = cacheFolder(`${program.flavour}-${program.version}-data`);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(dirname(partial), { recursive: true });
  const [command, ...leading] = program.initialize;
  const result = spawnSync(
    command,
    [...leading, `--datadir=${partial}`, ...asRoot(), ...smallData[program.flavour]],
    { encoding: 'utf8', cwd: '/' },
  );
  if (result.status !== 0) {
    rmSync(partial, { recursive: true, force: true });
    const reason = result.error?.message ?? `${result.stdout}${result.stderr}`;
    throw new MysqlServerError(`${program.flavour} could not make a data folder: ${reason.trim()}`);
  }
  try {
    renameSync(partial, folder);
  } catch {
    // Another process was faster.
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

/** Both servers refuse to run as root unless they are told to. */
export function asRoot(): string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}
