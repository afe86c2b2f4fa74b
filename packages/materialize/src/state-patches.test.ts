import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitStatePatches } from './state-patches.ts';

test('state patches: nothing, an empty list, several with a reset, and what is no list', () => {
  assert.deepEqual(splitStatePatches(undefined), []);
  assert.deepEqual(splitStatePatches(''), []);
  assert.deepEqual(splitStatePatches('[]'), []);
  assert.deepEqual(splitStatePatches('[{"a":1}\t]'), [{ a: 1 }]);
  assert.deepEqual(splitStatePatches('[null\t,{"a":9007199254740993}\t]'), [null, { a: 9007199254740993n }]);
  for (const invalid of ['{', '{}', '[1,]']) {
    assert.throws(() => splitStatePatches(invalid), { code: 'MATERIALIZE_STATE_PATCHES_INVALID' });
  }
});
