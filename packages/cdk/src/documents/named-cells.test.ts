import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnName, namedCells } from './named-cells.ts';

test('a column without a name has that of its letters', () => {
  assert.deepEqual(
    [0, 25, 26, 51, 52, 701, 702].map((index) => columnName(undefined, index)),
    ['A', 'Z', 'AA', 'AZ', 'BA', 'ZZ', 'AAA'],
  );
  assert.deepEqual([columnName('', 2), columnName('name', 2)], ['C', 'name']);
});

test('a row has the cells that are there, whatever its header is called', () => {
  assert.deepEqual(namedCells(['1', undefined, true, null], ['a', 'b', '']), { a: '1', C: true, D: null });
  assert.deepEqual(Object.entries(namedCells(['1'], ['__proto__'])), [['__proto__', '1']]);
  assert.deepEqual(namedCells(['1', '2'], ['a', 'a']), { a: '2' });
});
