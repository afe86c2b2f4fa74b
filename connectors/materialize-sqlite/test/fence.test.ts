import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import {
  type Checkpoint,
  EXPLICIT_ZERO_CHECKPOINT,
  packTuple,
  StoreFrame,
  type StoreRequest,
} from '@weir/protocol';
import type { StoreBatch } from '@weir/materialize';
import { temporaryDirectory } from '@weir/testing';
import { Sink, specOf } from './sink.ts';

const spec = specOf({ table: 't', fields: { id: { types: ['integer'] }, v: { types: ['string'] } } });

const checkpointAt = (offset: number): Checkpoint => ({
  sources: { 'acme/things/pivot=00;materialize/acme/sink/t': { readThrough: BigInt(offset), producers: [] } },
  ackIntents: {},
});

function storeOf(
  id: number,
  v: string,
  flags: Partial<Pick<StoreRequest, 'exists' | 'delete'>> = {},
): StoreRequest {
  return {
    kind: 'store',
    binding: 0,
    keyPacked: packTuple([id]),
    valuesPacked: packTuple([v]),
    doc: Buffer.from(JSON.stringify({ id, v })),
    exists: false,
    delete: false,
    ...flags,
  };
}

async function* batch(...documents: StoreRequest[]): AsyncGenerator<StoreBatch, void, undefined> {
  yield { binding: 0, documents: documents.map((document) => StoreFrame.of(document)) };
}

async function preparedFile(hardDelete = false, encoding = 'UTF-8') {
  const folder = temporaryDirectory();
  const path = join(folder.path, 'sink.db');
  using made = new DatabaseSync(path);
  made.exec(`PRAGMA encoding = '${encoding}'; CREATE TABLE mine (id INTEGER)`);
  const sink = Sink.at(path, { hardDelete });
  await sink.applySpec(spec);
  return { folder, open: () => sink.open(), path };
}

function rows(path: string): unknown[] {
  using database = new DatabaseSync(path);
  return database
    .prepare('SELECT id, v FROM t ORDER BY id')
    .all()
    .map((row) => ({ ...row }));
}

test('[G2] a session goes on from the checkpoint that was committed with the rows', async () => {
  const { folder, open, path } = await preparedFile();
  using _ = folder;
  {
    await using first = open();
    assert.equal(first.checkpoint, EXPLICIT_ZERO_CHECKPOINT);
    await first.store(batch(storeOf(1, 'a'), storeOf(2, 'b')));
    await first.commit(checkpointAt(100));
    await first.store(batch(storeOf(2, 'never committed')));
  }
  await using second = open();
  assert.deepEqual(second.checkpoint, checkpointAt(100));
  assert.deepEqual(rows(path), [
    { id: 1, v: 'a' },
    { id: 2, v: 'b' },
  ]);
});

test('[G5] of two sessions the older one is fenced off, and nothing of its transaction is kept', async () => {
  const { folder, open, path } = await preparedFile();
  using _ = folder;
  await using older = open();
  await older.store(batch(storeOf(1, 'older')));
  await older.commit(checkpointAt(1));
  await using newer = open();
  await older.store(batch(storeOf(1, 'stale'), storeOf(2, 'stale')));
  await assert.rejects(older.commit(checkpointAt(2)), { code: 'SQL_FENCED_OFF' });
  await newer.store(batch(storeOf(3, 'newer')));
  await newer.commit(checkpointAt(3));
  assert.deepEqual(rows(path), [
    { id: 1, v: 'older' },
    { id: 3, v: 'newer' },
  ]);
});

test('a delete removes the row only with hard deletes', async () => {
  for (const hardDelete of [false, true]) {
    const { folder, open, path } = await preparedFile(hardDelete);
    using _ = folder;
    await using session = open();
    await session.store(batch(storeOf(1, 'a')));
    await session.commit(checkpointAt(1));
    await session.store(batch(storeOf(1, 'gone', { exists: true, delete: true })));
    await session.commit(checkpointAt(2));
    assert.deepEqual(rows(path), hardDelete ? [] : [{ id: 1, v: 'gone' }]);
  }
});

test('a row that somebody deleted by hand is stored again, not lost', async () => {
  const { folder, open, path } = await preparedFile();
  using _ = folder;
  await using session = open();
  await session.store(batch(storeOf(1, 'a', { exists: true })));
  await session.commit(checkpointAt(1));
  assert.deepEqual(rows(path), [{ id: 1, v: 'a' }]);
});

for (const encoding of ['UTF-8', 'UTF-16le', 'UTF-16be']) {
  test(`a file in ${encoding} holds the text of documents and values as it came`, async () => {
    const { folder, open, path } = await preparedFile(false, encoding);
    using _folder = folder;
    const text = 'é 😀 "quoted" \0 end';
    await using transactor = open();
    await transactor.store(batch(storeOf(1, text)));
    await transactor.commit(checkpointAt(1));
    using database = new DatabaseSync(path);
    const row = database
      .prepare('SELECT v, flow_document AS doc, typeof(flow_document) AS type FROM t')
      .get();
    assert.deepEqual({ ...row }, { v: text, doc: JSON.stringify({ id: 1, v: text }), type: 'text' });
  });
}
