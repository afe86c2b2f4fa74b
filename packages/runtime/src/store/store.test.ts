import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { temporaryDirectory } from '@weir/testing';
import { SqliteStore } from './sqlite-store.ts';
import { prepareStateFolder } from './state-folder.ts';
import { StateLock } from './state-lock.ts';

test('a capture commit is read back by another connection, and by a later process', () => {
  using folder = temporaryDirectory();
  const { storePath } = prepareStateFolder(folder.path);
  using store = new SqliteStore(storePath);
  const journal = store.openJournal('acme/orders', 'acme/source');
  assert.deepEqual(store.openJournal('acme/orders', 'acme/source'), journal);
  assert.notEqual(store.openJournal('acme/orders', 'acme/other').name, journal.name);
  const commit = {
    task: 'acme/source',
    state: '{"cursor":1}',
    heads: [{ name: journal.name, head: 100, documents: 3, clock: 2n ** 62n + 1n }],
    inferred: [{ collection: 'acme/orders', stateKey: 'orders', schema: '{"type":"object"}' }],
    counts: [{ stateKey: 'orders', documents: 3, bytes: 100 }],
    nowMs: 1234,
  };
  store.commitCapture(commit);
  store.commitCapture({ ...commit, state: '{"cursor":2}' });

  using reader = new SqliteStore(storePath, { readOnly: true });
  const [found] = reader.journals('acme/orders').filter((record) => record.task === 'acme/source');
  assert.deepEqual(found, { ...journal, head: 100, documents: 3, clock: 2n ** 62n + 1n });
  assert.equal(reader.task('acme/source')?.state, '{"cursor":2}');
  assert.equal(reader.task('acme/source')?.transactions, 2);
  assert.deepEqual(reader.counts('acme/source'), [{ stateKey: 'orders', documents: 6, bytes: 200 }]);
  assert.equal(reader.inferredVersion('acme/orders'), 2);
  assert.deepEqual(reader.producerId, store.producerId);
  assert.equal((store.producerId[0] ?? 0) & 1, 1);
});

test('a materialization keeps its checkpoint, its state and its maximum keys', () => {
  using folder = temporaryDirectory();
  using store = new SqliteStore(prepareStateFolder(folder.path).storePath);
  store.putApplied('acme/sink', 'materialization', '{"name":"acme/sink"}', 'v1', '{"a":1}');
  store.putMaxKeys('acme/sink', [{ stateKey: 'orders', key: Buffer.from([0x15, 1]) }], undefined);
  store.putMaxKeys('acme/sink', [{ stateKey: 'orders', key: Buffer.from([0x15, 2]) }], '{"a":2}');
  store.commitMaterialization({
    task: 'acme/sink',
    state: undefined,
    checkpoint: Buffer.from([1, 2]),
    counts: [],
    nowMs: 5,
  });
  const task = store.task('acme/sink');
  assert.equal(task?.state, '{"a":2}');
  assert.equal(task?.lastVersion, 'v1');
  assert.deepEqual(task?.checkpoint, Buffer.from([1, 2]));
  assert.deepEqual([...store.maxKeys('acme/sink')], [['orders', Buffer.from([0x15, 2])]]);
  store.requestBackfill({ task: 'acme/sink', binding: 'orders', least: 3 });
  store.requestBackfill({ task: 'acme/sink', binding: 'orders', count: 4 });
  assert.deepEqual([...store.backfills('acme/sink')], [['orders', { count: 5, least: 3 }]]);
});

test('the store and its folder are for their owner only', () => {
  using folder = temporaryDirectory();
  const state = prepareStateFolder(join(folder.path, 'state'));
  using store = new SqliteStore(state.storePath);
  assert.equal(store.tasks().length, 0);
  assert.equal(statSync(state.path).mode & 0o777, 0o700);
  for (const path of [state.storePath, `${state.storePath}-wal`])
    assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a store of a newer version is refused', () => {
  using folder = temporaryDirectory();
  const { storePath } = prepareStateFolder(folder.path);
  const database = new DatabaseSync(storePath);
  database.exec('PRAGMA user_version = 999');
  database.close();
  assert.throws(() => new SqliteStore(storePath), { code: 'RUNTIME_STATE_VERSION' });
});

test('a state folder that cannot be made is one clear error', () => {
  using folder = temporaryDirectory();
  const file = join(folder.path, 'file');
  new DatabaseSync(file).exec('CREATE TABLE t (x)');
  assert.throws(() => prepareStateFolder(join(file, 'below')), { code: 'RUNTIME_STATE_UNUSABLE' });
});

test('[G4] a second owner of a state folder is refused at once with pid, host and since when', () => {
  using folder = temporaryDirectory();
  const now = Date.parse('2026-01-02T03:04:05Z');
  {
    using lock = StateLock.acquire(folder.path, now);
    assert.ok(lock);
    assert.throws(() => StateLock.acquire(folder.path, now), {
      code: 'RUNTIME_STATE_LOCKED',
      message: new RegExp(`process ${process.pid} on .*, since 2026-01-02T03:04:05`),
    });
  }
  using again = StateLock.acquire(folder.path, now);
  assert.ok(again);
});

test('[G4] the lock of an owner that was killed is free', () => {
  using folder = temporaryDirectory();
  const module = join(import.meta.dirname, 'state-lock.ts');
  const script = `const { StateLock } = await import(${JSON.stringify(module)});
    StateLock.acquire(${JSON.stringify(folder.path)}, 0); process.kill(process.pid, 'SIGKILL');`;
  const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  assert.equal(signal, 'SIGKILL');
  using lock = StateLock.acquire(folder.path, 0);
  assert.ok(lock);
});
