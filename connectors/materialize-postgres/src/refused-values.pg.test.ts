// Values and keys that a real server cannot take: each is told, and nothing of its transaction is kept.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { textField, transact } from '@weir/testing';
import { onEveryServer, Sink } from '../test/sink.ts';

onEveryServer((server) => {
  for (const [what, field, value] of [
    ['an integer beyond 64 bits', { types: ['integer'] }, 2n ** 63n],
    ['a number that is no integer', { types: ['integer'] }, 1.5],
    ['a day that no month has', textField('date'), '2023-02-30'],
    ['a text that is no UUID', textField('uuid'), 'nonsense'],
    ['a network with host bits', textField('ipv4'), '10.0.0.1/8'],
  ] as const) {
    test(`${what} is refused, by the name of its column, and nothing is kept`, async () => {
      await using sink = await Sink.create(server());
      await using session = await sink.start({
        table: 't',
        fields: { id: { types: ['integer'] }, odd: { ...field, exists: 'MAY' } },
      });
      await assert.rejects(
        transact(session, 1, [
          { key: [1], values: [null] },
          { key: [2], values: [value] },
        ]),
        { code: 'PG_VALUE_REFUSED', message: /^cannot store into "public"."t": .*column odd/ },
      );
      assert.deepEqual(await sink.query('SELECT * FROM t'), []);
    });
  }

  test('a date-time without an offset is refused rather than taken for UTC', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start({
      table: 't',
      fields: { id: { types: ['integer'] }, at: textField('date-time') },
    });
    for (const text of ['2024-01-02T03:04:05', '2024-01-02', 'soon']) {
      await assert.rejects(transact(session, 1, [{ key: [1], values: [text] }]), {
        code: 'SQL_VALUE_UNSUPPORTED',
      });
    }
  });

  test('a text that is no base64 is refused, by the name of its field, and nothing is kept', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start({
      table: 't',
      fields: { id: { types: ['integer'] }, odd: { types: ['string'], contentEncoding: 'base64' } },
    });
    const stores = [
      { key: [1], values: ['AAEC'] },
      { key: [2], values: ['not base64!'] },
    ];
    await assert.rejects(transact(session, 1, stores), { code: 'SQL_VALUE_UNSUPPORTED', message: /odd/ });
    assert.deepEqual(await sink.query('SELECT * FROM t'), []);
  });

  test('a key that no index can hold is refused', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start({ table: 't', fields: { id: { types: ['string'] } } });
    await transact(session, 1, [{ key: [randomBytes(1300).toString('hex')] }]);
    await assert.rejects(transact(session, 2, [{ key: [randomBytes(5000).toString('hex')] }]), {
      code: 'PG_KEY_TOO_LONG',
    });
  });

  test('keys that are the same without their NUL characters are refused', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start({ table: 't', fields: { id: { types: ['string'] } } });
    const stores = [{ key: ['a\0'] }, { key: ['a'] }];
    await assert.rejects(transact(session, 1, stores), { code: 'PG_KEYS_COLLIDE' });
  });

  test('keys that are the same to the index of a partition are refused too', async () => {
    await using sink = await Sink.create(server());
    await sink.apply(sink.spec({ table: 't', fields: { id: { types: ['string'] } } }));
    await sink.query(`
      DROP TABLE t;
      CREATE TABLE t (id text PRIMARY KEY, flow_document json NOT NULL) PARTITION BY HASH (id);
      CREATE TABLE part PARTITION OF t FOR VALUES WITH (MODULUS 1, REMAINDER 0)`);
    await using session = await sink.open();
    const stores = [{ key: ['a\0'] }, { key: ['a'] }];
    await assert.rejects(transact(session, 1, stores), { code: 'PG_KEYS_COLLIDE' });
  });
});
