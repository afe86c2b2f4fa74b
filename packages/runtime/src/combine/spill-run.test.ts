import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '@weir/testing';
import { systemDisk } from '../host/disk.ts';
import { SpillRun } from './spill-run.ts';

test('what a killed process left in a scratch file of the same name is not read', () => {
  using folder = temporaryDirectory();
  const path = join(folder.path, 'task-1.run');
  writeFileSync(path, Buffer.alloc(100_000, 7));
  const entry = { binding: 1, key: 'k', front: undefined, documents: [Buffer.from('{"a":1}')] };
  using run = SpillRun.write(systemDisk, path, [entry]);
  assert.deepEqual(run.next(), entry);
  assert.equal(run.next(), undefined);
});
