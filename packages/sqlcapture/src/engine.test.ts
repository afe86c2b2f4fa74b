import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Downstream } from '../test/downstream.ts';
import { binding, filled, runOnce, table, tableState } from '../test/engine-runs.ts';
import type { SqlBinding } from './binding.ts';

describe('the capture engine', () => {
  test('a table that is new, or another one than before, is checked as one of which nothing is known', async () => {
    const [server, downstream] = [filled(1, 3), new Downstream(3)];
    const [both, all] = [
      [binding(0), binding(1)],
      [binding(0), binding(1), binding(2)],
    ];
    const infosOf = (identity: string) => [
      table('t0', { identity: '1' }),
      table('t1', { identity }),
      table('t2', { identity: '3' }),
    ];
    const first = await runOnce({ server, downstream, bindings: both, infos: infosOf('2') });
    assert.deepEqual(first.checked, [['t0 new', 't1 new']]);
    const onReplaced = { onReplaced: 'backfill' } as const;
    const second = await runOnce({
      server,
      downstream,
      bindings: all,
      infos: infosOf('4'),
      settings: onReplaced,
    });
    assert.deepEqual(second.checked, [['t0 known', 't1 new', 't2 new']]);
  });

  test('"Only Changes" and skipped tables are Active at once and emit no existing row', async () => {
    const [server, downstream] = [filled(4, 2), new Downstream(2)];
    await runOnce({
      server,
      downstream,
      bindings: [binding(0, { mode: 'Only Changes' }), binding(1)],
      settings: { isSkipped: (each) => each.stateKey === 't1' },
    });
    assert.deepEqual(downstream.committed, []);
    assert.match(JSON.stringify(tableState(downstream, 't0')), /"mode":"Active"/);
    assert.match(JSON.stringify(tableState(downstream, 't1')), /"mode":"Active"/);
  });

  test('a higher priority is backfilled to its end first', async () => {
    const [server, downstream] = [filled(6, 3), new Downstream(3)];
    await runOnce({
      server,
      downstream,
      bindings: [binding(0, { priority: -10 }), binding(1), binding(2, { priority: 10 })],
    });
    const order = downstream.committed.map((received) => received.binding);
    assert.deepEqual(
      order,
      order.toSorted((a, b) => b - a),
    );
  });

  test('a removed binding becomes Ignore, and starts over when it returns', async () => {
    const [server, downstream] = [filled(2, 2), new Downstream(2)];
    await runOnce({ server, downstream, bindings: [binding(0), binding(1)] });
    await runOnce({ server, downstream, bindings: [binding(0)] });
    assert.deepEqual(tableState(downstream, 't1'), { mode: 'Ignore', backfilled: 0 });
    server.commit({ table: 1, op: 'put', id: 9, value: 90 });
    await runOnce({ server, downstream, bindings: [binding(0), binding(1)] });
    assert.deepEqual(downstream.tables, server.tables);
  });

  test('the cursor is kept while one binding was live before, and reset when none was', async () => {
    const [server, downstream] = [filled(2, 2), new Downstream(2)];
    const first = await runOnce({ server, downstream, bindings: [binding(0), binding(1)] });
    const second = await runOnce({ server, downstream, bindings: [binding(0), binding(1, {}, 't1.v1')] });
    const third = await runOnce({
      server,
      downstream,
      bindings: [binding(0, {}, 't0.v1'), binding(1, {}, 't1.v2')],
    });
    assert.deepEqual(first.openedWith, [undefined]);
    assert.equal(typeof second.openedWith[0], 'string');
    assert.deepEqual(third.openedWith, [undefined]);
  });

  test('a missing table and a collection keyed by position are refused', async () => {
    const server = filled(1);
    await assert.rejects(
      runOnce({ server, downstream: new Downstream(1), bindings: [binding(0)], infos: [] }),
      { code: 'SQL_TABLE_NOT_FOUND' },
    );
    const keyless: SqlBinding = {
      ...binding(0),
      collectionKey: ['/_meta/source/loc/0', '/_meta/source/loc/1', '/_meta/source/loc/2'],
    };
    await assert.rejects(runOnce({ server, downstream: new Downstream(1), bindings: [keyless] }), {
      code: 'SQL_FALLBACK_KEY',
    });
  });

  test('an idle capture acknowledges log that concerns none of its tables, and writes nothing else', async () => {
    const [server, downstream] = [filled(1), new Downstream(1)];
    const abort = new AbortController();
    let waits = 0;
    server.onIdle = () => {
      waits += 1;
      if (waits === 3000) server.elsewhere();
      if (waits > 20_000) abort.abort();
    };
    await runOnce({
      server,
      downstream,
      bindings: [binding(0)],
      settings: { stopWhenCaughtUp: false },
      signal: abort.signal,
    });
    assert.equal(server.acknowledged, server.lsn);
    assert.ok(downstream.checkpoints < 12, `${downstream.checkpoints} checkpoints`);
  });

  test('sourced schemas go out before anything else, and once', async () => {
    const [server, downstream] = [filled(1), new Downstream(1)];
    await runOnce({ server, downstream, bindings: [binding(0)] });
    assert.deepEqual(downstream.schemas, [{ binding: 0, schema: '{"title":"t0"}' }]);
  });

  test('without sourced schemas the capture is the same', async () => {
    const [server, downstream] = [filled(3), new Downstream(1)];
    await runOnce({ server, downstream, bindings: [binding(0)], settings: { emitSourcedSchemas: false } });
    assert.deepEqual(downstream.schemas, []);
    assert.deepEqual(downstream.tables, server.tables);
  });
});
