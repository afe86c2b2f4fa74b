import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readCopyTextRow, tupleKind, TupleView } from './index.ts';

const letters: Readonly<Record<string, string>> = {
  '\b': 'b',
  '\f': 'f',
  '\n': 'n',
  '\r': 'r',
  '\t': 't',
  '\v': 'v',
  '\\': '\\',
};

/** As the server prints a row (PostgreSQL manual: "COPY", "Text Format"). */
function copyText(values: readonly (string | null)[]): string {
  const escaped = (value: string) => value.replaceAll(/[\b\f\n\r\t\v\\]/g, (byte) => `\\${letters[byte]}`);
  return values.map((value) => (value === null ? String.raw`\N` : escaped(value))).join('\t');
}

function valuesOf(tuple: TupleView, bytes: Buffer): (string | null)[] {
  return Array.from({ length: tuple.count }, (_, column) =>
    tuple.kinds[column] === tupleKind.null
      ? null
      : bytes.toString('utf8', tuple.starts[column], tuple.ends[column]),
  );
}

test('a row that COPY printed is read as its values, wherever it lies in the buffer', () => {
  const character = fc.oneof(
    fc.constantFrom('\t', '\n', '\\', 'N', '\u0001', '\v', ' '),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  );
  const value = fc.option(fc.array(character, { maxLength: 12 }).map((all) => all.join('')));
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 6 }),
      fc.nat(5),
      fc.nat(5),
      fc.boolean(),
      (values, before, after, withEnd) => {
        const row = Buffer.from(copyText(values) + (withEnd ? '\n' : ''));
        const bytes = Buffer.concat([
          Buffer.from('\t\\x\ty'.slice(0, before)),
          row,
          Buffer.from('\\N\tz\n'.slice(0, after)),
        ]);
        const start = Math.min(before, 5);
        const tuple = new TupleView();
        readCopyTextRow(tuple, bytes, start, start + row.length);
        assert.deepEqual(valuesOf(tuple, bytes), values);
      },
    ),
  );
});
