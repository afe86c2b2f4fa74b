// Values on a real server: what arrives in which column, and what comes back as a document.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TupleDouble, type TupleElement } from '@weir/protocol';
import { fieldOf, textField, type SampleField, loadAll, transact } from '@weir/testing';
import * as fc from 'fast-check';
import { onEveryServer, Sink } from '../test/sink.ts';

const JSONB = 'application/vnd.estuary.postgresql.jsonb+json';

interface Kind {
  readonly field: SampleField;
  /** Stored → the column's text. */
  readonly values: readonly (readonly [TupleElement, string])[];
}

const kinds: Readonly<Record<string, Kind>> = {
  integer: {
    field: fieldOf(['integer']),
    values: [
      [9223372036854775807n, '9223372036854775807'],
      [-(2n ** 63n), '-9223372036854775808'],
      [new TupleDouble(42), '42'],
    ],
  },
  huge: {
    field: fieldOf(['integer'], { maximum: 1e20 }),
    values: [[18446744073709551615n, '18446744073709551615']],
  },
  number: {
    field: fieldOf(['number']),
    values: [
      [0.1, '0.1'],
      [new TupleDouble(1e300), '1e+300'],
      [7, '7'],
      [-1.5e-7, '-1.5e-07'],
    ],
  },
  boolean: {
    field: fieldOf(['boolean']),
    values: [
      [true, 't'],
      [false, 'f'],
    ],
  },
  text: {
    field: fieldOf(['string']),
    values: [
      ['a\tb\nc\\d\re', 'a\tb\nc\\d\re'],
      [String.raw`\N`, String.raw`\N`],
      [String.raw`\.`, String.raw`\.`],
      ['', ''],
      ['a\0b', 'ab'],
      ['😀', '😀'],
    ],
  },
  object: {
    field: fieldOf(['object']),
    values: [[Buffer.from(String.raw`{"a":1.50,"b":"\u0000\n"}`), String.raw`{"a":1.50,"b":"\u0000\n"}`]],
  },
  jsonb: {
    field: fieldOf(['object'], { contentType: JSONB }),
    values: [
      [Buffer.from(String.raw`{"b":"x\u0000y","a":"\\u0000"}`), String.raw`{"a": "\\u0000", "b": "xy"}`],
      [Buffer.from(String.raw`{"a":"\ud83d\ude00\ud83d"}`), '{"a": "😀\ufffd"}'],
    ],
  },
  several: {
    field: fieldOf(['integer', 'string']),
    values: [
      ['say "hi"\n', String.raw`"say \"hi\"\n"`],
      [5, '5'],
    ],
  },
  binary: { field: textField('', { contentEncoding: 'base64' }), values: [['AP/+', String.raw`\x00fffe`]] },
  bigText: {
    field: textField('integer'),
    values: [
      ['1.0', '1'],
      ['-14.0', '-14'],
      ['9'.repeat(40), '9'.repeat(40)],
    ],
  },
  decimal: {
    field: textField('number', { types: ['string', 'number'] }),
    values: [
      ['12.50', '12.50'],
      ['NaN', 'NaN'],
      ['-Infinity', '-Infinity'],
      [2.5, '2.5'],
    ],
  },
  date: {
    field: textField('date'),
    values: [
      ['2024-02-29', '2024-02-29'],
      ['0000-01-01', '0001-01-01'],
      ['0001-01-01', '0001-01-01'],
      ['9999-12-31', '9999-12-31'],
    ],
  },
  dateTime: {
    field: textField('date-time'),
    values: [
      ['2024-01-02T03:04:05.123456789Z', '2024-01-02 03:04:05.123457+00'],
      ['2024-01-02T03:04:05+02:30', '2024-01-02 00:34:05+00'],
      ['2024-01-02t03:04:05z', '2024-01-02 03:04:05+00'],
      ['2024-01-02 03:04:05Z', '2024-01-02 03:04:05+00'],
      ['2024-01-02 03:04:05z', '2024-01-02 03:04:05+00'],
      ['2024-01-02 03:04:05.5+02:00', '2024-01-02 01:04:05.5+00'],
      ['2024-01-02 03:04:05.123456-08:00', '2024-01-02 11:04:05.123456+00'],
      ['0001-01-01T00:00:00Z', '0001-01-01 00:00:00+00'],
      ['0000-01-01 00:00:00Z', '0001-01-01 00:00:00+00'],
      ['0000-12-31T23:59:59Z', '0001-01-01 00:00:00+00'],
    ],
  },
  time: {
    field: textField('time'),
    values: [
      ['14:30:00Z', '14:30:00'],
      ['14:30:00.25+02:30', '12:00:00.25'],
      ['23:30:00-01:00', '00:30:00'],
    ],
  },
  duration: { field: textField('duration'), values: [['P1Y2M3DT4H5M6S', 'P1Y2M3DT4H5M6S']] },
  ipv4: { field: textField('ipv4'), values: [['127.0.0.1', '127.0.0.1/32']] },
  ipv6: { field: textField('ipv6'), values: [['::1', '::1/128']] },
  macaddr: { field: textField('macaddr'), values: [['08:00:2b:01:02:03', '08:00:2b:01:02:03']] },
  macaddr8: {
    field: textField('macaddr8'),
    values: [['08:00:2b:01:02:03:04:05', '08:00:2b:01:02:03:04:05']],
  },
  uuid: {
    field: textField('uuid'),
    values: [['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']],
  },
};

