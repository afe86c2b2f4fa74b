import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '@weir/testing';
import { examinedState } from './examined-state.ts';

test('the state of an examined task is what the file holds; without one, or without its file, there is none', () => {
  using folder = temporaryDirectory('weir-examined-state-');
  const file = join(folder.path, 'state.json');
  writeFileSync(file, '{"cursor":"0/1"}');
  assert.deepEqual(examinedState({ WEIR_EXAMINED_STATE: file }), { cursor: '0/1' });
  assert.equal(examinedState({ WEIR_EXAMINED_STATE: join(folder.path, 'none') }), undefined);
  assert.equal(examinedState({ WEIR_EXAMINED_STATE: '' }), undefined);
  assert.equal(examinedState({}), undefined);
});
