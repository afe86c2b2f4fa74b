// Transaction ids have 32 bits in rows and in the change stream. A server whose counter is about to wrap around.

import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPostgres, type PostgresServer, type PostgresVersion } from './postgres-server.ts';

/** No row may be further behind than half the circle: it is frozen first. */
const STEPS = [1.5e9, 3e9];
/** pg_xact holds the outcomes of this many transactions in a file, four in a byte. */
const IDS_OF_A_FILE = 2 ** 20;

/** The reason to skip a test that needs `setTransactionCounter`, or false. */
export function missingTransactionCounter(version: PostgresVersion): string | false {
  const binaries = findPostgres(version);
  if (binaries === undefined) return `PostgreSQL ${version} is not installed`;
  if (!existsSync(join(binaries, 'pg_resetwal')))
    return `this PostgreSQL ${version} comes without pg_resetwal`;
  return false;
}

/** The next transaction has the id 2³² − `left`, or a little later. The server starts anew, with another log. */
export async function setTransactionCounter(server: PostgresServer, left: number): Promise<void> {
  await server.query('UPDATE pg_database SET datallowconn = true');
  for (const id of [...STEPS, 2 ** 32 - left]) {
    await freezeAll(server);
    await server.stop();
    resetCounter(server, id);
    await server.start();
  }
}

async function freezeAll(server: PostgresServer): Promise<void> {
  for (const { datname } of await server.query('SELECT datname FROM pg_database')) {
    await using connection = await server.connect(datname ?? '');
    await connection.query('VACUUM FREEZE');
  }
}

function resetCounter({ dataDirectory }: PostgresServer, id: number): void {
  const version = Number(readFileSync(join(dataDirectory, 'PG_VERSION'), 'utf8')) as PostgresVersion;
  const { uid, gid } = statSync(dataDirectory);
  const name = Math.floor(id / IDS_OF_A_FILE)
    .toString(16)
    .toUpperCase()
    .padStart(4, '0');
  const outcomes = join(dataDirectory, 'pg_xact', name);
  writeFileSync(outcomes, Buffer.alloc(IDS_OF_A_FILE / 4));
  chownSync(outcomes, uid, gid);
  const reset = spawnSync(
    join(findPostgres(version) ?? '', 'pg_resetwal'),
    ['-x', String(id), '-D', dataDirectory],
    { encoding: 'utf8', cwd: '/', ...(process.getuid?.() === 0 ? { uid, gid } : {}) },
  );
  if (reset.status !== 0) throw new Error(`pg_resetwal failed: ${reset.error?.message ?? reset.stderr}`);
}

/** Uses up so many ids. */
export async function spendTransactionIds(server: PostgresServer, count: number): Promise<void> {
  await server.query(
    `DO $$ BEGIN FOR i IN 1..${count} LOOP PERFORM txid_current(); COMMIT; END LOOP; END $$`,
  );
}
