import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RowSource } from './rows.ts';
import { watched } from './watchdog.ts';

/** Rows that come when they are given. */
function givenRows(): RowSource & { give(count: number | undefined): void } {
  let waiting = Promise.withResolvers<number | undefined>();
  return {
    columns: ['a'],
    next: () => waiting.promise,
    give(count) {
      waiting.resolve(count);
      waiting = Promise.withResolvers();
    },
    select: () => undefined,
    writeValue: () => undefined,
    cursorValue: () => null,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

test('a query that gives no first row in its time is an error that names the binding', async () => {
  const rows = watched(givenRows(), 'orders', { firstRowMs: 5, nextRowMs: 3_600_000 });
  await assert.rejects(rows.next(), { code: 'SQLBATCH_QUERY_SILENT', message: /"orders"/ });
});

test('between rows the other time counts, and rows that come end the wait', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const given = givenRows();
  const rows = watched(given, 'orders', { firstRowMs: 3000, nextRowMs: 1000 });
  const first = rows.next();
  context.mock.timers.tick(2999);
  given.give(2);
  assert.equal(await first, 2);
  const second = rows.next();
  context.mock.timers.tick(999);
  given.give(1);
  assert.equal(await second, 1);
  const third = rows.next();
  context.mock.timers.tick(1000);
  await assert.rejects(third, { code: 'SQLBATCH_QUERY_SILENT' });
});
