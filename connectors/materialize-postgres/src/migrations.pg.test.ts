// Columns whose field changes its type, on a real server: the rows stay, with their values in the new type.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TupleElement } from '@weir/protocol';
import { fieldOf, type SampleField, textField, transact } from '@weir/testing';
import { onEveryServer, Sink } from '../test/sink.ts';

const integer = fieldOf(['integer']);
const huge = fieldOf(['integer'], { maximum: 1e30 });
const number = fieldOf(['number']);
const several = fieldOf(['integer', 'string', 'object']);
const binary = textField('', { contentEncoding: 'base64' });
const jsonb = fieldOf(['object'], { contentType: 'application/vnd.estuary.postgresql.jsonb+json' });
const colour = fieldOf(['string'], { enum: ['red'] });

/** A field before, a value that it had, the field afterwards, and the value as the new column prints it. */
const changes: Readonly<Record<string, readonly [SampleField, TupleElement, SampleField, string]>> = {
  'bigint to numeric': [integer, 7, huge, '7'],
  'bigint to numeric, as text of a number': [integer, 7, textField('number'), '7'],
  'bigint to double': [integer, 7, number, '7'],
  'bigint to text': [integer, 7, textField(), '7'],
  'bigint to json': [integer, 7, several, '7'],
  'numeric to double': [textField('number'), '1.5', number, '1.5'],
  'numeric to text': [huge, 2n ** 63n, textField(), '9223372036854775808'],
  'numeric to json': [huge, 2n ** 63n, several, '9223372036854775808'],
  'double to text': [number, 0.1, textField(), '0.1'],
  'double to json': [number, 0.1, several, '0.1'],
  'boolean to json': [fieldOf(['boolean']), true, several, 'true'],
  'date to text': [textField('date'), '2024-02-29', textField(), '2024-02-29'],
  'time to text': [textField('time'), '01:02:03.5Z', textField(), '01:02:03.500000Z'],
  'timestamptz to text': [
    textField('date-time'),
    '2024-01-02T03:04:05+01:00',
    textField(),
    '2024-01-02T02:04:05.000000Z',
  ],
  'text to bytea': [textField(), 'AP/+', binary, String.raw`\x00fffe`],
  'text to json': [textField(), 'say "hi"', several, String.raw`"say \"hi\""`],
  'bytea to text': [binary, 'AP/+'.repeat(40), textField(), 'AP/+'.repeat(40)],
  'bytea to json': [binary, 'AP/+', several, '"AP/+"'],
  'json to text': [several, Buffer.from('{"a":1.50}'), textField(), '{"a":1.50}'],
  'json to jsonb': [fieldOf(['object']), Buffer.from('{"b":1,"a":2}'), jsonb, '{"a": 2, "b": 1}'],
  'jsonb to json': [jsonb, Buffer.from('{"a":2}'), fieldOf(['object']), '{"a": 2}'],
  'enum to text': [colour, 'red', textField(), 'red'],
  'enum to a longer enum': [colour, 'red', fieldOf(['string'], { enum: ['red', 'blue'] }), 'red'],
  'text, which an enum is then': [textField(), 'red', colour, 'red'],
  'duration to text': [textField('duration'), 'P1DT2H', textField(), 'P1DT2H'],
  'address to text': [textField('ipv4'), '10.0.0.1', textField(), '10.0.0.1'],
  'uuid to text': [
    textField('uuid'),
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    textField(),
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
  ],
  'mac to text': [textField('macaddr'), '08:00:2b:01:02:03', textField(), '08:00:2b:01:02:03'],
  'name with "quotes"\\ to text': [integer, 1, textField(), '1'],
};

const refused: Readonly<Record<string, readonly [SampleField, SampleField]>> = {
  'numeric to bigint': [textField('integer'), integer],
  'double to numeric': [number, textField('number')],
  'text to bigint': [textField(), integer],
  'boolean to text': [fieldOf(['boolean']), textField()],
  'json to bigint': [several, integer],
  'text to date': [textField(), textField('date')],
};

onEveryServer((server) => {
  const fieldsOf = (list: Readonly<Record<string, readonly unknown[]>>, index: number) => ({
    id: fieldOf(['integer'], { exists: 'MUST' }),
    ...Object.fromEntries(Object.entries(list).map(([name, each]) => [name, each[index] as SampleField])),
  });

  test('each pair of types that loses nothing is changed in place, and the values stay', async () => {
    await using sink = await Sink.create(server());
    const names = Object.keys(changes).sort();
    const values = names.map((name) => changes[name]?.[1] ?? null);
    {
      await using session = await sink.start({ table: 'm', fields: fieldsOf(changes, 0) });
      await transact(session, 1, [
        { key: [1], values },
        { key: [2], values: values.map(() => null) },
      ]);
    }
    const after = sink.spec({ table: 'm', fields: fieldsOf(changes, 2) });
    const [validated] = await sink.validate(after);
    const types = validated?.constraints.map(({ constraint }) => constraint.type) ?? [];
    assert.ok(!types.includes('INCOMPATIBLE'), types.join(' '));
    await sink.apply(after);
    assert.equal(await sink.apply(after), '');
    const [first, second] = await sink.query(`SET IntervalStyle = iso_8601; SELECT * FROM m ORDER BY id`);
    for (const name of names) {
      assert.equal(first?.[name], changes[name]?.[3], name);
      assert.equal(second?.[name], null, name);
    }
    await using session = await sink.open();
    await transact(session, 2, [{ key: [3], values: values.map(() => null) }]);
  });

  test('a change that could lose something needs a backfill', async () => {
    await using sink = await Sink.create(server());
    await sink.apply(sink.spec({ table: 'm', fields: fieldsOf(refused, 0) }));
    const [validated] = await sink.validate(sink.spec({ table: 'm', fields: fieldsOf(refused, 1) }));
    const incompatible = validated?.constraints.filter(
      ({ constraint }) => constraint.type === 'INCOMPATIBLE',
    );
    assert.deepEqual(
      incompatible?.map(({ field }) => field),
      Object.keys(refused).sort(),
    );
  });

  test('where one change of an apply fails, none of them happens', async () => {
    await using sink = await Sink.create(server());
    const fields = { id: fieldOf(['integer'], { exists: 'MUST' }), a: integer, b: textField() };
    await using session = await sink.start({ table: 'm', fields });
    await transact(session, 1, [{ key: [1], values: [1, 'no base64!'] }]);
    const changed = sink.spec({
      table: 'm',
      fields: { ...fields, a: textField(), b: binary, c: textField() },
    });
    await assert.rejects(sink.apply(changed), { code: 'PG_VALUE_REFUSED' });
    const columns = await sink.query(
      `SELECT string_agg(attname || ' ' || atttypid::regtype, ', ' ORDER BY attname) AS all FROM pg_attribute
       WHERE attrelid = 'm'::regclass AND attnum > 0`,
    );
    assert.equal(columns[0]?.['all'], 'a bigint, b text, flow_document json, id bigint');
  });
});
