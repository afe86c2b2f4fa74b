// A real PgBouncer in front of a test server: what users put between, and what a capture cannot go through.

import { freePort, unprivilegedUser } from '@weir/postgres-server';
import { spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PostgresServer } from './postgres-server.ts';

const PROGRAM = '/usr/sbin/pgbouncer';

/** For `test(name, { skip: missingPgBouncer() }, …)`: the reason to skip, or false. */
export function missingPgBouncer(): string | false {
  if (existsSync(PROGRAM)) return false;
  if (process.env['WEIR_REQUIRE_SERVICES'] === '1')
    throw new Error('PgBouncer is required (WEIR_REQUIRE_SERVICES=1) and is not installed');
  return 'PgBouncer is not installed';
}

/** Pools transactions for the user postgres, but for what `settings` say; ends when it is disposed, or with the test. */
export async function startPgBouncer(
  server: PostgresServer,
  settings: Readonly<Record<string, string>> = {},
): Promise<{ readonly address: string } & AsyncDisposable> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'weir-pgbouncer-'));
  const [file, users] = [join(folder, 'pgbouncer.ini'), join(folder, 'users')];
  const all = Object.entries({ pool_mode: 'transaction', ...settings });
  writeFileSync(users, '"postgres" "postgres"\n');
  writeFileSync(
    file,
    `[databases]
* = host=127.0.0.1 port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${users}
${all.map(([name, value]) => `${name} = ${value}`).join('\n')}
`,
  );
  const owner = unprivilegedUser();
  if (owner !== undefined) for (const path of [folder, file, users]) chownSync(path, owner.uid, owner.gid);
  const child = spawn(PROGRAM, [file], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(owner === undefined ? {} : { uid: owner.uid, gid: owner.gid }),
  });
  const stop = (): void => void child.kill('SIGKILL');
  process.once('exit', stop);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let log = '';
  const listening = Promise.withResolvers<undefined>();
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
    if (log.includes('process up')) listening.resolve(undefined);
  });
  void ended.then(() => listening.reject(new Error(`PgBouncer ended: ${log}`)));
  await listening.promise;
  return {
    address: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      stop();
      await ended;
      process.off('exit', stop);
      rmSync(folder, { recursive: true });
    },
  };
}
