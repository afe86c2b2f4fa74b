// Tables without a column for the document, on a real server.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TupleElement } from '@weir/protocol';
import {
  loadAll,
  missingPostgres,
  type PostgresServer,
  postgresVersions,
  type SampleField,
  startPostgres,
  transact,
} from '@weir/testing';
import { Sink, type TableSample } from '../test/sink.ts';

const string = (format: string, more: Partial<SampleField> = {}): SampleField => ({
  types: ['string'],
  format,
  exists: 'MAY',
  ...more,
});
const JSONB = 'application/vnd.estuary.postgresql.jsonb+json';

for (const version of postgresVersions) {
  describe(`PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => void (server = await startPostgres({ version })));
    after(async () => await server[Symbol.asyncDispose]());

    test('a document is put together from its columns where there is none for it', async () => {
      await using sink = await Sink.create(server, { advanced: { no_flow_document: true } });
      const table: TableSample = {
        table: 't',
        document: '',
        fields: {
          id: { types: ['integer'] },
          binary: string('', { contentEncoding: 'base64' }),
          boolean: { types: ['boolean'], exists: 'MAY' },
          date: string('date'),
          dateTime: string('date-time'),
          decimal: string('number', { types: ['string', 'number'] }),
          duration: string('duration'),
          huge: { types: ['integer'], exists: 'MAY', maximum: 1e20 },
          integer: { types: ['integer'], exists: 'MAY' },
          ipv4: string('ipv4'),
          jsonb: { types: ['object'], exists: 'MAY', contentType: JSONB },
          number: { types: ['number'], exists: 'MAY' },
          object: { types: ['object'], exists: 'MAY' },
          several: { types: ['integer', 'string'], exists: 'MAY' },
          text: { types: ['string'], exists: 'MAY' },
          time: string('time'),
          uuid: string('uuid'),
          nullable: { types: ['string', 'null'], exists: 'MAY' },
          'we"ird/né': { types: ['string'], exists: 'MAY' },
          'a/b': { types: ['string'], exists: 'MAY', ptr: '/object/b' },
          cast: { types: ['integer'], exists: 'MAY' },
          small: { types: ['integer'], exists: 'MAY' },
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
}
