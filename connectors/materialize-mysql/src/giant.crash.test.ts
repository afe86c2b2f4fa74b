// Transactions far larger than memory; of millions of rows in `npm run crash`.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { takeGiantTransaction } from '@weir/testing';
import { onBothServers } from '../test/sink.ts';

const isLong = process.env['WEIR_CRASH_RUNS'] !== undefined;
const [rows, loads] = isLong ? [2_000_000, 1_000_000] : [150_000, 80_000];

onBothServers((server) => {
  test(
    `a transaction of ${rows} rows and ${loads} loads needs no more memory than one of few`,
    { timeout: 900_000 },
    async (context) => {
      const { address, user, password, database } = server();
      const figures = await takeGiantTransaction({
        main: join(import.meta.dirname, 'main.ts'),
        config: { address, user, password, database },
        resourcePath: ['t'],
        rows,
        loads,
      });
      context.diagnostic(JSON.stringify(figures));
      assert.equal(figures.loaded, loads);
      const [found] = await server().query(
        `SELECT count(*) AS count, CAST(sum(name LIKE '% replaced') AS SIGNED) AS changed FROM test.t`,
      );
      assert.deepEqual([Number(found?.['count']), Number(found?.['changed'])], [rows, rows]);
      assert.ok(figures.peakMiB < Math.min(300, 2.5 * figures.smallMiB), JSON.stringify(figures));
    },
  );
});
