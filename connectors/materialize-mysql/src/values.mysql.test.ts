// Values on real servers: what arrives in which column, and what is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TupleDouble, type TupleElement } from '@weir/protocol';
import { loadAll, transact } from '@weir/testing';
import * as fc from 'fast-check';
import { onBothServers, Sink, type TableSample } from '../test/sink.ts';

type Field = TableSample['fields'][string];

/** A table with one value beside its key. */
const tableOf = (field: Field, config?: object): TableSample => ({
  table: 't',
  fields: { id: { types: ['integer'] }, v: { exists: 'MAY', ...field } },
  ...(config === undefined ? {} : { fieldConfig: { v: config } }),
});

const text: Field = { types: ['string'] };
const format = (name: string): Field => ({ types: ['string'], format: name });

onBothServers((server, flavour) => {
  /** The values as the server prints them, in the order in which they were stored, by both ways into the table. */
  async function stored(
    table: TableSample,
    values: readonly TupleElement[],
    shown = 'CAST(v AS CHAR)',
    config: Readonly<Record<string, unknown>> = {},
  ): Promise<unknown[]> {
    await using sink = await Sink.create(server(), config);
    await using session = await sink.start(table);
    const stores = values.map((value, id) => ({ key: [id], values: [value] }));
    const query = `SELECT ${shown} AS v FROM t ORDER BY id`;
    await transact(session, 1, stores);
    const inserted = await sink.query(query);
    await sink.query('UPDATE t SET v = NULL');
    await transact(
      session,
      2,
      stores.map((store) => ({ ...store, exists: true })),
    );
    assert.deepEqual(await sink.query(query), inserted);
    return inserted.map(({ v }) => v);
  }

  test('texts arrive as they are, whatever characters they hold', async () => {
    const given = [
      '',
      'a\tb\nc\rd',
      '\\N',
      '\\',
      'NUL \0 inside',
      '"quoted", \'too\'',
      'é 😀 \u{2F9F4}',
      ' both ',
      '\u001a\b',
    ];
    assert.deepEqual(await stored(tableOf(text), given, 'v'), given);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { minLength: 40, maxLength: 60 }),
        async (texts) => assert.deepEqual(await stored(tableOf(text), texts, 'v'), texts),
      ),
      { numRuns: 3 },
    );
  });

  test('numbers keep every digit that their column has', async () => {
    const whole = [0, -1, 2 ** 53 - 1, 9223372036854775807n, -9223372036854775808n, new TupleDouble(42)];
    assert.deepEqual(await stored(tableOf({ types: ['integer'] }), whole), [
      '0',
      '-1',
      '9007199254740991',
      '9223372036854775807',
      '-9223372036854775808',
      '42',
    ]);
    const huge = [18446744073709551615n, -9223372036854775808n];
    assert.deepEqual(await stored(tableOf({ types: ['integer'], maximum: 1e20 }), huge), huge.map(String));
    const texts = ['11.0', '-14.0', '1', '9'.repeat(65)];
    assert.deepEqual(await stored(tableOf(format('integer')), texts), ['11', '-14', '1', '9'.repeat(65)]);
    const doubles = [0.1, 1e300, -2.5e-300, 1 / 3, 5e-324, 1.7976931348623157e308].map(
      (value) => new TupleDouble(value),
    );
    const found = await stored(tableOf({ types: ['number'] }), doubles, 'v');
    assert.deepEqual(
      found,
      doubles.map(({ value }) => value),
    );
    assert.deepEqual(
      await stored(tableOf(format('number')), ['12.50', 'NaN', 'Infinity', '-Infinity'], 'v'),
      [12.5, null, null, null],
    );
    assert.deepEqual(await stored(tableOf({ types: ['boolean'] }), [true, false, null], 'v'), [1, 0, null]);
  });

  test('dates and times are written in the zone of the task', async () => {
    const zones = {
      '+00:00': ['2024-07-01 10:20:30.123456', '10:20:30.500000'],
      'Europe/Berlin': ['2024-07-01 12:20:30.123456', '11:20:30.500000'],
    };
    for (const [timezone, [dateTime, time]] of Object.entries(zones)) {
      const config = { timezone };
      const given = [
        '2024-07-01T10:20:30.123456Z',
        '2024-07-01T12:20:30.123456789+02:00',
        '2024-07-01 10:20:30.123456z',
      ];
      assert.deepEqual(await stored(tableOf(format('date-time')), given, undefined, config), [
        dateTime,
        dateTime,
        dateTime,
      ]);
      assert.deepEqual(
        await stored(tableOf(format('time')), ['10:20:30.5Z', '12:50:30.5+02:30'], undefined, config),
        [time, time],
      );
    }
    const edges = [
      '0000-01-01T00:00:00Z',
      '0001-01-01T00:00:00Z',
      '9999-12-31T23:59:59.9999999Z',
      '9999-12-31T23:59:59-12:00',
      '2016-12-31T23:59:60Z',
    ];
    assert.deepEqual(await stored(tableOf(format('date-time')), edges), [
      '0001-01-01 00:00:00.000000',
      '0001-01-01 00:00:00.000000',
      '9999-12-31 23:59:59.999999',
      '9999-12-31 23:59:59.999999',
      '2016-12-31 23:59:59.999999',
    ]);
    assert.deepEqual(await stored(tableOf(format('date')), ['2024-02-29', '0000-01-01', '9999-12-31']), [
      '2024-02-29',
      '0001-01-01',
      '9999-12-31',
    ]);
  });

  test('binary columns hold the bytes, of which any may come', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value)).toString('base64');
    const field: Field = { types: ['string'], contentEncoding: 'base64' };
    assert.deepEqual(await stored(tableOf(field), [bytes, '', null], 'HEX(v)'), [
      Buffer.from(bytes, 'base64').toString('hex').toUpperCase(),
      '',
      null,
    ]);
    assert.deepEqual(await stored(tableOf(field, { castToString: true }), [bytes], 'v'), [bytes]);
    assert.deepEqual(
      await stored(tableOf(field), [bytes], 'v', {
        advanced: { feature_flags: 'no_native_binary_column_type' },
      }),
      [bytes],
    );
  });

  test('objects, arrays and values of several types are JSON', async () => {
    const values = [
      Buffer.from('{"a":[1,"\\u0000\\n😀"]}'),
      'text "quoted"',
      5,
      true,
      null,
      Buffer.from('[1.10,12345678901234567890]'),
    ];
    const found = await stored(
      tableOf({ types: ['object', 'array', 'string', 'integer', 'boolean'] }),
      values,
      'CAST(v AS CHAR)',
    );
    const given = [
      '{"a":[1,"\\u0000\\n😀"]}',
      '"text \\"quoted\\""',
      '5',
      'true',
      null,
      '[1.10,12345678901234567890]',
    ];
    if (flavour === 'mariadb') assert.deepEqual(found, given);
    else
      assert.deepEqual(
        found.map((value) => (typeof value === 'string' ? JSON.parse(value) : value)),
        given.map((value) => value && JSON.parse(value)),
      );
  });

  test('a type of the user is taken as it is', async () => {
    assert.deepEqual(
      await stored(tableOf(format('number'), { DDL: 'DECIMAL(65,20)' }), [
        '12345678901234567890123.4567890123',
      ]),
      ['12345678901234567890123.45678901230000000000'],
    );
  });

  test('a value that does not fit its column stops the task, and nothing of its transaction is kept', async () => {
    const refused: readonly [TableSample, TupleElement, string][] = [
      [tableOf({ types: ['integer'] }), 9223372036854775808n, 'MYSQL_VALUE_REFUSED'],
      [tableOf(format('integer')), '9'.repeat(66), 'MYSQL_VALUE_REFUSED'],
      [tableOf(format('number')), 'twelve', 'MYSQL_VALUE_REFUSED'],
      [tableOf(format('date')), '2024-02-30', 'MYSQL_VALUE_REFUSED'],
      [tableOf(format('date')), 'yesterday', 'SQL_VALUE_UNSUPPORTED'],
      [tableOf(format('date-time')), '2024-02-30T00:00:00Z', 'SQL_VALUE_UNSUPPORTED'],
      [tableOf(format('date-time')), '2024-02-03T00:00:00', 'SQL_VALUE_UNSUPPORTED'],
      [tableOf(format('time')), '25:61:00Z', 'SQL_VALUE_UNSUPPORTED'],
      [tableOf({ types: ['string'], contentEncoding: 'base64' }), 'not base64!', 'SQL_VALUE_UNSUPPORTED'],
      [tableOf(text, { DDL: 'VARCHAR(3)' }), 'four', 'MYSQL_VALUE_REFUSED'],
      [tableOf({ types: ['string'], exists: 'MUST' }), null, 'MYSQL_VALUE_REFUSED'],
    ];
    for (const [table, value, code] of refused) {
      await using sink = await Sink.create(server());
      for (const exists of [false, true]) {
        await using session = await sink.start(table);
        const stores = [{ key: [1], values: [value], exists }];
        await assert.rejects(
          transact(session, 1, stores),
          { code },
          `${table.fields['v']?.format ?? ''} ${exists}`,
        );
      }
      assert.deepEqual(await sink.query('SELECT * FROM t'), []);
    }
  });

  test('keys that differ in case, accents or spaces at their end are different keys', async () => {
    await using sink = await Sink.create(server());
    const names = ['a', 'A', 'ä', 'a ', 'a\0', ' a', 'a\t', '😀', ''];
    await using session = await sink.start({ table: 't', keys: ['name'], fields: { name: text } });
    await transact(
      session,
      1,
      names.map((name) => ({ key: [name], doc: JSON.stringify({ name }) })),
    );
    await transact(
      session,
      2,
      names.map((name) => ({ key: [name], doc: JSON.stringify({ name }), exists: true })),
    );
    assert.equal((await sink.query('SELECT count(*) AS n FROM t'))[0]?.['n'], names.length);
    for (const name of names) {
      assert.deepEqual(
        (await loadAll(session, [[name]])).map((found) => JSON.parse(found)),
        [{ name }],
      );
    }
  });

  test('keys of every type are found again and removed', async () => {
    await using sink = await Sink.create(server(), { hardDelete: true });
    const keys = ['binary', 'boolean', 'huge', 'integer', 'mixed', 'number', 'text'];
    await using session = await sink.start({
      table: 't',
      keys,
      fields: {
        binary: { types: ['string'], contentEncoding: 'base64' },
        boolean: { types: ['boolean'] },
        huge: { types: ['integer'], maximum: 1e20 },
        integer: { types: ['integer'] },
        mixed: { types: ['integer', 'string'] },
        number: { types: ['number'] },
        text,
      },
    });
    const rows: TupleElement[][] = [
      ['AP8=', true, 18446744073709551615n, -5, 'x', new TupleDouble(0.1), 'é'],
      ['AP8=', true, 18446744073709551615n, -5, 7, new TupleDouble(0.1), 'é'],
    ];
    await transact(
      session,
      1,
      rows.map((key, at) => ({ key, doc: `{"at":${at}}` })),
    );
    assert.equal((await loadAll(session, rows)).length, 2);
    await transact(session, 2, [{ key: rows[0] ?? [], exists: true, delete: true }]);
    assert.equal((await loadAll(session, rows)).length, 1);
  });

  test('a key that is longer than its column widens it, and one that no index takes is refused', async () => {
    await using sink = await Sink.create(server());
    const table: TableSample = { table: 't', keys: ['name'], fields: { name: text } };
    await sink.apply(table);
    const long = '😀'.repeat(300);
    {
      await using session = await sink.open();
      await transact(session, 1, [{ key: ['short'] }]);
      assert.deepEqual(await loadAll(session, [[long]]), []);
      await assert.rejects(transact(session, 2, [{ key: ['x'] }, { key: [long] }]), {
        code: 'MYSQL_KEY_WIDENED',
      });
    }
    assert.deepEqual(await sink.query('SELECT name FROM t'), [{ name: 'short' }]);
    {
      await using session = await sink.open();
      await transact(session, 2, [{ key: ['x'] }, { key: [long], doc: '{}' }]);
      assert.deepEqual(await loadAll(session, [[long]]), ['{}']);
      await assert.rejects(transact(session, 3, [{ key: ['y'.repeat(769)] }]), {
        code: 'MYSQL_KEY_TOO_LONG',
      });
    }
    assert.equal(await sink.apply(table), '');
    assert.equal((await sink.query('SELECT count(*) AS n FROM t'))[0]?.['n'], 3);
  });

  test('a document that is nested too deep, or has too long a name, for the JSON of the server is refused', async () => {
    const deep = `{"a":${'['.repeat(150)}${']'.repeat(150)}}`;
    for (const doc of [deep, JSON.stringify({ ['k'.repeat(70_000)]: 1 })]) {
      await using sink = await Sink.create(server());
      await using session = await sink.start({ table: 't', fields: { id: { types: ['integer'] } } });
      const stored = transact(session, 1, [{ key: [1], doc }]);
      if (flavour === 'mysql') await assert.rejects(stored, { code: 'MYSQL_VALUE_REFUSED', retry: 'never' });
      else {
        // Its JSON is text.
        await stored;
        assert.deepEqual(await loadAll(session, [[1]]), [doc]);
      }
    }
  });

  test('documents of 16 MiB and more go in and out, also at the length at which a packet of the protocol ends', async () => {
    await using sink = await Sink.create(server());
    // The default of MySQL. That of MariaDB is 16 MiB.
    await sink.query('SET GLOBAL max_allowed_packet = 67108864');
    await using session = await sink.start({ table: 't', fields: { id: { types: ['integer'] } } });
    const around = (length: number): string => {
      const text = JSON.stringify({ text: 'x\n'.repeat(length / 4) });
      return text.replace('"}', `${'x'.repeat(length - text.length)}"}`);
    };
    const documents = [0xffffff - 4, 20 << 20].map(around);
    for (const [id, doc] of documents.entries()) {
      await transact(session, id * 2 + 1, [{ key: [id], doc }]);
      await transact(session, id * 2 + 2, [{ key: [id], doc, exists: true }]);
      const [found = '', ...others] = await loadAll(session, [[id]]);
      assert.deepEqual(others, []);
      assert.deepEqual(JSON.parse(found), JSON.parse(doc));
    }
  });
});
