// Snapshots whose rows are known by their keys.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documents } from '../src/documents/document-batch.ts';
import { compareRows } from '../src/engine/keyed-snapshot.ts';
import { SpoolBuffers } from '../src/engine/spool.ts';
import type { DocumentBatch } from '../src/engine/stream.ts';
import { TaskOutput } from '../src/engine/task-output.ts';
import { children, snapshot } from '../src/streams/define-stream.ts';
import { Committed, CrashingOutput } from '../src/testing/crashing-output.ts';
import { list, run } from './api-harness.ts';

const options = { path: '/rows', records: 'data', key: ['/id'], interval: '5m' } as const;

test('a row that is new at the top of a list is all that is sent; one that is gone is deleted by its key', async () => {
  const versions = [
    ['{"id":1}', '{"id":2,"n":9007199254740993}'],
    ['{"id":3}', '{"id":1}', '{"id":2,"n":9007199254740993}'],
    ['{"id":3}', '{"id":2,"n":1.10}'],
    ['{"id":2,"n":1.10}', '{"id":3}'],
  ];
  let reads = 0;
  const { texts, state } = await run(snapshot(options), () => list(...(versions[reads++] ?? [])), 1000);
  assert.equal(reads, 4);
  assert.deepEqual(texts, [
    '{"_meta":{"op":"c","row_id":-1},"id":1}',
    '{"_meta":{"op":"c","row_id":-1},"id":2,"n":9007199254740993}',
    '{"_meta":{"op":"c","row_id":-1},"id":3}',
    '{"_meta":{"op":"u","row_id":-1},"id":2,"n":1.10}',
    '{"_meta":{"op":"d","row_id":-1},"id":1}',
  ]);
  const { snapshot: kept } = state as { snapshot: { last_count: number; rows: object } };
  assert.equal(kept.last_count, 2);
  assert.deepEqual(Object.keys(kept.rows).sort(), ['[2]', '[3]']);
});

test('the id of the row above may be part of the key, also of a deletion', async () => {
  let reads = 0;
  const stream = children({
    of: { path: '/boards', records: 'data' },
    id: '/id',
    as: 'board',
    path: (id) => `/boards/${id}/cards`,
    records: 'data',
    key: ['/_meta/board', '/card'],
    interval: '5m',
  });
  const { texts } = await run(
    stream,
    (target) => {
      if (target.startsWith('/boards?')) {
        reads += 1;
        return '{"data":[{"id":"a"},{"id":"b"}]}';
      }
      return reads === 1 || target.includes('/b/') ? '{"data":[{"card":1}]}' : '{"data":[]}';
    },
    310,
  );
  assert.deepEqual(texts, [
    '{"_meta":{"op":"c","row_id":-1,"board":"a"},"card":1}',
    '{"_meta":{"op":"c","row_id":-1,"board":"b"},"card":1}',
    '{"_meta":{"op":"d","row_id":-1,"board":"a"},"card":1}',
  ]);
});

test('a list with more rows than a state can hold the keys of is refused before anything of it is sent', async () => {
  const committed = new Committed();
  const binding = {
    index: 0,
    name: 'rows',
    stateKey: 'rows',
    key: ['/id'],
    intervalMs: 1,
    stream: { kind: 'feed', feed: { run: async () => undefined } },
  } as const;
  const output = new CrashingOutput(committed, Infinity, () => undefined);
  const bindings = new Map([['rows', binding]]);
  await using out = new TaskOutput(
    { output, bindings, writers: new Map(), buffers: new SpoolBuffers() },
    binding,
  );
  const endless = async function* (): AsyncGenerator<DocumentBatch> {
    for (let id = 0; ; id += 1000)
      yield documents(Array.from({ length: 1000 }, (_, at) => ({ id: id + at })));
  };
  await assert.rejects(compareRows('rows', ['/id'], endless(), {}, out), {
    code: 'CDK_SNAPSHOT_TOO_LARGE',
    message: /more than 100000 rows/,
  });
  assert.equal(committed.documents.length, 0);
});
