import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '@weir/testing';
import { requireWritable } from './database.ts';

test('a file that could not be made or written is told before anything is tried, and looking makes nothing', () => {
  using folder = temporaryDirectory();
  requireWritable(join(folder.path, 'new.db'));
  mkdirSync(join(folder.path, 'folder'));
  for (const path of ['folder', 'missing/new.db']) {
    assert.throws(() => requireWritable(join(folder.path, path)), { code: 'SQLITE_CANNOT_OPEN' }, path);
  }
  assert.deepEqual(readdirSync(folder.path), ['folder']);
});
