// Transactions far larger than memory; of millions of rows in `npm run crash`.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { takeGiantTransaction, temporaryDirectory } from '@weir/testing';

const isLong = process.env['WEIR_CRASH_RUNS'] !== undefined;
const [rows, loads] = isLong ? [2_000_000, 1_000_000] : [150_000, 80_000];

test(`a transaction of ${rows} rows and ${loads} loads needs no more memory than one of few`, async (context) => {
  using folder = temporaryDirectory();
  const path = join(folder.path, 'giant.db');
  const main = join(import.meta.dirname, 'main.ts');
  const figures = await takeGiantTransaction({ main, config: { path }, resourcePath: ['t'], rows, loads });
  context.diagnostic(JSON.stringify(figures));
  assert.equal(figures.loaded, loads);
  using database = new DatabaseSync(path, { readOnly: true });
  const found = database
    .prepare(`SELECT count(*) AS count, sum(name LIKE '% replaced') AS changed FROM t`)
    .get();
  assert.deepEqual([found?.['count'], found?.['changed']], [rows, rows]);
  assert.ok(figures.peakMiB < Math.min(300, 2.5 * figures.smallMiB), JSON.stringify(figures));
});
