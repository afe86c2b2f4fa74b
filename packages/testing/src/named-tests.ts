// Lists of conformance name the tests that show a case as [file](path.test.ts) “part of a title”.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { testTitles } from './test-titles.ts';

/** Fails unless each test that the page names exists, by a part of its title, and the page names more than `least` of them. */
export function checkNamedTests(page: URL, least: number): void {
  const named = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)]+\.ts)\) “([^”]+)”/g)];
  assert.ok(named.length > least, `only ${named.length} tests are named`);
  for (const [, path = '', name = ''] of named) {
    const titles = testTitles(readFileSync(new URL(path, page), 'utf8'));
    assert.ok(
      titles.some((title) => title.includes(name)),
      `${path} has no test “${name}”`,
    );
  }
}
