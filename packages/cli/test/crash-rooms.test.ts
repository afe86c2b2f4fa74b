import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRooms, otherRooms, pipelineRooms } from './crash-rooms.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const found = globSync('{packages,connectors}/*/src/crash-points.ts', { cwd: root }).map(
  (file) => file.split(/[\\/]/)[1] ?? '',
);

test('every list of crash points is gone through by a test, or is said to be open', () => {
  const rooms = [...pipelineRooms, ...Object.keys(otherRooms), ...Object.keys(openRooms)];
  assert.deepEqual(rooms.sort(), found.sort());
});

test('a test that is named for a list arms its points', () => {
  for (const [room, file] of Object.entries(otherRooms)) {
    const path = join(root, file);
    assert.ok(existsSync(path), file);
    assert.match(
      readFileSync(path, 'utf8'),
      /crashPoints|CRASH_POINTS/,
      `${file} does not go through the points of ${room}`,
    );
  }
});
