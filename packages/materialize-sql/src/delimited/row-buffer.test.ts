import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packTuple, TupleCursor, TupleDouble, type TupleElement } from '@weir/protocol';
import * as fc from 'fast-check';
import {
  changedText,
  type FieldWriter,
  integerTextField,
  jsonField,
  numberField,
  plainNumber,
  textField,
} from './field-writer.ts';
import { BufferPool } from './buffer-pool.ts';
import { RowBuffer, type ZeroBytes } from './row-buffer.ts';

/** What the server makes of a field's text (PostgreSQL manual: "COPY", text format; MySQL manual: "LOAD DATA"). */
function parsed(field: string): string | null {
  if (field === String.raw`\N`) return null;
  const letters: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', '0': '\0', '\\': '\\' };
  return field.replaceAll(/\\(.)/gs, (_, letter: string) => letters[letter] ?? letter);
}

function written(write: (rows: RowBuffer) => void, zeroBytes: ZeroBytes = 'escape'): string[][] {
  const rows = new RowBuffer(zeroBytes, 16);
  write(rows);
  const text = rows.take().toString('utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((row) => row.split('\t'));
}

function field(writer: FieldWriter, element: TupleElement, zeroBytes?: ZeroBytes): string | null {
  const [[only = '', ...more] = []] = written((rows) => {
    const cursor = new TupleCursor().reset(packTuple([element]));
    cursor.next();
    writer(cursor, rows);
    rows.endField();
    rows.endRow();
  }, zeroBytes);
  assert.deepEqual(more, []);
  return parsed(only);
}

const hostile = fc.string({
  unit: fc.constantFrom('\t', '\n', '\r', '\\', '\0', 'N', '.', 'é', '😀', 'abcd', '"'),
});
const texts = fc.oneof(
  hostile,
  fc.string({ unit: 'grapheme' }),
  fc.string({ minLength: 40, maxLength: 300 }),
);

test('any rows of texts arrive as they are, whatever they hold', () => {
  fc.assert(
    fc.property(fc.array(fc.array(texts, { minLength: 2, maxLength: 3 })), (table) => {
      const found = written((rows) => {
        for (const row of table) {
          for (const value of row) {
            rows.text(value);
            rows.endField();
          }
          rows.endRow();
        }
      });
      assert.deepEqual(
        found.map((row) => row.map(parsed)),
        table,
      );
    }),
    { numRuns: 500 },
  );
});

test('texts of tuples arrive as they are, and lose their zero bytes where the database cannot hold them', () => {
  fc.assert(
    fc.property(texts, (text) => {
      assert.equal(field(textField, text), text);
      assert.equal(field(textField, text, 'drop'), text.replaceAll('\0', ''));
      assert.equal(field(jsonField, text), JSON.stringify(text));
    }),
    { numRuns: 1000 },
  );
});

test('a text that looks like null is no null', () => {
  assert.equal(field(textField, String.raw`\N`), String.raw`\N`);
  assert.deepEqual(
    written((rows) => (rows.null(), rows.endField(), rows.endRow())),
    [[String.raw`\N`]],
  );
});

test('long documents cross every block and every growth of the buffer', () => {
  const text = `${'x'.repeat(40_000)}\\${'y'.repeat(33_000)}\n`.repeat(3);
  assert.equal(field(textField, text), text);
});

test('scalars are written without loss, numbers without an exponent', () => {
  fc.assert(
    fc.property(
      fc.maxSafeInteger(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      (integer, double) => {
        assert.equal(field(textField, integer), String(integer));
        const plain = field(textField, new TupleDouble(double)) ?? '';
        assert.equal(Number(plain), double);
        assert.doesNotMatch(plain, /e/);
      },
    ),
  );
  assert.equal(field(textField, 18446744073709551615n), '18446744073709551615');
  assert.equal(field(textField, -(2n ** 63n)), '-9223372036854775808');
  assert.equal(field(jsonField, Buffer.from('{"a":[1,"\\n"]}')), '{"a":[1,"\\n"]}');
  assert.equal(field(jsonField, true), 'true');
  assert.equal(plainNumber(1.5e300).length, 301);
  assert.equal(plainNumber(-1.25e-7), '-0.000000125');
});

test('a whole double is an integer, and a text that spells one loses its fraction', () => {
  assert.equal(field(numberField, new TupleDouble(42)), '42');
  assert.equal(field(numberField, new TupleDouble(4.5)), '4.5');
  for (const [text, expected] of [
    ['11.0', '11'],
    ['11.0000000', '11'],
    ['1', '1'],
    ['-3', '-3'],
    ['-14.0', '-14'],
  ] as const) {
    assert.equal(field(integerTextField, text), expected);
  }
  assert.equal(
    field(
      changedText((text) => text.toUpperCase()),
      'a\t',
    ),
    'A\t',
  );
});

test('rows that are written into buffers that were sent are the rows that new buffers would hold', () => {
  const batches = fc.array(fc.array(texts, { maxLength: 8 }), { maxLength: 6 });
  fc.assert(
    fc.property(batches, fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), (sent, givenBack) => {
      const pool = new BufferPool();
      const pooled = new RowBuffer('escape', 16, pool);
      const fresh = new RowBuffer('escape', 16);
      const kept: [Buffer, Buffer][] = [];
      for (const [index, values] of sent.entries()) {
        for (const rows of [pooled, fresh]) {
          for (const value of values) {
            rows.text(value);
            rows.endField();
            rows.endRow();
          }
        }
        const [taken, expected] = [pooled.take(), fresh.take()];
        assert.deepEqual(taken, expected);
        if (givenBack[index] === true) pool.giveBack(Buffer.from(taken.buffer));
        else kept.push([taken, expected]);
      }
      for (const [taken, expected] of kept) assert.deepEqual(taken, expected, 'what is not given back stays');
    }),
  );
});
