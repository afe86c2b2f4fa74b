import * as fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isVisible, parseSnapshot } from '../replication/recent-transactions.ts';
import { isScanned, scannedConditions, watershedOf } from './watershed.ts';

const WHOLE = 2 ** 32;

function watershed(snapshot: string) {
  const parsed = watershedOf({ watershed: snapshot, watershed_end: '0/10' });
  assert.ok(parsed !== undefined);
  return parsed;
}

/** What PostgreSQL makes of the conditions, for a row with this 32-bit xmin. */
function holds(conditions: readonly string[], xmin: number): boolean {
  return conditions.every((condition) => {
    const expression = condition
      .replace(/^xmin <> ALL \('\{(.*)\}'::xid\[\]\)$/, '![$1].includes(x)')
      .replaceAll(/xmin::text::bigint BETWEEN (\d+) AND (-?\d+)/g, '(x >= $1 && x <= $2)')
      .replaceAll('xmin::text::bigint', 'x')
      .replaceAll('NOT ', '!')
      .replaceAll(' OR ', ' || ');
    // oxlint-disable-next-line typescript/no-implied-eval
    return (new Function('x', `return ${expression}`) as (x: number) => boolean)(xmin);
  });
}

describe('the watershed between scan and stream', () => {
  test('nothing is left out while nothing was running and nothing has begun since', () => {
    assert.deepEqual(scannedConditions(watershed('100:100:'), parseSnapshot('100:100:')), []);
  });

  test('the conditions name what was running and what has begun since', () => {
    assert.deepEqual(scannedConditions(watershed('100:110:103,107'), parseSnapshot('112:120:')), [
      "xmin <> ALL ('{103,107}'::xid[])",
      'NOT xmin::text::bigint BETWEEN 110 AND 119',
    ]);
    assert.deepEqual(
      scannedConditions(
        watershed(`${WHOLE - 5}:${WHOLE - 1}:${WHOLE - 5}`),
        parseSnapshot(`${WHOLE}:${WHOLE + 9}:`),
      ),
      [
        "xmin <> ALL ('{4294967291}'::xid[])",
        'NOT (xmin::text::bigint >= 4294967295 OR xmin::text::bigint BETWEEN 3 AND 8)',
      ],
    );
  });

  test("a row that a chunk sees is either the scan's or the stream's, also where transaction ids wrap around", () => {
    const scenario = fc.record({
      base: fc.constantFrom(1000, WHOLE - 40, WHOLE, 5 * WHOLE - 3, 7 * WHOLE + 2 ** 31),
      width: fc.nat({ max: 30 }),
      running: fc.uniqueArray(fc.nat({ max: 29 })),
      grown: fc.nat({ max: 40 }),
      xid: fc.integer({ min: -50, max: 80 }),
    });
    fc.assert(
      fc.property(scenario, ({ base, width, running, grown, xid }) => {
        const list = running.filter((offset) => offset < width).toSorted((a, b) => a - b);
        const before = watershed(`${base}:${base + width}:${list.map((offset) => base + offset).join()}`);
        const chunk = parseSnapshot(`${base + width + grown}:${base + width + grown}:`);
        const xmin = (base + xid) % WHOLE;
        fc.pre(xmin >= 3 && isVisible(chunk, xmin));
        const isScans = holds(scannedConditions(before, chunk), xmin);
        assert.equal(isScans, isScanned(before, xmin));
      }),
    );
  });

  test("rows without a transaction are the scan's, and metadata of others hold no watershed", () => {
    const conditions = scannedConditions(
      watershed(`${WHOLE - 9}:${WHOLE - 1}:`),
      parseSnapshot(`${WHOLE}:${WHOLE + 9}:`),
    );
    assert.deepEqual(
      [0, 1, 2, 3, 8, 9].map((xmin) => holds(conditions, xmin)),
      [true, true, true, false, false, true],
    );
    assert.equal(watershedOf({ system_identifier: '1', timeline: 1 }), undefined);
    assert.equal(watershedOf(undefined), undefined);
  });
});
