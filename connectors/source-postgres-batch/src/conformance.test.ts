import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkNamedTests } from '@weir/testing';

const page = new URL('../conformance.md', import.meta.url);

test('the list of conformance has all 67 cases, each with a test that exists', () => {
  const rows = [...readFileSync(page, 'utf8').matchAll(/^\| (\d+) \| .+ \| (.+) \|$/gm)];
  assert.equal(
    rows.reduce((sum, [, count]) => sum + Number(count), 0),
    67,
  );
  for (const [row, , shown = ''] of rows) assert.match(shown, /“/, row);
  checkNamedTests(page, 25);
});
