// Makes sure that the servers which the tests need are on this machine. PostgreSQL 18 comes with the npm packages;
// PostgreSQL 15 with PostGIS, MariaDB, PgBouncer and the OpenSSH server are Debian's, MySQL 9 is its unstable's. What cannot
// be installed is said in one line; with WEIR_REQUIRE_SERVICES=1 it is an error.

import {
  debianMariadb,
  debianMysql,
  type ServerProgram,
  templateData,
  unpackMysql,
} from '@weir/mysql-server';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';

interface Service {
  readonly name: string;
  readonly present: () => boolean;
  readonly install: () => boolean;
}

function apt(...packages: string[]): boolean {
  if (!existsSync('/usr/bin/apt-get') || process.getuid?.() !== 0) return false;
  // Debian's package would otherwise create and start a cluster of its own.
  mkdirSync('/etc/postgresql-common', { recursive: true });
  if (!existsSync('/etc/postgresql-common/createcluster.conf')) {
    writeFileSync('/etc/postgresql-common/createcluster.conf', 'create_main_cluster = false\n');
  }
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'] as ('ignore' | 'inherit')[],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  spawnSync('apt-get', ['update', '-qq'], options);
  return (
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options).status ===
    0
  );
}

/** Debian starts a service when its package is installed, and at every boot; a test wants only the program. */
function aptWithoutService(name: string, service: string): boolean {
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = process.getuid?.() === 0 && !existsSync(policy);
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const installed = apt(name);
  if (isOurs) rmSync(policy);
  if (installed) spawnSync('systemctl', ['disable', `${service}.service`, `${service}.socket`]);
  return installed;
}

/** The first start of a server takes seconds, which its tests, run side by side, would spend at the same time. */
function prepared(program: ServerProgram | undefined): boolean {
  if (program !== undefined) templateData(program);
  return program !== undefined;
}

const services: readonly Service[] = [
  {
    name: 'PostgreSQL 15 (Debian package postgresql-15)',
    present: () => existsSync('/usr/lib/postgresql/15/bin/postgres'),
    install: () => apt('postgresql-15'),
  },
  {
    name: 'PostGIS for PostgreSQL 15 (Debian package postgresql-15-postgis-3, about 125 MB)',
    present: () => existsSync('/usr/lib/postgresql/15/lib/postgis-3.so'),
    install: () => apt('postgresql-15-postgis-3'),
  },
  {
    name: 'OpenSSH server (Debian package openssh-server)',
    present: () => existsSync('/usr/sbin/sshd'),
    install: () => aptWithoutService('openssh-server', 'ssh'),
  },
  {
    name: 'PgBouncer (Debian package pgbouncer)',
    present: () => existsSync('/usr/sbin/pgbouncer'),
    install: () => aptWithoutService('pgbouncer', 'pgbouncer'),
  },
  {
    name: 'MariaDB 10.11 (Debian packages mariadb-server-core, mariadb-client-core)',
    present: () => debianMariadb() !== undefined,
    install: () => apt('mariadb-server-core', 'mariadb-client-core') && prepared(debianMariadb()),
  },
  {
    name: 'MySQL 9 (package mysql-server-core of Debian unstable, unpacked into the cache)',
    present: () => debianMysql() !== undefined,
    install: () => unpackMysql() && prepared(debianMysql()),
  },
];

const required = process.env['WEIR_REQUIRE_SERVICES'] === '1';
for (const service of services) {
  if (service.present()) continue;
  process.stderr.write(`weir: installing ${service.name}…\n`);
  if (service.install() && service.present()) continue;
  process.stderr.write(
    `weir: ${service.name} is missing and could not be installed; its tests ${required ? 'cannot run' : 'will be skipped'}\n`,
  );
  if (required) process.exitCode = 1;
}
