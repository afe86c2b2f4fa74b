import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Projection, TupleElement } from '@weir/protocol';
import { TupleDouble } from '@weir/protocol';
import { NO_FIELD_CONFIG } from '@weir/materialize';
import { sqlite } from './dialect.ts';

function column(types: Projection['inference']['types'], format = '', isPrimaryKey = false) {
  const type = sqlite.columnType(
    {
      ptr: '/a',
      field: 'a',
      explicit: false,
      isPartitionKey: false,
      isPrimaryKey,
      inference: {
        types,
        string: { contentType: '', format, contentEncoding: '', maxLength: 0 },
        title: '',
        description: '',
        secret: false,
        exists: 'MAY',
        enum: [],
      },
    },
    { isKey: isPrimaryKey, config: NO_FIELD_CONFIG, resourcePath: ['t'] },
  );
  assert.ok(type);
  return type;
}

/** Stores an element in a strict table and reads back what SQLite holds, as type and text. */
function stored(type: ReturnType<typeof column>, element: TupleElement): string {
  using database = new DatabaseSync(':memory:');
  database.exec(`CREATE TABLE t (v ${type.ddl}) STRICT`);
  database.prepare('INSERT INTO t VALUES (?)').run(type.convert(element));
  return (database.prepare(`SELECT typeof(v) || ' ' || CAST(v AS TEXT) AS r FROM t`).get() as { r: string })
    .r;
}

test('[G7] the greatest and the least 64-bit integer arrive unchanged', () => {
  assert.equal(stored(column(['integer']), 9223372036854775807n), 'integer 9223372036854775807');
  assert.equal(stored(column(['integer']), -9223372036854775808n), 'integer -9223372036854775808');
});

test('[G7] a decimal is a number where that is exact, and its own text where it is not', () => {
  const decimal = column(['string'], 'number');
  assert.equal(stored(decimal, '12.50'), 'real 12.5');
  assert.equal(stored(decimal, '42'), 'integer 42');
  assert.equal(
    stored(decimal, '1234567890123456789012345678901234567890'),
    'text 1234567890123456789012345678901234567890',
  );
  assert.equal(stored(decimal, '0.1234567890123456789'), 'text 0.1234567890123456789');
  assert.equal(stored(decimal, '18446744073709551615'), 'text 18446744073709551615');
  assert.equal(stored(decimal, 'NaN'), 'text NaN');
});

test('a number that a decimal became is the number that the text spells', () => {
  const decimal = column(['string'], 'number');
  for (const text of ['0.1', '-0.001', '99999999999999.9', '1.000', '-12345.6789']) {
    assert.equal(Number(decimal.convert(text)), Number(text));
  }
});

test('floats may be numbers or the words for what is not a number', () => {
  const float = column(['number', 'string'], 'number');
  assert.equal(stored(float, new TupleDouble(0.1)), 'real 0.1');
  assert.equal(stored(float, 'Infinity'), 'text Infinity');
});

test('[G7] booleans are 1 and 0; JSON stays JSON; text stays text, NUL and emoji included', () => {
  assert.equal(stored(column(['boolean']), true), 'integer 1');
  assert.equal(stored(column(['object']), Buffer.from('{"a":[1,null]}')), 'text {"a":[1,null]}');
  assert.equal(stored(column(['object', 'string']), 'x'), 'text "x"');
  assert.equal(column(['string']).convert('a\u0000b😀'), 'a\u0000b😀');
});

test('identifiers are always quoted, with quotes doubled', () => {
  assert.equal(sqlite.quoteIdentifier('we"ird Täble'), '"we""ird Täble"');
});
