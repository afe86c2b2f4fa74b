import assert from 'node:assert/strict';
import { test } from 'node:test';
import { previewOf } from './preview.ts';

test('a connector is in a preview when its environment names one', () => {
  assert.equal(previewOf({}), undefined);
  assert.equal(previewOf({ WEIR_PREVIEW: '', WEIR_PREVIEW_SESSIONS: '2' }), undefined);
  assert.equal(previewOf({ WEIR_PREVIEW: 'off' }), undefined);
  assert.deepEqual(previewOf({ WEIR_PREVIEW: 'a' }), { id: 'a', sessions: 1 });
  assert.deepEqual(previewOf({ WEIR_PREVIEW: 'a', WEIR_PREVIEW_SESSIONS: '3' }), { id: 'a', sessions: 3 });
  assert.deepEqual(previewOf({ WEIR_PREVIEW: 'a', WEIR_PREVIEW_SESSIONS: 'x' }), { id: 'a', sessions: 1 });
});
