// What a backfill emits, and where its checkpoints stand, while others write.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Downstream } from '../test/downstream.ts';
import { binding, filled, runOnce, settings, table, tableState } from '../test/engine-runs.ts';
import {
  FakeDatabase,
  FakePosition,
  type FakeServer,
  type FakeWrite,
  packId,
} from '../test/fake-database.ts';
import { CaptureEngine } from './engine.ts';
import { FALLBACK_KEY } from './key-pointer.ts';
import { CaptureState } from './state.ts';

/** Commits these writes when the first document leaves. */
function withFirstDocument(server: FakeServer, ...writes: readonly FakeWrite[]) {
  let isWritten = false;
  return (kind: string): void => {
    if (kind !== 'document' || isWritten) return;
    isWritten = true;
    server.commit(...writes);
  };
}

describe('a backfill of the engine', () => {
  test('reads every row once and leaves the table Active with its key and count', async () => {
    const [server, downstream] = [filled(7), new Downstream(1)];
    await runOnce({ server, downstream, bindings: [binding(0)] });
    assert.deepEqual(downstream.tables, server.tables);
    assert.deepEqual(
      downstream.committed.map(({ document }) => document.id),
      [1, 2, 3, 4, 5, 6, 7],
    );
    assert.deepEqual(tableState(downstream, 't0'), {
      mode: 'Active',
      key_columns: ['id'],
      backfilled: 7,
      metadata: { system: 'fake' },
    });
  });

  test('a table waits for its early writers while another one is read and followed', async () => {
    const [server, downstream] = [filled(3, 2), new Downstream(2)];
    server.writtenEarly.add(0);
    server.onIdle = () => {
      const [waiting, other] = downstream.tables;
      if (other?.size === 3 && server.log.length === 0)
        server.commit({ table: 1, op: 'put', id: 9, value: 90 });
      if (other?.size !== 4 || !server.writtenEarly.has(0)) return;
      assert.equal(waiting?.size, 0);
      server.writtenEarly.delete(0);
      server.tables[0]?.set(4, 40);
    };
    await runOnce({ server, downstream, bindings: [binding(0), binding(1)] });
    assert.equal(downstream.tables[1]?.get(9), 90);
    assert.deepEqual(downstream.tables, server.tables);
  });

  test('a full last chunk needs one more, empty one', async () => {
    const counts: number[] = [];
    for (const rows of [5, 6]) {
      const downstream = new Downstream(1);
      await runOnce({ server: filled(rows), downstream, bindings: [binding(0)] });
      counts.push(downstream.checkpoints);
    }
    assert.equal(counts[1], (counts[0] ?? 0) + 1);
  });

  test('a chunk that nothing waits for is followed by a longer one, which checkpoints its rows while it is read', async () => {
    const [server, downstream] = [filled(40), new Downstream(1)];
    const scanned: number[] = [];
    const database = await runOnce({
      server,
      downstream,
      bindings: [binding(0)],
      settings: { lengthensChunks: true, chunkCheckpointBytes: 200 },
      onOutput: (kind) => {
        const last = kind === 'checkpoint' ? lastScanned(downstream) : -1;
        if (last >= 0) scanned.push(last);
      },
    });
    assert.deepEqual(
      database.scans.map(({ share }) => share),
      [1, 2, 4, 8],
    );
    const beginnings = [3, 9, 21];
    assert.ok(
      scanned.some((id) => !beginnings.includes(id)),
      `checkpoints at ${scanned.join(', ')}`,
    );
    assert.deepEqual(downstream.tables, server.tables);
  });

  test('a precise backfill passes over changes of rows it will meet later, and emits those behind it', async () => {
    const [server, downstream] = [filled(6), new Downstream(1)];
    await runOnce({
      server,
      downstream,
      bindings: [binding(0)],
      onOutput: withFirstDocument(
        server,
        { table: 0, op: 'put', id: 1, value: 111 },
        { table: 0, op: 'put', id: 6, value: 666 },
      ),
    });
    const changed = downstream.committed.filter(({ document }) => document.snapshot !== true);
    assert.deepEqual(
      changed.map(({ document }) => document.id),
      [1],
    );
    assert.deepEqual(downstream.tables, server.tables);
  });

  test('an unfiltered backfill emits changes of rows it has not met yet', async () => {
    const [server, downstream] = [filled(6), new Downstream(1)];
    await runOnce({
      server,
      downstream,
      bindings: [binding(0, { mode: 'Normal' })],
      onOutput: withFirstDocument(server, { table: 0, op: 'put', id: 6, value: 666 }),
    });
    assert.equal(downstream.committed.filter(({ document }) => document.id === 6).length, 2);
    assert.deepEqual(downstream.tables, server.tables);
  });

  test('rows that arrive out of key order stop a precise backfill', async () => {
    const broken = new FakeDatabase(filled(1), 3, () => 0.5, [table('t0')]);
    broken.scanChunk = async (_, sink) => {
      await sink.began(new FakePosition(100));
      const document = Buffer.from('{"op":"c","id":3,"value":1}');
      sink.rows(
        1,
        { bytes: document, ends: [document.length] },
        { bytes: Buffer.from([0, 0, 0, 3]), ends: [4] },
      );
      return 'complete';
    };
    const engine = new CaptureEngine(
      broken,
      [binding(0)],
      CaptureState.from({
        cursor: '100',
        bindingStateV1: { t0: { mode: 'Backfill', key_columns: ['id'], scanned: 'AAAACQ==', backfilled: 9 } },
      }),
      new Downstream(1).attach(() => {}),
      settings,
      {
        signal: new AbortController().signal,
        now: () => 0,
        random: () => 0.5,
        status: () => {},
        log: () => {},
      },
    );
    await assert.rejects(engine.run(), { code: 'SQL_KEY_ORDER' });
  });

  test('[G1] a precise backfill that was begun over keys which only the server can order starts over, unfiltered', async () => {
    const [server, downstream] = [filled(6), new Downstream(1)];
    const [column] = table('t0').columns;
    assert.ok(column !== undefined);
    const infos = [table('t0', { columns: [{ ...column, byteOrder: 'never' }] })];
    downstream.state = {
      cursor: '100',
      bindingStateV1: {
        t0: {
          mode: 'Backfill',
          key_columns: ['id'],
          scanned: packId(4).toString('base64'),
          backfilled: 4,
          metadata: { key_types: 'mood' },
        },
      },
    };
    await runOnce({
      server,
      downstream,
      bindings: [binding(0, { mode: 'Precise' })],
      infos,
      onOutput: withFirstDocument(server, { table: 0, op: 'put', id: 6, value: 666 }),
    });
    assert.deepEqual(downstream.tables, server.tables);
    assert.ok(downstream.committed.some(({ document }) => document.id === 6 && document.snapshot !== true));
  });

  test('[G1] a change of a row that the chunk has passed is in the first checkpoint that says so', async () => {
    const [server, downstream] = [filled(6), new Downstream(1)];
    let rows = 0;
    const dying = runOnce({
      server,
      downstream,
      bindings: [binding(0)],
      chunkRows: 100,
      settings: { chunkCheckpointBytes: 1 },
      onOutput: (kind) => {
        if (kind === 'document') {
          rows += 1;
          if (rows === 1) server.commit({ table: 0, op: 'put', id: 4, value: 444 });
        } else if (lastScanned(downstream) >= 4) throw new Error('killed');
      },
    });
    await assert.rejects(dying, { message: 'killed' });
    assert.equal(lastScanned(downstream), 4);
    assert.equal(downstream.tables[0]?.get(4), 444);
    await runOnce({ server, downstream, bindings: [binding(0)] });
    assert.deepEqual(downstream.tables, server.tables);
  });

  test('[G1] no checkpoint leaves between rows among which a later scan could not go on', async () => {
    const [server, downstream] = [filled(6, 2), new Downstream(2)];
    const unmerged = { ...binding(0, { mode: 'Without Primary Key' }), collectionKey: FALLBACK_KEY };
    let rows = 0;
    await runOnce({
      server,
      downstream,
      bindings: [unmerged, binding(1, { mode: 'Only Changes' })],
      chunkRows: 100,
      onOutput: (kind) => {
        if (kind === 'document') {
          rows += 1;
          if (rows < 6) server.commit({ table: 1, op: 'put', id: rows, value: 1 });
        } else {
          const read = downstream.committed.filter((received) => received.binding === 0).length;
          assert.ok(read === 0 || read === 6, `a checkpoint after ${read} rows`);
        }
      },
    });
    assert.equal(downstream.committed.filter((received) => received.binding === 1).length, 5);
  });

  test('what was committed while the last chunk was read is emitted before a capture counts as caught up', async () => {
    const [server, downstream] = [filled(2), new Downstream(1)];
    await runOnce({
      server,
      downstream,
      bindings: [binding(0)],
      onOutput: (kind) => {
        if (kind !== 'document' || server.log.length > 0) return;
        for (let value = 100; value < 140; value += 1) server.commit({ table: 0, op: 'put', id: 1, value });
      },
    });
    assert.deepEqual(downstream.tables, server.tables);
  });

  test('[G1] a backfill that goes on compares changes with the key as it is packed now', async () => {
    const [server, downstream] = [filled(6), new Downstream(1)];
    downstream.state = {
      cursor: '100',
      bindingStateV1: {
        t0: {
          mode: 'Backfill',
          key_columns: ['id'],
          scanned: Buffer.from('4', 'latin1').toString('base64'),
          backfilled: 4,
          metadata: { system: 'fake' },
        },
      },
    };
    for (const id of [1, 2, 3, 4]) downstream.tables[0]?.set(id, id * 10);
    server.commit({ table: 0, op: 'put', id: 2, value: 222 }, { table: 0, op: 'put', id: 6, value: 666 });
    await runOnce({
      server,
      downstream,
      bindings: [binding(0)],
      repackKey: (key) => (key.length === 4 ? key : packId(Number(key.toString('latin1')))),
    });
    assert.deepEqual(downstream.tables, server.tables);
    assert.deepEqual(
      downstream.committed.map(({ document }) => document.id),
      [2, 5, 6],
    );
  });

  describe('of a table that is truncated while it is read, and read again', () => {
    /** Commits after the second of six rows, in a chunk that has more than it. */
    async function truncatedRun(...before: readonly FakeWrite[]) {
      const [server, downstream] = [filled(6), new Downstream(1)];
      const truncate = { table: 0, op: 'truncate', id: 0, value: 0 } as const;
      let rows = 0;
      await runOnce({
        server,
        downstream,
        bindings: [binding(0, { mode: 'Normal' })],
        chunkRows: 100,
        settings: { onTruncate: 'backfill' },
        onOutput: (kind) => {
          if (kind !== 'document' || (rows += 1) !== 2) return;
          if (before.length > 0) server.commit(...before);
          server.commit(truncate, { table: 0, op: 'put', id: 9, value: 90 });
        },
      });
      return { server, downstream };
    }

    test('[G1] changes that were held until their rows had been read are emitted', async () => {
      const { downstream } = await truncatedRun({ table: 0, op: 'd', id: 1, value: 0 });
      assert.deepEqual(
        downstream.committed.filter(({ document }) => document.op === 'd').map(({ document }) => document.id),
        [1],
      );
      assert.equal(downstream.tables[0]?.has(1), false);
    });

    test('rows of before do not leave after it, nor count', async () => {
      const { server, downstream } = await truncatedRun();
      const afterwards = downstream.committed.map(({ document }) => document.id);
      assert.deepEqual(afterwards.slice(afterwards.indexOf(9)), [9, 9]);
      assert.ok(afterwards.length < 8, `${afterwards.length} documents`);
      assert.deepEqual([...(server.tables[0] ?? [])], [[9, 90]]);
      assert.equal((tableState(downstream, 't0') as { backfilled: number }).backfilled, 1);
    });
  });
});

/** The last row that the checkpoints say was read; -1 when they say nothing of rows. */
function lastScanned(downstream: Downstream): number {
  if (downstream.state['bindingStateV1'] === undefined) return -1;
  const { scanned } = tableState(downstream, 't0') as { scanned?: string };
  return scanned === undefined ? -1 : Buffer.from(scanned, 'base64').readUInt32BE();
}
