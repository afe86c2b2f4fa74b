import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findBreaches } from './check-floors.ts';

const folders = new Map([
  ['@weir/protocol', 'packages/protocol'],
  ['@weir/runtime', 'packages/runtime'],
  ['@weir/connector', 'packages/connector'],
  ['@weir/testing', 'packages/testing'],
  ['@weir/pgwire', 'libs/pgwire'],
]);

const breachesOf = (file: string, specifier: string) =>
  findBreaches(file, `import { x } from '${specifier}';`, folders);

test('a package may import the floors below it', () => {
  assert.deepEqual(breachesOf('packages/connector/src/a.ts', '@weir/protocol'), []);
  assert.deepEqual(breachesOf('connectors/source-x/src/main.ts', '@weir/pgwire'), []);
});

test('a package may not import a floor above it', () => {
  assert.equal(breachesOf('packages/protocol/src/a.ts', '@weir/connector').length, 1);
  assert.equal(breachesOf('libs/pgwire/src/a.ts', '@weir/protocol').length, 1);
});

test('the runtime and the connector stair never meet', () => {
  assert.equal(breachesOf('packages/runtime/src/a.ts', '@weir/connector').length, 1);
  assert.equal(breachesOf('packages/connector/src/a.ts', '@weir/runtime').length, 1);
  assert.equal(breachesOf('connectors/source-x/src/main.ts', '@weir/runtime').length, 1);
});

test('only tests import the testing package', () => {
  assert.equal(breachesOf('packages/runtime/src/a.ts', '@weir/testing').length, 1);
  assert.deepEqual(breachesOf('packages/runtime/src/a.test.ts', '@weir/testing'), []);
});

test('another package is imported by its name, never by a path', () => {
  assert.equal(breachesOf('packages/runtime/src/a.ts', '../../protocol/src/index.ts').length, 1);
});

test('an import counts however it is written', () => {
  for (const text of [
    `import { x } from "@weir/connector";`,
    `import "@weir/connector";`,
    'const { x } = await import(`@weir/connector`);',
    `export * from\n  '@weir/connector/deep.ts';`,
  ])
    assert.equal(findBreaches('packages/runtime/src/a.mjs', text, folders).length, 1, text);
});

test('a file of JavaScript is looked at too', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-floors-'));
  cpSync(import.meta.dirname, join(folder, 'scripts'), { recursive: true });
  for (const name of ['connector', 'runtime']) {
    mkdirSync(join(folder, 'packages', name, 'src'), { recursive: true });
    writeFileSync(join(folder, 'packages', name, 'package.json'), JSON.stringify({ name: `@weir/${name}` }));
  }
  for (const extension of ['ts', 'mjs', 'js'])
    writeFileSync(join(folder, 'packages/runtime/src', `a.${extension}`), 'import "@weir/connector";');
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'scripts/check-floors.ts')], {
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true });
  assert.equal(status, 1);
  assert.deepEqual(
    stderr
      .trimEnd()
      .split('\n')
      .map((line) => line.split(':')[0] ?? '')
      .sort(),
    ['packages/runtime/src/a.js', 'packages/runtime/src/a.mjs', 'packages/runtime/src/a.ts'],
  );
});
