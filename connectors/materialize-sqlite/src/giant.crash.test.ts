// Transactions far larger than memory, whether their rows are staged or go straight into the table; of millions of rows in
// `npm run crash`.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { assertBounded, giant, takeGiantTransactions, temporaryDirectory } from '@weir/testing';

const { rows, loads } = giant;

test(`transactions of ${rows} rows and ${loads} loads need no more memory than those of few`, async (context) => {
  using folder = temporaryDirectory();
  const path = join(folder.path, 'giant.db');
  const main = join(import.meta.dirname, 'main.ts');
  const figures = await takeGiantTransactions({ main, config: { path }, resourcePath: ['t'] });
  context.diagnostic(JSON.stringify(figures));
  using database = new DatabaseSync(path, { readOnly: true });
  const found = database
    .prepare(`SELECT count(*) AS count, sum(name LIKE '% replaced') AS changed FROM t`)
    .get();
  assert.deepEqual([found?.['count'], found?.['changed']], [2 * rows, rows]);
  assertBounded(figures);
});
