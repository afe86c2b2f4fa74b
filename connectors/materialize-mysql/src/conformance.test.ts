import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

test('every test that the list of conformance names exists', () => {
  const page = new URL('../conformance.md', import.meta.url);
  const named = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)]+\.test\.ts)\) “([^”]+)”/g)];
  assert.ok(named.length > 20);
  for (const [, path = '', name = ''] of named) {
    const source = readFileSync(new URL(path, page), 'utf8');
    assert.ok(source.includes(name), `${path} has no test “${name}”`);
  }
});
