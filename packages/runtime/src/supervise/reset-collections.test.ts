import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { captureSpecToJson, materializationSpecToJson } from '@weir/protocol';
import { temporaryDirectory } from '@weir/testing';
import { ledgerCapture, ledgerCollection, ledgerMaterialization } from '../../test/scripted/ledger.ts';
import { SqliteStore } from '../store/sqlite-store.ts';
import { prepareStateFolder } from '../store/state-folder.ts';
import { StateLock } from '../store/state-lock.ts';
import { readStatus } from './status.ts';
import { resetCollections, takeBackResets } from './reset-collections.ts';

const collection = ledgerCollection();
const others = { ...collection, name: 'test/others' };

/** A capture of two collections, another one of the first, and a materialization with a binding that is not there now. */
function populate(path: string): void {
  using store = new SqliteStore(prepareStateFolder(path).storePath);
  const capture = ledgerCapture();
  const [binding] = capture.bindings;
  assert.ok(binding !== undefined);
  const bindings = [binding, { ...binding, resourcePath: ['others'], collection: others }];
  store.putApplied('test/source', 'capture', captureSpecToJson({ ...capture, bindings }), '1', undefined);
  store.putApplied('test/second', 'capture', captureSpecToJson(capture), '1', undefined);
  const sink = ledgerMaterialization();
  const inactiveBindings = sink.bindings.map((each) => ({ ...each, resourcePath: ['formerly'] }));
  const spec = materializationSpecToJson({ ...sink, inactiveBindings });
  store.putApplied('test/sink', 'materialization', spec, '1', undefined);
  for (const [name, task] of [
    [collection.name, 'test/source'],
    [collection.name, 'test/second'],
    [others.name, 'test/source'],
  ] as const) {
    const journal = store.openJournal(name, task);
    const heads = [{ name: journal.name, head: 100, documents: 3, clock: 1n }];
    store.commitCapture({ task, state: '{}', heads, inferred: [], counts: [], nowMs: 1 });
  }
}

function lagOf(path: string): number | undefined {
  return readStatus(path).tasks.find(({ name }) => name === 'test/sink')?.lagBytes;
}

test('a reset backfills whoever writes or reads the collection, and hides what one capture wrote to it', () => {
  using folder = temporaryDirectory();
  populate(folder.path);
  assert.equal(lagOf(folder.path), 200);
  const done = resetCollections(folder.path, 'test/source', [collection.name]);
  assert.deepEqual(
    done.bindings.map(({ task, resourcePath, isActive }) => `${task} ${resourcePath.join('.')} ${isActive}`),
    ['test/sink ledger true', 'test/sink formerly false', 'test/source ledger true'],
  );
  assert.deepEqual(done.kept, [{ collection: collection.name, capture: 'test/second' }]);
  const status = readStatus(folder.path);
  assert.deepEqual(
    status.tasks.flatMap(({ name, askedBackfills }) =>
      askedBackfills.map((path) => `${name} ${path.join('.')}`),
    ),
    ['test/sink ledger', 'test/source ledger'],
  );
  assert.deepEqual(
    status.collections.map(({ name, bytes, bytesBeforeReset }) => [name, bytes, bytesBeforeReset]),
    [
      [collection.name, 200, 100],
      [others.name, 100, 0],
    ],
  );
  using store = new SqliteStore(prepareStateFolder(folder.path).storePath);
  assert.deepEqual([...store.backfills('test/source').values()], [{ count: 1, least: 1 }]);
  assert.deepEqual([...store.backfills('test/second')], []);
  assert.deepEqual(
    [...store.backfills('test/sink').values()],
    [
      { count: 1, least: 1 },
      { count: 1, least: 1 },
    ],
  );
  for (const { collection: name, task, first } of store.journals()) {
    assert.equal(first, name === collection.name && task === 'test/source' ? 100 : 0);
  }
  assert.equal(lagOf(folder.path), 100);
  assert.deepEqual(resetCollections(folder.path, 'test/second', [collection.name]).kept, []);
});

test('a reset is taken back: tables are built from everything again, and the capture goes on from where it is', () => {
  using folder = temporaryDirectory();
  populate(folder.path);
  resetCollections(folder.path, 'test/source', [collection.name, others.name]);
  const { bindings } = takeBackResets(folder.path, 'test/source', [collection.name]);
  assert.deepEqual(
    bindings.map(({ task, resourcePath }) => `${task} ${resourcePath.join('.')}`),
    ['test/sink ledger', 'test/sink formerly'],
  );
  using store = new SqliteStore(prepareStateFolder(folder.path).storePath);
  assert.deepEqual(
    store.journals().map(({ collection: name, first }) => [name, first]),
    [
      [collection.name, 0],
      [collection.name, 0],
      [others.name, 100],
    ],
  );
  assert.deepEqual(
    [...store.backfills('test/sink').values()].map(({ count }) => count),
    [2, 2],
  );
  assert.equal(lagOf(folder.path), 200);
});

test('[G4] nothing is reset while somebody runs', () => {
  using folder = temporaryDirectory();
  populate(folder.path);
  {
    using _lock = StateLock.acquire(folder.path, 0);
    assert.throws(() => resetCollections(folder.path, 'test/source', [collection.name]), {
      code: 'RUNTIME_STATE_LOCKED',
      fix: 'Stop it, ask again, and start it.',
    });
  }
  using store = new SqliteStore(prepareStateFolder(folder.path).storePath);
  assert.deepEqual([...store.backfills('test/sink')], []);
  assert.ok(store.journals().every(({ first }) => first === 0));
});

test('a store of before there were resets is looked at as it is, and taken over', () => {
  using folder = temporaryDirectory();
  populate(folder.path);
  const { storePath } = prepareStateFolder(folder.path);
  {
    using database = new DatabaseSync(storePath);
    database.exec(
      'ALTER TABLE journal DROP COLUMN first; ALTER TABLE backfill DROP COLUMN least; PRAGMA user_version = 1',
    );
  }
  assert.equal(lagOf(folder.path), 200);
  resetCollections(folder.path, 'test/source', [collection.name]);
  assert.equal(lagOf(folder.path), 100);
});
