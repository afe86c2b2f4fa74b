import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkNamedTests } from '@weir/testing';

const page = new URL('../conformance.md', import.meta.url);
const rows = readFileSync(page, 'utf8')
  .split('\n')
  .map((line) => line.split(' | '))
  .filter((cells) => cells.length === 3);

test('the list of conformance has all 373 cases, the numbered ones in order', () => {
  const counts = rows.flatMap(([first = '']) => /^\| (\d+)(×?)$/.exec(first)?.slice(1) ?? []);
  let [total, next] = [0, 1];
  for (let i = 0; i < counts.length; i += 2) {
    const number = Number(counts[i]);
    if (counts[i + 1] === '×') total += number;
    else {
      assert.equal(number, next);
      next += 1;
      total += 1;
    }
  }
  assert.equal(total, 373);
});

test('every test that the list of conformance names exists, and every case has one or a reason', () => {
  checkNamedTests(page, 150);
  for (const [first = '', name, shown = ''] of rows)
    if (/^\| \d/.test(first)) assert.match(shown, /“|^– /, name);
});
