import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isVisible, parseSnapshot, RecentTransactions } from './recent-transactions.ts';

describe('which streamed transactions a snapshot sees', () => {
  test('everything before xmin, nothing from xmax on, and in between what is not running', () => {
    const snapshot = parseSnapshot('100:110:103,107');
    assert.deepEqual(
      [99, 100, 103, 106, 107, 109, 110, 500].map((xid) => isVisible(snapshot, xid)),
      [true, true, false, true, false, true, false, false],
    );
    assert.equal(isVisible(parseSnapshot('100:100:'), 99), true);
  });

  test('32-bit transaction ids are taken for the nearest of the 64-bit ones', () => {
    const epoch = 2 ** 32;
    const snapshot = parseSnapshot(`${3 * epoch + 5}:${3 * epoch + 10}:${3 * epoch + 7}`);
    assert.equal(isVisible(snapshot, 7), false);
    assert.equal(isVisible(snapshot, 6), true);
    assert.equal(isVisible(snapshot, epoch - 3), true);
    assert.equal(isVisible(snapshot, 12), false);
  });

  test('settling forgets what is seen, and nothing else', () => {
    const recent = new RecentTransactions();
    recent.add(101);
    recent.add(103);
    recent.settle(parseSnapshot('100:110:103'));
    assert.deepEqual(recent.all(), [103]);
    recent.settle(parseSnapshot('104:110:'));
    assert.equal(recent.size, 0);
  });
});
