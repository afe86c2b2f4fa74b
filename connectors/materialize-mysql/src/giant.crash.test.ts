// Transactions far larger than memory, whether their rows are staged or go straight into the table; of millions of rows in
// `npm run crash`.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertBounded, giant, takeGiantTransactions } from '@weir/testing';
import { onBothServers } from '../test/sink.ts';

const { rows, loads } = giant;

onBothServers((server) => {
  test(
    `transactions of ${rows} rows and ${loads} loads need no more memory than those of few`,
    { timeout: 900_000 },
    async (context) => {
      const { address, user, password, database } = server();
      const figures = await takeGiantTransactions({
        main: join(import.meta.dirname, 'main.ts'),
        config: { address, user, password, database },
        resourcePath: ['t'],
      });
      context.diagnostic(JSON.stringify(figures));
      const [found] = await server().query(
        `SELECT count(*) AS count, CAST(sum(name LIKE '% replaced') AS SIGNED) AS changed FROM test.t`,
      );
      assert.deepEqual([Number(found?.['count']), Number(found?.['changed'])], [2 * rows, rows]);
      assertBounded(figures);
    },
  );
});
