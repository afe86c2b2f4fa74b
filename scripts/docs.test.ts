// Pages that are made from the code, or speak about it, keep to it.

import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { loadCatalogues, renderErrorDocs } from './error-docs.ts';

const root = dirname(import.meta.dirname);

test('docs/errors.md is what the catalogues say (node scripts/error-docs.ts writes it)', async () => {
  assert.equal(readFileSync(join(root, 'docs/errors.md'), 'utf8'), renderErrorDocs(await loadCatalogues()));
});

test('the README has fewer than 100 lines', () => {
  const lines = readFileSync(join(root, 'README.md'), 'utf8').trimEnd().split('\n');
  assert.ok(lines.length < 100, `${lines.length} lines`);
});

test('every error code is documented with a summary and thrown somewhere', async () => {
  const sources = globSync('{libs,packages,connectors}/**/src/**/*.ts', {
    cwd: root,
    exclude: (path) => path.includes('node_modules'),
  })
    .filter((path) => !path.endsWith('.test.ts'))
    .map((path) => readFileSync(join(root, path), 'utf8'))
    .join('\n');
  for (const [file, catalogue] of await loadCatalogues()) {
    for (const [code, { summary }] of Object.entries(catalogue)) {
      assert.match(summary, /\.$/, `${file}: the summary of ${code} is a sentence`);
      assert.ok(new RegExp(`\\.${code}\\b`).test(sources), `${file}: ${code} is thrown somewhere`);
    }
  }
});

/** What no test of ours can bring about, or none does yet. */
const unprovoked: readonly string[] = [
  'BUILD_COLLECTION_INVALID',
  'CONNECTOR_STALLED',
  'DEMO_NO_POSTGRES',
  'DISCOVER_NOT_EDITABLE',
  'INIT_NOTHING_FOUND',
];

test('every error code is named by a test, but for those listed here', async () => {
  const tests = globSync('{libs,packages,connectors}/**/*.test.ts', {
    cwd: root,
    exclude: (path) => path.includes('node_modules'),
  }).map((path) => readFileSync(join(root, path), 'utf8'));
  const named = new Set(tests.flatMap((text) => text.match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g) ?? []));
  const codes = [...(await loadCatalogues()).values()].flatMap((catalogue) => Object.keys(catalogue));
  assert.deepEqual(codes.filter((code) => !named.has(code)).sort(), unprovoked);
});

test('no code is used by two catalogues', async () => {
  const codes = [...(await loadCatalogues()).values()].flatMap((catalogue) => Object.keys(catalogue));
  assert.deepEqual(codes, [...new Set(codes)]);
});

test('the README of a connector names each of its errors', async () => {
  for (const [file, catalogue] of await loadCatalogues()) {
    if (!file.startsWith('connectors/')) continue;
    const readme = readFileSync(join(root, file, '../../README.md'), 'utf8');
    for (const code of Object.keys(catalogue)) assert.ok(readme.includes(code), `${file}: ${code}`);
  }
});

test('every external dependency has a line in docs/dependencies.md, and the page names no other', () => {
  const manifests = ['package.json', ...globSync('{libs,packages,connectors}/*/package.json', { cwd: root })];
  const used = manifests.flatMap((file) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(
      readFileSync(join(root, file), 'utf8'),
    ) as Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;
    return [...Object.keys(dependencies), ...Object.keys(devDependencies)];
  });
  const page = readFileSync(join(root, 'docs/dependencies.md'), 'utf8').split('## Written here')[0] ?? '';
  const cells = [...page.matchAll(/^\| (`.*?) \|/gm)].map(([, cell]) => cell ?? '');
  const named = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''));
  const external = used.filter((name) => !name.startsWith('@weir/'));
  assert.deepEqual([...new Set(named)].sort(), [...new Set(external)].sort());
});

test('every link between the pages leads to a file', () => {
  const pages = globSync('{*.md,{docs,libs,packages,connectors,examples}/**/*.md}', { cwd: root }).filter(
    (page) => !page.includes('node_modules'),
  );
  assert.ok(pages.length > 10);
  for (const page of pages) {
    const text = readFileSync(join(root, page), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      assert.ok(existsSync(join(root, dirname(page), target)), `${page} links to ${target}`);
    }
  }
});
