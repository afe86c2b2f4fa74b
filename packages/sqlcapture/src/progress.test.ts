import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lagText } from './lag-text.ts';
import { BackfillProgress } from './progress.ts';

describe('the progress of backfills', () => {
  test('is told per table with what is left, at the pace of this process', async () => {
    const progress = new BackfillProgress(3);
    await progress.begin(0, 500, 0, () => Promise.resolve(2000));
    await progress.begin(1, 0, 0, () => Promise.resolve(undefined));
    await progress.begin(2, 0, 0, () => Promise.resolve(10));
    progress.advance(0, 1000, false);
    progress.advance(1, 7, false);
    progress.advance(2, 10, true);
    assert.deepEqual(progress.reports(10_000), [
      { table: 0, rows: 1000, estimate: 2000, percent: 50, secondsLeft: 20 },
      { table: 1, rows: 7, estimate: undefined, percent: undefined, secondsLeft: undefined },
    ]);
    assert.equal(progress.summary(), '(2 tables backfilling)');
    progress.advance(1, 7, true);
    assert.equal(progress.summary(), '(backfilled 50% of 1 table)');
  });

  test('the status line tells of a lag that is more than a moment', () => {
    const lag = (behindBytes: number, behindMs: number) => lagText({ behindBytes, behindMs, details: {} });
    assert.deepEqual(
      [lag(0, 0), lag(1e6, 30_000), lag(1.5 * 1024 ** 3, 30_000), lag(1e6, 180_000), lag(1e9, 9e6)],
      ['', '', ' (1.5 GiB, 30 seconds behind)', ' (1 MiB, 3 minutes behind)', ' (954 MiB, 3 hours behind)'],
    );
  });
});
