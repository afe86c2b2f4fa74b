import assert from 'node:assert/strict';
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
