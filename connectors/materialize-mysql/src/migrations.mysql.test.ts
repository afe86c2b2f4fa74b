// Columns whose field changes its type, on real servers: the rows stay, with their values in the new type.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TupleElement } from '@weir/protocol';
import { fieldOf, type SampleField, textField, transact } from '@weir/testing';
import { onBothServers, Sink } from '../test/sink.ts';

const integer = fieldOf(['integer']);
const huge = fieldOf(['integer'], { maximum: 1e30 });
const number = fieldOf(['number']);
const several = fieldOf(['integer', 'string', 'object']);
const binary = textField('', { contentEncoding: 'base64' });
const long = Buffer.alloc(200, 0xfe).toString('base64');

type Change = readonly [SampleField, TupleElement, SampleField, string];

/** A field before, a value that it had, the field afterwards, and the value as the new column prints it. */
const changes: Readonly<Record<string, Change>> = {
  'bigint to numeric': [integer, 2 ** 40, huge, '1099511627776'],
  'bigint to double': [integer, 7, number, '7'],
  'bigint to text': [integer, -7, textField(), '-7'],
  'numeric to double': [huge, 7, number, '7'],
  'numeric to text': [huge, 2n ** 63n, textField(), '9223372036854775808'],
  'double to text': [number, 2.5, textField(), '2.5'],
  'date to text': [textField('date'), '2024-02-29', textField(), '2024-02-29'],
  'time to text': [textField('time'), '01:02:03.5Z', textField(), '01:02:03.500000'],
  'datetime to text': [
    textField('date-time'),
    '2024-01-02T03:04:05+01:00',
    textField(),
    '2024-01-02T02:04:05.000000Z',
  ],
  'text to blob': [textField(), 'AEEB', binary, '\0A\u0001'],
  'blob to text': [binary, long, textField(), long],
  'name with `quotes`\\ to text': [integer, 1, textField(), '1'],
};

/** Only where JSON is a type of its own: MariaDB's is a text. */
const toJson: Readonly<Record<string, Change>> = {
  'text to json': [textField(), 'say "hi"\\', several, String.raw`"say \"hi\"\\"`],
  'date to json': [textField('date'), '2024-02-29', several, '"2024-02-29"'],
  'blob to json': [binary, long, several, `"${long}"`],
  'datetime to json': [
    textField('date-time'),
    '2024-01-02T03:04:05Z',
    several,
    '"2024-01-02T03:04:05.000000Z"',
  ],
  'boolean to json': [fieldOf(['boolean']), true, several, 'true'],
  'bigint to json': [integer, 7, several, '7'],
  'double to json': [number, 2.5, several, '2.5'],
  'json to text': [several, Buffer.from('{"a":1}'), textField(), '{"a": 1}'],
};

const refused: Readonly<Record<string, readonly [SampleField, SampleField]>> = {
  'numeric to bigint': [huge, integer],
  'double to bigint': [number, integer],
  'text to bigint': [textField(), integer],
  'text to date': [textField(), textField('date')],
  'date to time': [textField('date'), textField('time')],
};

onBothServers((server, flavour) => {
  const fieldsOf = (list: Readonly<Record<string, readonly unknown[]>>, index: number) => ({
    id: fieldOf(['integer'], { exists: 'MUST' }),
    ...Object.fromEntries(Object.entries(list).map(([name, each]) => [name, each[index] as SampleField])),
  });

  test('each pair of types that loses nothing is changed in place, and the values stay', async () => {
    // In the zone of the server, an offset, from which it can convert without tables of zones.
    await using sink = await Sink.create(server());
    const list = flavour === 'mysql' ? { ...changes, ...toJson } : changes;
    const names = Object.keys(list).sort();
    const values = names.map((name) => list[name]?.[1] ?? null);
    {
      await using session = await sink.start({ table: 'm', fields: fieldsOf(list, 0) });
      await transact(session, 1, [
        { key: [1], values },
        { key: [2], values: values.map(() => null) },
      ]);
    }
    const after = { table: 'm', fields: fieldsOf(list, 2) };
    const [validated] = await sink.validate(after);
    const types = validated?.constraints.map(({ constraint }) => constraint.type) ?? [];
    assert.ok(!types.includes('INCOMPATIBLE'), types.join(' '));
    await sink.apply(after);
    assert.equal(await sink.apply(after), '');
    const columns = names.map((name) => {
      const identifier = `\`${name.replaceAll('`', '``')}\``;
      return `CAST(${identifier} AS CHAR) AS ${identifier}`;
    });
    const [first, second] = await sink.query(`SELECT ${columns.join(', ')} FROM m ORDER BY m.id`);
    for (const name of names) {
      assert.equal(first?.[name], list[name]?.[3], name);
      assert.equal(second?.[name], null, name);
    }
    await using session = await sink.open();
    await transact(session, 2, [{ key: [3], values: values.map(() => null) }]);
  });

  test('a change that could lose something needs a backfill', async () => {
    await using sink = await Sink.create(server());
    await sink.apply({ table: 'm', fields: fieldsOf(refused, 0) });
    const [validated] = await sink.validate({ table: 'm', fields: fieldsOf(refused, 1) });
    const incompatible = validated?.constraints.filter(
      ({ constraint }) => constraint.type === 'INCOMPATIBLE',
    );
    assert.deepEqual(
      incompatible?.map(({ field }) => field),
      Object.keys(refused).sort(),
    );
  });
});
