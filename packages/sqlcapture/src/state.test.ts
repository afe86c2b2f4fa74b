import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureState, pendingTable } from './state.ts';

describe('the state of a capture', () => {
  test('a patch holds the cursor and only the tables changed since the last one', () => {
    const state = CaptureState.from({
      cursor: '0/1A',
      bindingStateV1: {
        'public%2Fa': { mode: 'Active', key_columns: ['id'], backfilled: 3 },
        'public%2Fb': { mode: 'UnfilteredBackfill', key_columns: ['id'], scanned: 'FQE=', backfilled: 1 },
      },
    });
    state.update('public%2Fb', { mode: 'Active', scanned: undefined, backfilled: 2 });
    assert.deepEqual(JSON.parse(state.takePatch()), {
      cursor: '0/1A',
      bindingStateV1: {
        'public%2Fb': { mode: 'Active', key_columns: ['id'], scanned: null, backfilled: 2, metadata: null },
      },
    });
    assert.equal(state.takePatch(), '{"cursor":"0/1A"}');
    state.cursor = undefined;
    assert.equal(state.takePatch(), '{"cursor":null}');
  });

  test('facts that are gone from the metadata of a table are erased, once', () => {
    const state = CaptureState.from({
      bindingStateV1: { a: { mode: 'KeylessBackfill', metadata: { system: 'x', watershed: '1:2:' } } },
    });
    state.update('a', { mode: 'Active', metadata: { system: 'x' } });
    assert.match(state.takePatch(), /"metadata":\{"system":"x","watershed":null\}/);
    state.update('a', { backfilled: 1 });
    assert.match(state.takePatch(), /"metadata":\{"system":"x"\}/);
  });

  test('a state written elsewhere is read, with fields it does not know ignored', () => {
    const state = CaptureState.from({
      cursor: '0/1A',
      later: true,
      bindingStateV1: {
        a: { mode: 'KeylessBackfill', scanned: 'KDUwMSwwKQ==', backfilled: 4, metadata: null, x: 1 },
      },
    });
    assert.deepEqual(state.get('a'), {
      ...pendingTable,
      mode: 'KeylessBackfill',
      scanned: Buffer.from('(501,0)'),
      backfilled: 4,
    });
  });

  test('a state that cannot be understood is refused', () => {
    for (const json of [
      [],
      'x',
      { cursor: 1 },
      { bindingStateV1: [] },
      { bindingStateV1: { a: { mode: 'Sleeping' } } },
      { bindingStateV1: { a: { mode: 'Active', scanned: 1 } } },
      { bindingStateV1: { a: { mode: 'Active', backfilled: 'x' } } },
      { bindingStateV1: { a: { mode: 'Active', key_columns: [1] } } },
    ]) {
      assert.throws(() => CaptureState.from(json), { code: 'SQL_STATE_INVALID' });
    }
    assert.deepEqual(CaptureState.from({}).keys(), []);
  });
});
