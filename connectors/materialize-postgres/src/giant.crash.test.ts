// Transactions far larger than memory; of millions of rows in `npm run crash`.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { missingPostgres, startPostgres, takeGiantTransaction } from '@weir/testing';

const isLong = process.env['WEIR_CRASH_RUNS'] !== undefined;
const [rows, loads] = isLong ? [2_000_000, 1_000_000] : [150_000, 80_000];

test(
  `a transaction of ${rows} rows and ${loads} loads needs no more memory than one of few`,
  { skip: missingPostgres(18), timeout: 600_000 },
  async (context) => {
    await using server = await startPostgres();
    const { address, user, password, database } = server;
    const figures = await takeGiantTransaction({
      main: join(import.meta.dirname, 'main.ts'),
      config: { address, user, database, credentials: { auth_type: 'UserPassword', password } },
      resourcePath: ['t'],
      rows,
      loads,
    });
    context.diagnostic(JSON.stringify(figures));
    assert.equal(figures.loaded, loads);
    const [{ count, changed } = {}] = await server.query(
      `SELECT count(*), count(*) FILTER (WHERE name LIKE '% replaced') AS changed FROM t`,
    );
    assert.deepEqual([Number(count), Number(changed)], [rows, rows]);
    assert.ok(figures.peakMiB < Math.min(300, 2.5 * figures.smallMiB), JSON.stringify(figures));
  },
);
