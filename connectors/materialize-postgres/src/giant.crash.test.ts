// Transactions far larger than memory, whether their rows are staged or go straight into the table; of millions of rows in
// `npm run crash`.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertBounded, giant, missingPostgres, startPostgres, takeGiantTransactions } from '@weir/testing';

const { rows, loads } = giant;

test(
  `transactions of ${rows} rows and ${loads} loads need no more memory than those of few`,
  { skip: missingPostgres(18), timeout: 900_000 },
  async (context) => {
    await using server = await startPostgres();
    const { address, user, password, database } = server;
    const figures = await takeGiantTransactions({
      main: join(import.meta.dirname, 'main.ts'),
      config: { address, user, database, credentials: { auth_type: 'UserPassword', password } },
      resourcePath: ['t'],
    });
    context.diagnostic(JSON.stringify(figures));
    const [{ count, changed } = {}] = await server.query(
      `SELECT count(*), count(*) FILTER (WHERE name LIKE '% replaced') AS changed FROM t`,
    );
    assert.deepEqual([Number(count), Number(changed)], [2 * rows, rows]);
    assertBounded(figures);
  },
);
