import type { PgConnection } from '@weir/pgwire';
import { SqlSession } from '@weir/postgres';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkVersion } from './prerequisites.ts';

/** A scripted answer: no server that old can be had. */
function serverOf(number: number, shown: string): SqlSession {
  const connection = {
    isClosed: false,
    parameters: new Map([['server_version', shown]]),
    query: () => Promise.resolve({ columns: [{ name: 'n' }], rows: [[String(number)]] }),
  };
  return new SqlSession(() => Promise.resolve(connection as unknown as PgConnection));
}

test('servers before version 10 are refused with their version, later ones are not', async () => {
  for (const [number, shown] of [
    [80_422, '8.4.22'],
    [90_524, '9.5.24'],
    [90_624, '9.6.24 (Debian 9.6.24-1)'],
    [99_999, '9.99'],
  ] as const) {
    await assert.rejects(
      checkVersion(serverOf(number, shown)),
      (error: { code: string; message: string }) => {
        assert.equal(error.code, 'PG_VERSION');
        assert.ok(error.message.endsWith(`the server is ${shown}`), error.message);
        return true;
      },
    );
  }
  for (const number of [100_000, 100_023, 110_022, 150_007, 180_001])
    await checkVersion(serverOf(number, ''));
});
