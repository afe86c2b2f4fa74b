// Columns whose field changes its type: the rows stay, with their values in the new type.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TupleElement } from '@weir/protocol';
import { fieldOf, type SampleField, textField, transact } from '@weir/testing';
import { Sink, type TableSample } from '../test/sink.ts';

const integer = fieldOf(['integer']);
const huge = fieldOf(['integer'], { maximum: 1e30 });
const number = fieldOf(['number']);
const decimal = textField('number');
const several = fieldOf(['integer', 'number', 'string', 'object']);
const binary = textField('', { contentEncoding: 'base64' });
const digits = '123456789012345678901234567890.5';

type Change = readonly [before: SampleField, value: TupleElement, after: SampleField, found: string];

/** `found`: as the new column has it, a literal of SQL. */
const changes: Readonly<Record<string, Change>> = {
  'integer to real': [integer, 7, number, '7.0'],
  'integer to any': [integer, -(2n ** 63n), huge, '-9223372036854775808'],
  'integer to text': [integer, -7, textField(), "'-7'"],
  'integer to json': [integer, 9007199254740993n, several, "'9007199254740993'"],
  'real to any': [number, 2.5, decimal, '2.5'],
  'real to text': [number, 0.1, textField(), "'0.1'"],
  'real to json': [number, 1e300, several, "'1.0e+300'"],
  'text to any': [textField(), '12.50', decimal, "'12.50'"],
  'any to text': [decimal, digits, textField(), `'${digits}'`],
  'any to json': [decimal, '12.5', several, "'12.5'"],
  'date to text': [textField('date'), '2024-02-29', textField(), "'2024-02-29'"],
  // The column does not tell a boolean from a number.
  'boolean to json': [fieldOf(['boolean']), true, several, "'1'"],
  // Nor a text from JSON: what was there is JSON when its document changes.
  'text to json': [textField(), 'say "hi"', several, `'say "hi"'`],
  'name with "quotes" to text': [integer, 1, textField(), "'1'"],
};

const refused: Readonly<Record<string, readonly [SampleField, SampleField]>> = {
  'real to integer': [number, integer],
  'text to integer': [textField(), integer],
  'text to real': [textField(), number],
  'any to integer': [decimal, integer],
  'text to blob': [textField(), binary],
  'blob to text': [binary, textField()],
};

const names = (list: object): readonly string[] => Object.keys(list).sort();

function tableOf<Each extends readonly unknown[]>(
  list: Readonly<Record<string, Each>>,
  field: (each: Each) => SampleField,
): TableSample {
  const fields = Object.entries(list).map(([name, each]) => [name, field(each)]);
  return { table: 'm', fields: { id: { types: ['integer'] }, ...Object.fromEntries(fields) } };
}

test('each pair of types that loses nothing is changed in place, and the values stay', async () => {
  using sink = Sink.create();
  const values = names(changes).map((name) => changes[name]?.[1] ?? null);
  {
    await using session = await sink.start(tableOf(changes, ([before]) => before));
    await transact(session, 1, [
      { key: [1], values },
      { key: [2], values: values.map(() => null) },
    ]);
  }
  const after = sink.spec(tableOf(changes, ([, , field]) => field));
  const [validated] = await sink.validateSpec(after);
  const types = validated?.constraints.map(({ constraint }) => constraint.type) ?? [];
  assert.ok(!types.includes('INCOMPATIBLE'), types.join(' '));
  await sink.applySpec(after);
  assert.equal(await sink.applySpec(after), '');
  for (const name of names(changes)) {
    const column = `"${name.replaceAll('"', '""')}"`;
    const found = sink.query(`SELECT quote(${column}) AS value FROM m ORDER BY id`);
    assert.deepEqual(found, [{ value: changes[name]?.[3] }, { value: 'NULL' }], name);
  }
  await using session = sink.open();
  await transact(session, 2, [{ key: [3], values: values.map(() => null) }]);
});

test('a change that could lose something needs a backfill', async () => {
  using sink = Sink.create();
  await sink.applySpec(sink.spec(tableOf(refused, ([before]) => before)));
  const [validated] = await sink.validateSpec(sink.spec(tableOf(refused, ([, after]) => after)));
  const incompatible = validated?.constraints.filter(({ constraint }) => constraint.type === 'INCOMPATIBLE');
  assert.deepEqual(
    incompatible?.map(({ field }) => field),
    names(refused),
  );
});
