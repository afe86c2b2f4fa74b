// Every promise in docs/guarantees.md has an id; tests that show it carry `[G1]` in their names. Both directions hold.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const root = dirname(import.meta.dirname);

/** The text behind each promise's heading, by id. */
function promises(): Map<string, string> {
  const text = readFileSync(join(root, 'docs/guarantees.md'), 'utf8');
  const sections = text.split(/^## (G\d+)\b/m).slice(1);
  return new Map(
    sections.flatMap((id, index) => (index % 2 === 0 ? [[id, sections[index + 1] ?? ''] as const] : [])),
  );
}

const titlePattern =
  /\b(?:test|describe)(?:\.\w+)?\(\s*(?:'((?:\\.|[^'\\])*)'|`((?:\\.|[^`\\])*)`|"((?:\\.|[^"\\])*)")/g;

/** The ids in the titles of tests; not those of comments, nor of other texts. */
function idsIn(text: string): Set<string> {
  const code = text.replaceAll(/^\s*(\/\/|\/?\*).*$/gm, '');
  const titles = [...code.matchAll(titlePattern)].map(([, ...quoted]) => quoted.join(''));
  return new Set(titles.flatMap((title) => [...title.matchAll(/\[(G\d+)\]/g)].map(([, id]) => id ?? '')));
}

/** The ids that a file's tests carry. */
function idsOf(file: string): Set<string> {
  return idsIn(readFileSync(join(root, file), 'utf8'));
}

function filesNamedBy(promise: string): string[] {
  return [...promise.matchAll(/\]\(\.\.\/([^)#]+\.test\.ts)\)/g)].map(([, file]) => file ?? '');
}

const files = globSync('{libs,packages,connectors,examples}/**/*.test.ts', { cwd: root })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => !file.includes('node_modules'));

test('every promise has a test that shows it, and every such test a promise', () => {
  const promised = [...promises().keys()];
  const tested = new Set(files.flatMap((file) => [...idsOf(file)]));
  assert.deepEqual([...tested].sort(), promised.sort());
  assert.ok(promised.length > 0);
});

test('every test file that a promise names has a test that carries its id', () => {
  for (const [id, text] of promises()) {
    const named = filesNamedBy(text);
    assert.ok(named.length > 0, `${id} names no test`);
    for (const file of named) assert.ok(idsOf(file).has(id), `${file} has no test tagged [${id}]`);
  }
});

test('every test file that carries the id of a promise is named by it', () => {
  const all = promises();
  const unnamed = files.flatMap((file) =>
    [...idsOf(file)]
      .filter((id) => !filesNamedBy(all.get(id) ?? '').includes(file))
      .map((id) => `[${id}] ${file}`),
  );
  assert.deepEqual(unnamed, []);
});

test('an id counts in the title of a test only', () => {
  const text = `// [G1] here\n/** test('[G2] no') */\n  // test('[G3] commented out')\nassert.ok(x, '[G4]');
test('[G5] it\\'s one', () => {});\ntest(\n  \`[G6] \${runs} kills\`,\n);\ndescribe("[G7] [G8]", f);`;
  assert.deepEqual([...idsIn(text)], ['G5', 'G6', 'G7', 'G8']);
});
