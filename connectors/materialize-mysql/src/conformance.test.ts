import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkNamedTests } from '@weir/testing';

const page = new URL('../conformance.md', import.meta.url);

/** How many lines the groups have that a database shows. */
const groups: Readonly<Record<string, number>> = { MY: 25, FE: 6, IM: 10, IA: 13, MG: 8, XO: 7, PF: 4 };

/** The numbers that the first cells name: `MG-01 to MG-05`, `FE-02, FE-06`. */
function linesOf(group: string): ReadonlySet<number> {
  const text = readFileSync(page, 'utf8');
  const cells = [...text.matchAll(/^\| ([^|]+) \|/gm)].map(([, cell = '']) => cell);
  const named = new RegExp(`${group}-(\\d\\d)(?: to ${group}-(\\d\\d))?`, 'g');
  const numbers = cells.flatMap((cell) =>
    [...cell.matchAll(named)].flatMap(([, from, to = from]) =>
      Array.from({ length: Number(to) - Number(from) + 1 }, (_, at) => Number(from) + at),
    ),
  );
  return new Set(numbers);
}

test('the list of conformance has every line of every group', () => {
  for (const [group, count] of Object.entries(groups)) {
    const all = Array.from({ length: count }, (_, at) => at + 1);
    assert.deepEqual(
      [...linesOf(group)].toSorted((a, b) => a - b),
      all,
      group,
    );
  }
});

test('every test that the list of conformance names exists', () => {
  checkNamedTests(page, 20);
});
