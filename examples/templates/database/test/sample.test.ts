import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { lintConfigSchema } from '@weir/schema';
import { temporaryDirectory } from '@weir/testing';
import { CaptureHost } from '@weir/testing/api';
import { sample } from '../src/sample.ts';

test('the schemas keep the guidelines', () => {
  assert.deepEqual(lintConfigSchema(sample.spec.configSchema), []);
  assert.deepEqual(lintConfigSchema(sample.spec.resourceSchema), []);
});

test('rows are captured in the order of their changes, and a new session goes on where the last one was committed', async () => {
  using folder = temporaryDirectory();
  const path = join(folder.path, 'sample.db');
  using database = new DatabaseSync(path);
  database.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY, total REAL, updated_at TEXT)');
  const insert = database.prepare('INSERT OR REPLACE INTO orders VALUES (?, ?, ?)');
  insert.run(1, 1.5, '2024-01-01T00:00:02Z');
  insert.run(2, 2.5, '2024-01-01T00:00:01Z');
  const bindings = [{ resource: { table: 'orders' }, key: ['/id'] }];
  const config = { path, poll_seconds: 1 };
  await using first = CaptureHost.start(sample, config, bindings);
  await first.untilDocuments(2);
  insert.run(2, 3.5, '2024-01-01T00:00:03Z');
  await first.untilDocuments(3);
  assert.deepEqual(
    first.documents.map(({ doc }) => [doc['id'], doc['total']]),
    [
      [2, 2.5],
      [1, 1.5],
      [2, 3.5],
    ],
  );
  await first.stop();
  insert.run(3, 4.5, '2024-01-01T00:00:04Z');
  await using second = CaptureHost.start(sample, config, bindings, { state: first.state });
  await second.untilDocuments(1);
  assert.deepEqual(
    second.documents.map(({ doc }) => doc['id']),
    [3],
  );
});