onEveryServer((server, version) => {
  test('[G7] values of every type arrive in their columns, by way of either lane', async () => {
    await using sink = await Sink.create(server());
    const names = Object.keys(kinds).sort();
    const fields = Object.fromEntries(names.map((name) => [name, kinds[name]?.field ?? { types: [] }]));
    await using session = await sink.start({
      table: 't',
      fields: { id: { types: ['integer'] }, ...fields },
    });
    const most = Math.max(...names.map((name) => kinds[name]?.values.length ?? 0));
    const stores = Array.from({ length: most }, (_, row) => ({
      key: [row],
      values: names.map((name) => kinds[name]?.values[row]?.[0] ?? null),
    }));
    for (const offset of [1, 2]) {
      await sink.query('TRUNCATE t');
      await transact(session, offset, stores);
      const found = await sink.query(
        `SET IntervalStyle = iso_8601; SET TimeZone = UTC; SELECT * FROM t ORDER BY id`,
      );
      for (const name of names) {
        const expected = stores.map((_, row) => kinds[name]?.values[row]?.[1] ?? null);
        assert.deepEqual(
          found.map((row) => row[name]),
          expected,
          name,
        );
      }
    }
  });

  test('[G7] documents come back byte for byte, whatever is in them', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start({ table: 't', fields: { id: { types: ['integer'] } } });
    const documents = fc.sample(fc.jsonValue({ stringUnit: 'binary' }), { numRuns: 300, seed: 7 });
    const texts = documents.map((value, id) => JSON.stringify({ id, value, raw: '\u0000\\\t\n' }));
    await transact(
      session,
      1,
      texts.map((doc, id) => ({ key: [id], doc })),
    );
    assert.deepEqual(
      await loadAll(
        session,
        texts.map((_, id) => [id]),
      ),
      texts.toSorted(),
    );
  });

  test('documents of 16 MiB are stored and loaded', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start({
      table: 't',
      fields: { id: { types: ['integer'] }, v: { types: ['string'] } },
    });
    const text = 'käse\\"'.repeat((16 << 20) / 7);
    const doc = JSON.stringify({ v: text });
    await transact(
      session,
      1,
      [1, 2, 3].map((id) => ({ key: [id], values: [text], doc })),
    );
    const [{ length } = {}] = await sink.query('SELECT max(length(v)) AS length FROM t');
    assert.equal(Number(length), text.length);
    assert.deepEqual(await loadAll(session, [[2]]), [doc]);
  });

  test('a field may be cast to text, or be given a type of its own', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start({
      table: 't',
      keys: ['when', 'name'],
      fields: {
        when: textField('date-time', { exists: 'MUST' }),
        name: { types: ['string'] },
        n: { types: ['integer'] },
        day: textField('date'),
      },
      fieldConfig: {
        n: { castToString: true },
        day: { ignoreStringFormat: true },
        name: { DDL: 'varchar(10)' },
      },
    });
    await transact(session, 1, [{ key: ['2024-01-02t00:00:00Z', 'a'], values: ['no date', 5] }]);
    const types = await sink.query(
      `SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute
       WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY 1`,
    );
    assert.deepEqual(
      types.map(({ attname, type }) => [attname, type]),
      [
        ['day', 'text'],
        ['flow_document', 'json'],
        ['n', 'text'],
        ['name', 'character varying(10)'],
        ['when', 'text'],
      ],
    );
    assert.equal(await sink.apply(sink.lastSpec), '');
    await assert.rejects(transact(session, 2, [{ key: ['x', 'longer than ten'], values: [null, 1] }]), {
      code: 'PG_VALUE_REFUSED',
    });
  });

  test('a database of another encoding takes what it can hold, and refuses the rest', async () => {
    await server().query(
      `CREATE DATABASE latin_${version} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`,
    );
    await using sink = await Sink.over(server(), `latin_${version}`);
    await using session = await sink.start({ table: 't', fields: { id: { types: ['string'] } } });
    await transact(session, 1, [{ key: ['käse'], doc: '{"id":"käse"}' }]);
    assert.deepEqual(await loadAll(session, [['käse']]), ['{"id":"käse"}']);
    await assert.rejects(transact(session, 2, [{ key: ['😀'] }]), { code: 'PG_VALUE_REFUSED' });
  });
});
