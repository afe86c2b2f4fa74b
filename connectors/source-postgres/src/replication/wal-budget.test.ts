import type { Logger } from '@weir/connector';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { budgetLevel, BudgetWatch, Lag, type WalFacts } from './wal-budget.ts';

function facts(changes: Partial<WalFacts> = {}): WalFacts {
  return {
    end: 1000n,
    serverTimeMs: 50_000,
    retainedBytes: 0,
    budgetBytes: 1000 * 1024 ** 2,
    walStatus: 'reserved',
    ...changes,
  };
}

const share = (percent: number) => facts({ retainedBytes: percent * 10 * 1024 ** 2 });

describe('the budget of the log', () => {
  test('is fine below 50 %, a warning below 80 % and an error from there on; without a limit it is fine', () => {
    assert.deepEqual(
      [0, 49, 50, 79, 80, 120].map((percent) => budgetLevel(share(percent))),
      ['fine', 'fine', 'warn', 'warn', 'error', 'error'],
    );
    assert.equal(budgetLevel(facts({ retainedBytes: 1e15, budgetBytes: undefined })), 'fine');
    assert.equal(budgetLevel(facts({ walStatus: 'unreserved' })), 'error');
  });

  test('is told when it gets worse, every ten minutes while it lasts, and when it is over', () => {
    const told: string[] = [];
    const tell = (level: string) => (message: string) => told.push(`${level} ${/\d+ %/.exec(message)?.[0]}`);
    const log = { info: tell('info'), warn: tell('warn'), error: tell('error') } as unknown as Logger;
    const watch = new BudgetWatch(log);
    const minute = 60_000;
    const looks: [percent: number, minutes: number][] = [
      [40, 0],
      [55, 1],
      [60, 2],
      [85, 3],
      [70, 4],
      [70, 14],
      [10, 15],
      [11, 16],
    ];
    for (const [percent, minutes] of looks) watch.look(share(percent), minutes * minute);
    assert.deepEqual(told, ['warn 55 %', 'error 85 %', 'warn 70 %', 'info 10 %']);
  });
});

describe('lag', () => {
  test('is the age of the transaction being read while changes come, and nothing when all is read', () => {
    const lag = new Lag();
    const behind = lag.measure(facts(), 400n, 0, 20_000);
    assert.deepEqual([behind.behindBytes, behind.behindMs], [600, 30_000]);
    const done = lag.measure(facts(), 1000n, 1, 20_000);
    assert.deepEqual([done.behindBytes, done.behindMs], [0, 0]);
  });

  test('is not the age of the last transaction when only other tables change', () => {
    const lag = new Lag();
    lag.measure(facts({ end: 1000n }), 1000n, 0, 1);
    lag.measure(facts({ end: 2000n }), 1000n, 10_000, 1);
    const { behindMs } = lag.measure(facts({ end: 3000n, serverTimeMs: 9e9 }), 2500n, 20_000, 1);
    assert.equal(behindMs, 10_000);
  });
});
