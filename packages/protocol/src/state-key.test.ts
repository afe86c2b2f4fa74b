import assert from 'node:assert/strict';
import { test } from 'node:test';
import { journalReadSuffix, stateKey } from './state-key.ts';

const CASES: readonly (readonly [string[], number, string])[] = [
  [['tests/simple_delta'], 0, 'tests%2Fsimple_delta'],
  [['key_value'], 1, 'key_value.v1'],
  [['a', 'cdc', 'table+baz'], 3, 'a%2Fcdc%2Ftable+baz.v3'],
  [['a b', 'x=1.5-y'], 0, 'a%20b%2Fx=1.5-y'],
  [['größe', '表'], 0, 'größe%2F表'],
  [['100%', '😀'], 0, '100%25%2F%F0%9F%98%80'],
];

for (const [path, backfill, key] of CASES) {
  test(`the state key of ${JSON.stringify(path)} at backfill ${backfill} is ${key}`, () => {
    assert.equal(stateKey(path, backfill), key);
  });
}

test('the journal read suffix names the task and the binding', () => {
  assert.equal(journalReadSuffix('acme/sink', 'public%2Fusers'), 'materialize/acme/sink/public%2Fusers');
});
