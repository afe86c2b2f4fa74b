// Tables without a column for the document, which is put together from the others.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadAll, transact } from '@weir/testing';
import type { TupleElement } from '@weir/protocol';
import { onBothServers, Sink, type TableSample } from '../test/sink.ts';

const table: TableSample = {
  table: 't',
  document: '',
  keys: ['id', 'name'],
  fields: {
    id: { types: ['integer'] },
    name: { types: ['string'] },
    binary: { types: ['string'], contentEncoding: 'base64' },
    boolean: { types: ['boolean'] },
    date: { types: ['string'], format: 'date' },
    dateTime: { types: ['string'], format: 'date-time' },
    decimal: { types: ['string'], format: 'number' },
    huge: { types: ['integer'], maximum: 1e30 },
    number: { types: ['number'] },
    object: { types: ['object'] },
    several: { types: ['string', 'integer'] },
    text: { types: ['string'] },
    time: { types: ['string'], format: 'time' },
    whole: { types: ['string'], format: 'integer' },
    cast: { types: ['integer'] },
    small: { types: ['boolean'] },
    nullable: { types: ['string', 'null'], exists: 'MAY' },
    'we"ird/né': { types: ['string'], exists: 'MAY', ptr: '/we"ird~1né' },
    'a/b': { types: ['string'], exists: 'MAY', ptr: '/object/b' },
  },
  fieldConfig: { cast: { castToString: true }, small: { DDL: 'SMALLINT' } },
};

const given: Readonly<Record<string, TupleElement>> = {
  binary: 'AP/+'.repeat(40),
  boolean: true,
  date: '2024-02-29',
  dateTime: '2024-07-02T03:04:05.5Z',
  decimal: '12.5',
  huge: 18446744073709551615n,
  number: 0.1,
  object: Buffer.from('{"b": [1, null, "é"]}'),
  several: 'say "hi"',
  text: '\\ \n \0 😀',
  time: '14:30:00.25+02:00',
  whole: '123456789012345678901234567890',
  cast: 5,
  small: false,
  'we"ird/né': '\\',
  'a/b': 'elsewhere',
};

onBothServers((server) => {
  test('a document is put together from its columns where there is none for it', async () => {
    for (const timezone of ['UTC', 'Europe/Berlin', '-05:30']) {
      await using sink = await Sink.create(server(), { timezone, advanced: { no_flow_document: true } });
      await using session = await sink.start(table);
      const selected = sink.lastSpec.bindings[0]?.fieldSelection.values ?? [];
      await transact(session, 1, [
        { key: [1, 'é "'], values: selected.map((name) => given[name] ?? null) },
        {
          key: [2, ''],
          values: selected.map((name) => (/né|nullable|a.b/.test(name) ? null : (given[name] ?? null))),
        },
      ]);
      const [first = '', second = ''] = (
        await loadAll(session, [
          [1, 'é "'],
          [2, ''],
          [3, 'is not there'],
        ])
      ).toSorted((a, b) => b.length - a.length);
      assert.match(first, /"huge":18446744073709551615[,}]/);
      const { huge: _huge, ...document } = JSON.parse(first) as Record<string, unknown>;
      assert.deepEqual(
        document,
        {
          id: 1,
          name: 'é "',
          binary: 'AP/+'.repeat(40),
          boolean: true,
          cast: 5,
          date: '2024-02-29',
          dateTime: '2024-07-02T03:04:05.500000Z',
          decimal: '12.5',
          nullable: null,
          number: 0.1,
          object: { b: [1, null, 'é'] },
          several: 'say "hi"',
          small: false,
          text: '\\ \n \0 😀',
          time: '12:30:00.250000Z',
          'we"ird/né': '\\',
          whole: '123456789012345678901234567890',
        },
        timezone,
      );
      const other = JSON.parse(second) as Record<string, unknown>;
      assert.deepEqual([other['nullable'], 'we"ird/né' in other], [null, false]);
    }
  });

  test('what a document always has is required, and a table made without it cannot have it later', async () => {
    await using sink = await Sink.create(server(), { timezone: 'UTC', advanced: { no_flow_document: true } });
    const constraintsOf = async (): Promise<Record<string, string>> => {
      const [validated] = await sink.validate(table);
      return Object.fromEntries(
        (validated?.constraints ?? []).map(({ field, constraint }) => [field, constraint.type]),
      );
    };
    const before = await constraintsOf();
    assert.deepEqual(
      [before['flow_document'], before['number'], before['a/b'], before['we"ird/né']],
      ['FIELD_OPTIONAL', 'LOCATION_REQUIRED', 'LOCATION_RECOMMENDED', 'LOCATION_RECOMMENDED'],
    );
    await sink.apply(table);
    assert.equal((await constraintsOf())['flow_document'], 'INCOMPATIBLE');
    assert.equal(
      (await sink.query('SHOW COLUMNS FROM t')).some(({ Field }) => Field === 'flow_document'),
      false,
    );
  });
});
