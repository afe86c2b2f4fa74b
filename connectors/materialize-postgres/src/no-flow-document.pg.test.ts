// Tables without a column for the document, on a real server.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TupleElement } from '@weir/protocol';
import { fieldOf, textField, loadAll, transact } from '@weir/testing';
import { onEveryServer, Sink, type TableSample } from '../test/sink.ts';

const JSONB = 'application/vnd.estuary.postgresql.jsonb+json';

onEveryServer((server) => {
  test('a document is put together from its columns where there is none for it', async () => {
    await using sink = await Sink.create(server(), { advanced: { no_flow_document: true } });
    const table: TableSample = {
      table: 't',
      document: '',
      fields: {
        id: { types: ['integer'] },
        binary: textField('', { contentEncoding: 'base64' }),
        boolean: fieldOf(['boolean']),
        date: textField('date'),
        dateTime: textField('date-time'),
        decimal: textField('number', { types: ['string', 'number'] }),
        duration: textField('duration'),
        huge: fieldOf(['integer'], { maximum: 1e20 }),
        integer: fieldOf(['integer']),
        ipv4: textField('ipv4'),
        jsonb: fieldOf(['object'], { contentType: JSONB }),
        number: fieldOf(['number']),
        object: fieldOf(['object']),
        several: fieldOf(['integer', 'string']),
        text: fieldOf(['string']),
        time: textField('time'),
        uuid: textField('uuid'),
        nullable: fieldOf(['string', 'null']),
        'we"ird/né': fieldOf(['string']),
        'a/b': fieldOf(['string'], { ptr: '/object/b' }),
        cast: fieldOf(['integer']),
        small: fieldOf(['integer']),
      },
      fieldConfig: { cast: { castToString: true }, small: { DDL: 'SMALLINT' } },
    };
    await using session = await sink.start(table);
    const selected = sink.lastSpec.bindings[0]?.fieldSelection.values ?? [];
    const given: Readonly<Record<string, TupleElement>> = {
      binary: 'AP/+'.repeat(40),
      boolean: true,
      date: '2024-02-29',
      dateTime: '2024-01-02T03:04:05.5Z',
      decimal: '12.50',
      duration: 'P1Y2M3DT4H5M6S',
      huge: 18446744073709551615n,
      integer: 5,
      ipv4: '10.0.0.1',
      jsonb: Buffer.from('{"b": [1, null]}'),
      number: 0.1,
      object: Buffer.from('{"b":1.50}'),
      several: 'say "hi"',
      text: 'x',
      time: '14:30:00Z',
      uuid: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      'we"ird/né': '\\',
      'a/b': 'elsewhere',
      cast: 6,
      small: 7,
    };
    await transact(session, 1, [
      { key: [1], values: selected.map((name) => given[name] ?? null) },
      { key: [2], values: selected.map(() => null) },
    ]);
    const loaded = await loadAll(session, [[1], [2]]);
    const [first = '', second = ''] = loaded.toSorted((a, b) => b.length - a.length);
    assert.match(first, /"huge":18446744073709551615[,}]/);
    assert.match(first, /"object":\{"b":1\.50\}/);
    const { huge: _huge, ...document } = JSON.parse(first) as Record<string, unknown>;
    assert.deepEqual(document, {
      id: 1,
      binary: 'AP/+'.repeat(40),
      boolean: true,
      cast: 6,
      date: '2024-02-29',
      dateTime: '2024-01-02T03:04:05.500000Z',
      decimal: '12.50',
      duration: 'P1Y2M3DT4H5M6S',
      integer: 5,
      ipv4: '10.0.0.1',
      jsonb: { b: [1, null] },
      nullable: null,
      number: 0.1,
      object: { b: 1.5 },
      several: 'say "hi"',
      small: 7,
      text: 'x',
      time: '14:30:00.000000Z',
      uuid: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      'we"ird/né': '\\',
    });
    assert.equal(second, '{"id":2,"nullable":null}');
    const [validated] = await sink.validate(sink.lastSpec);
    const root = validated?.constraints.find(({ field }) => field === 'flow_document');
    assert.equal(root?.constraint.type, 'INCOMPATIBLE');
  });
});
