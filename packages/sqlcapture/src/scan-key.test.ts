import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { activateTable } from './activate.ts';
import type { BackfillMode } from './backfill-mode.ts';
import { requireScanKey } from './scan-key.ts';
import type { ByteOrder, ColumnInfo, TableInfo } from './table-info.ts';

function column(name: string, byteOrder: ByteOrder, nullable = false): ColumnInfo {
  return { name, nullable, schema: {}, omitted: false, byteOrder };
}

const table: TableInfo = {
  namespace: 'public',
  name: 't',
  columns: [
    column('id', 'always'),
    column('word', 'when precise'),
    column('mood', 'never'),
    column('parent', 'always', true),
  ],
  primaryKey: ['id'],
  uniqueKey: [],
  uniqueKeys: [['id'], ['word', 'mood'], ['parent']],
  isBaseTable: true,
};

/** The mode in which the table starts to be read along these columns, or along its collection's key `id`. */
function started(mode: BackfillMode, ...key: string[]) {
  const resource = { namespace: 'public', stream: 't', mode, primary_key: key };
  const state = activateTable({ resource, collectionKey: ['/id'] }, table, undefined);
  requireScanKey(table, state);
  return state.mode;
}

describe('the columns that a backfill walks along', () => {
  test('the mode follows from their order, not from that of the key of the collection', () => {
    assert.equal(started(''), 'Backfill');
    assert.equal(started('', 'id'), 'Backfill');
    assert.equal(started('', 'id', 'word'), 'UnfilteredBackfill');
    assert.equal(started('', 'mood', 'id'), 'UnfilteredBackfill');
  });

  test('Precise takes texts, and no column that only the server can put in order', () => {
    assert.equal(started('Precise', 'word', 'id'), 'Backfill');
    assert.equal(started('Normal', 'mood', 'id'), 'UnfilteredBackfill');
    assert.throws(() => started('Precise', 'id', 'mood'), { code: 'SQL_PRECISE_KEY', message: /"mood"/ });
  });

  test('no two rows may have one key, nor one a NULL in it, in any keyed mode', () => {
    assert.equal(started('', 'mood', 'word'), 'UnfilteredBackfill');
    for (const mode of ['', 'Normal', 'Precise'] as const) {
      assert.throws(() => started(mode, 'word'), { code: 'SQL_KEY_NOT_UNIQUE', message: /no unique index/ });
      assert.throws(() => started(mode, 'parent'), {
        code: 'SQL_KEY_NOT_UNIQUE',
        message: /"parent" may be NULL/,
      });
      assert.throws(() => started(mode, 'id', 'parent'), { code: 'SQL_KEY_NOT_UNIQUE' });
    }
    assert.equal(started('Without Primary Key', 'word'), 'KeylessBackfill');
    assert.equal(started('Only Changes', 'word'), 'Active');
  });
});
