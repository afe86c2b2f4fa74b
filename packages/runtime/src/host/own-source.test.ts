import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { isOwnPackage, ownSource } from './own-source.ts';

const project = join(import.meta.dirname, '..', '..', '..', '..');
const importPattern = /^(?:import|export)\s[^'"]*?['"]([^'"]+)['"];/gm;

test('an import within the project leads to the module that Node finds', () => {
  let answered = 0;
  for (const path of globSync('{libs,packages,connectors}/*/src/**/*.ts', { cwd: project })) {
    const file = join(project, path);
    const importer = pathToFileURL(file).href;
    const require = createRequire(file);
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(importPattern)) {
      const found = ownSource(specifier, importer);
      if (found === undefined) continue;
      answered += 1;
      assert.equal(found, pathToFileURL(require.resolve(specifier)).href, `${specifier} in ${path}`);
    }
  }
  assert.ok(answered > 1000, `only ${answered} were answered`);
});

test('every source of the project is of a package of modules', () => {
  for (const path of globSync('{.,libs/*,packages/*,connectors/*}/package.json', { cwd: project })) {
    const { type } = JSON.parse(readFileSync(join(project, path), 'utf8')) as { type?: string };
    assert.equal(type, 'module', path);
  }
});

test('what is outside of the project, or no source, is left to Node', () => {
  const importer = pathToFileURL(join(project, 'packages/runtime/src/index.ts')).href;
  const dependency = pathToFileURL(join(project, 'node_modules/yaml/index.ts')).href;
  assert.equal(ownSource('node:fs', importer), undefined);
  assert.equal(ownSource('yaml', importer), undefined);
  assert.equal(ownSource('./data.json', importer), undefined);
  assert.equal(ownSource('../../../../outside.ts', importer), undefined);
  assert.equal(ownSource('../../../node_modules/yaml/index.ts', importer), undefined);
  assert.equal(ownSource('./x.ts', 'file:///elsewhere/main.ts'), undefined);
  assert.equal(ownSource('./x.ts', dependency), undefined);
  assert.equal(ownSource('./x.ts', undefined), undefined);
  assert.equal(isOwnPackage('@weir/protocol', importer), true);
  assert.equal(isOwnPackage('@weir/protocol', 'file:///elsewhere/main.ts'), false);
  assert.equal(isOwnPackage('yaml', importer), false);
});

test('a connector that imports what is not there is left to Node, which says who imports it', () => {
  const importer = pathToFileURL(join(project, 'connectors/source-test/src/main.ts')).href;
  assert.equal(ownSource('./missing.ts', importer), undefined);
  assert.equal(ownSource('../src/main.ts', importer), importer);
});

test('a program outside of the project runs as ever, also one of CommonJS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-own-source-'));
  try {
    writeFileSync(
      join(folder, 'main.ts'),
      `const { answer } = require('./part.ts');\nconsole.log(answer);\n`,
    );
    writeFileSync(join(folder, 'part.ts'), `exports.answer = 42 as number;\n`);
    writeFileSync(join(folder, 'package.json'), '{"type":"commonjs"}');
    const hook = new URL('quick-imports.ts', import.meta.url).href;
    const printed = execFileSync(process.execPath, ['--import', hook, join(folder, 'main.ts')], {
      encoding: 'utf8',
    });
    assert.equal(printed, '42\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
