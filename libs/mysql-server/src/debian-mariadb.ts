import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type ServerProgram, versionIn } from './server-program.ts';

const server = '/usr/sbin/mariadbd';
const initializer = '/usr/bin/mariadb-install-db';

/**
 * The server of the Debian packages `mariadb-server-core` and `mariadb-client-core`, which start no service; undefined
 * when they are not installed.
 */
export function debianMariadb(): ServerProgram | undefined {
  if (![server, initializer, '/usr/bin/my_print_defaults'].every((path) => existsSync(path)))
    return undefined;
  const version = versionIn(spawnSync(server, ['--version'], { encoding: 'utf8' }).stdout ?? '');
  if (version === undefined) return undefined;
  return {
    flavour: 'mariadb',
    version,
    command: [server, '--no-defaults'],
    initialize: [
      initializer,
      '--no-defaults',
      '--basedir=/usr',
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
    ],
  };
}
