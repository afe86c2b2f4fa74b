import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkNamedTests } from '@weir/testing';

const page = new URL('../conformance.md', import.meta.url);
const text = readFileSync(page, 'utf8');
const lines = [...text.matchAll(/^\| ([A-Z]{2})-(\d\d)(?: ×\d+)? \| (.+) \| (.+) \|$/gm)];

/** How many lines each group of the list has. */
const groups: Readonly<Record<string, number>> = {
  RT: 15,
  ST: 6,
  SC: 4,
  IS: 8,
  VA: 38,
  SE: 4,
  AP: 11,
  CV: 11,
  TY: 4,
  TP: 5,
  FE: 6,
  IM: 10,
  IA: 13,
  MG: 8,
  PG: 23,
  SL: 4,
  XO: 7,
  PF: 4,
};

test('the list of conformance has every line of every group', () => {
  for (const [group, count] of Object.entries(groups)) {
    const numbers = lines.filter(([, name]) => name === group).map(([, , number]) => Number(number));
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      Array.from({ length: count }, (_, index) => index + 1),
      group,
    );
  }
  assert.equal(
    lines.length,
    Object.values(groups).reduce((sum, count) => sum + count, 0),
  );
});

test('every test that the list of conformance names exists, and every line has one or a reason', () => {
  checkNamedTests(page, 150);
  for (const [, group, number, , shown = ''] of lines) assert.match(shown, /“|– /, `${group}-${number}`);
});
