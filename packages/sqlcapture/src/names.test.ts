import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { columnToPointer, pointerToColumn } from './key-pointer.ts';
import { findStream, recommendedName, streamKey } from './stream-id.ts';
import { compileTablePattern } from './table-pattern.ts';

describe('names of tables and columns', () => {
  test('a recommended collection name is a clean lower-case path', () => {
    const cases: [string, string, string][] = [
      ['public', 'users', 'public/users'],
      ['Public', 'USERS', 'public/users'],
      ['public', 'we"ird Täble', 'public/we_ird_t_ble'],
      ['public', '/table', 'public/_table'],
      ['public', './', 'public/._'],
      ['.', '..', '_/__'],
      ['/', './', '_/._'],
    ];
    for (const [namespace, name, expected] of cases)
      assert.equal(recommendedName({ namespace, name }), expected);
  });

  test('a column and its pointer name each other', () => {
    assert.equal(columnToPointer('a~/b'), '/a~0~1b');
    fc.assert(
      fc.property(fc.string(), (column) => {
        assert.equal(pointerToColumn(columnToPointer(column)), column);
      }),
    );
  });

  test('two different tables never share a key', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (a, b, c, d) => {
        const same = a === c && b === d;
        assert.equal(streamKey({ namespace: a, name: b }) === streamKey({ namespace: c, name: d }), same);
      }),
    );
  });

  test('case decides between tables, and is forgiven when only one can be meant', () => {
    const tables = [
      { namespace: 'public', name: 'Users' },
      { namespace: 'public', name: 'users' },
      { namespace: 'public', name: 'Orders' },
    ];
    assert.equal(findStream(tables, { namespace: 'public', name: 'users' }), tables[1]);
    assert.equal(findStream(tables, { namespace: 'public', name: 'orders' }), tables[2]);
    assert.equal(findStream(tables, { namespace: 'public', name: 'USERS' }), undefined);
  });
});

describe('table patterns', () => {
  const match = (pattern: string, namespace: string, name: string) =>
    compileTablePattern(pattern)({ namespace, name });

  test('without a dot they match the table in any schema, anchored and with case', () => {
    assert.equal(match('events', 'a', 'events'), true);
    assert.equal(match('events', 'a', 'my_events'), false);
    assert.equal(match('events', 'a', 'Events'), false);
    assert.equal(match('ev*s', 'b', 'events'), true);
    assert.equal(match('?', 'b', '😀'), true);
  });

  test('with a dot both parts count, and escapes are literal', () => {
    assert.equal(match('alpha.*', 'alpha', 'x'), true);
    assert.equal(match('alpha.*', 'beta', 'x'), false);
    assert.equal(match(String.raw`a\.b`, 'any', 'a.b'), true);
    assert.equal(match(String.raw`a\*`, 'any', 'a*'), true);
    assert.equal(match(String.raw`a\*`, 'any', 'ab'), false);
    assert.equal(match('a+(b)', 'any', 'a+(b)'), true);
  });

  test('patterns match what upstream matches by them, and nothing else, in fifty cases', () => {
    const raw = String.raw;
    /** Tables of any schema, or `schema/table`. */
    const cases: readonly [pattern: string, matching: string, other: string][] = [
      ['users', 'users', 'users_evt Users'],
      ['*', 'anything', ''],
      ['app_*', 'app_users', 'users'],
      ['*_evt', 'users_evt', 'users_log'],
      ['*foo*', 'xfooy', 'bar'],
      ['foo_*_bar', 'foo_xyz_bar foo__bar', 'foo_bar foo_xyz_baz'],
      ['a_*_b_*_c', 'a_x_b_y_c a__b__c', 'a_x_b_y'],
      ['?', 'a', 'ab'],
      ['a?c', 'abc', 'ac'],
      ['myschema.foo', 'myschema/foo', 'other/foo myschema/bar'],
      ['*.users', 'a/users b/users', 'a/users_evt'],
      ['a.*', 'a/users a/events', 'b/users'],
      ['a.*_evt', 'a/users_evt', 'a/users b/users_evt'],
      [raw`\*`, '*', 'x'],
      [raw`\?`, '?', ''],
      [raw`\\`, '\\', ''],
      [raw`\.`, '.', 'x'],
      [raw`foo\.bar`, 'foo.bar', 'foobar'],
      [raw`ms.foo\.bar`, 'ms/foo.bar', 'other/foo.bar'],
      [raw`a\*b*`, 'a*b a*bcdef', 'axb'],
      ['café', 'café', 'cafe'],
      [raw`\é`, 'é', ''],
      ['caf?', 'café', ''],
    ];
    let count = 0;
    for (const [pattern, matching, other] of cases) {
      for (const [tables, expected] of [
        [matching, true],
        [other, false],
      ] as const) {
        for (const table of tables.split(' ').filter((each) => each !== '')) {
          const [namespace, name] = table.includes('/') ? table.split('/') : ['any', table];
          assert.equal(match(pattern, namespace ?? '', name ?? ''), expected, `${pattern} and ${table}`);
          count += 1;
        }
      }
    }
    assert.equal(count, 50);
  });

  test('malformed ones are refused, each with its reason', () => {
    const cases: [string, RegExp][] = [
      ['', /empty/],
      ['.', /schema part is empty/],
      ['.foo', /schema part is empty/],
      ['foo.', /table part is empty/],
      ['a.b.c', /more than one/],
      ['foo\\', /backslash/],
      ['\\', /backslash/],
    ];
    for (const [pattern, reason] of cases) {
      assert.throws(() => compileTablePattern(pattern), {
        code: 'SQL_TABLE_PATTERN_INVALID',
        message: reason,
      });
    }
  });
});
