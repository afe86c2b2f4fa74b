import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { firstQuery, nextQuery, transactionQuery } from './default-query.ts';
import { chunkPages, chunkQuery, distance, shortId } from './transaction-scan.ts';

const table = { schema: 'public', table: 'or"ders' };
const filled = (...names: string[]) => names.map((name) => ({ name, nullable: false }));

describe('the query of a table', () => {
  test('without a cursor is everything', () => {
    assert.deepEqual(firstQuery(table, []), { sql: 'SELECT * FROM "public"."or""ders"', parameters: [] });
  });

  test('with one column orders by it, and then takes what is greater', () => {
    assert.equal(firstQuery(table, filled('id')).sql, 'SELECT * FROM "public"."or""ders" ORDER BY "id"');
    assert.deepEqual(nextQuery(table, filled('id'), [7n]), {
      sql: 'SELECT * FROM "public"."or""ders" WHERE ("id" > $1) ORDER BY "id"',
      parameters: ['7'],
    });
  });

  test('with several columns compares them one after the other', () => {
    assert.deepEqual(nextQuery(table, filled('a', 'b', 'c"'), [4, 'x', true]), {
      sql: 'SELECT * FROM "public"."or""ders" WHERE ("a" > $1) OR ("a" = $1 AND "b" > $2) OR ("a" = $1 AND "b" = $2 AND "c""" > $3) ORDER BY "a", "b", "c"""',
      parameters: ['4', 'x', 'true'],
    });
  });

  test('a value that may be missing comes first in the first column, and last in the others', () => {
    const columns = [
      { name: 'a', nullable: true },
      { name: 'b', nullable: true },
    ];
    assert.equal(
      firstQuery(table, columns).sql,
      'SELECT * FROM "public"."or""ders" ORDER BY "a" NULLS FIRST, "b"',
    );
    assert.equal(
      nextQuery(table, columns, [1, 2]).sql,
      'SELECT * FROM "public"."or""ders" WHERE ("a" > $1) OR ("a" = $1 AND ("b" > $2 OR "b" IS NULL)) ORDER BY "a", "b"',
    );
    assert.deepEqual(nextQuery(table, columns, [1, null]), {
      sql: 'SELECT * FROM "public"."or""ders" WHERE ("a" > $1) ORDER BY "a", "b"',
      parameters: ['1'],
    });
  });

  test('of old states along transaction ids follows their circle', () => {
    assert.equal(
      transactionQuery(table, undefined).sql,
      'SELECT xmin AS txid, * FROM "public"."or""ders" ORDER BY xmin::text::bigint',
    );
    assert.deepEqual(transactionQuery(table, [900]), {
      sql: 'SELECT xmin AS txid, * FROM "public"."or""ders" WHERE ((xmin::text::bigint - $1::bigint) << 32) >> 32 > 0 AND xmin::text::bigint >= 3 ORDER BY ((xmin::text::bigint - $1::bigint) << 32) >> 32',
      parameters: ['900'],
    });
  });
});

describe('a scan along transaction ids', () => {
  test('reads pages in ranges that grow smaller with the number of partitions', () => {
    assert.deepEqual([0, 1, 2, 10, 5000].map(chunkPages), [2001, 2001, 1001, 201, 1]);
  });

  test('the way from one id to another goes over the end of the circle', () => {
    assert.equal(distance(10, 25), 15);
    assert.equal(distance(4_294_967_290, 4), 10);
    assert.equal(distance(25, 10), 4_294_967_281);
    assert.equal(shortId(0x1_0000_0005n), 5);
  });

  test('takes what was written from the base up to the next id, also around the end', () => {
    const pages = { first: 0, end: 2001 };
    assert.equal(
      chunkQuery(table, pages, { base: 4_294_967_290, next: 4 }, 9),
      `SELECT ctid, xmin AS txid, * FROM "public"."or""ders" WHERE ctid >= '(0,0)' AND ctid < '(2001,0)' AND xmin::text::bigint >= 3 AND ((xmin::text::bigint - 4294967290) & 4294967295) < 10`,
    );
  });

  test('the first one takes everything but what the second one will read', () => {
    const pages = { first: 5, end: 6 };
    const from = `SELECT ctid, xmin AS txid, * FROM "public"."or""ders" WHERE ctid >= '(5,0)' AND ctid < '(6,0)'`;
    assert.equal(chunkQuery(table, pages, { base: 0, next: 100 }, 100), from);
    assert.equal(
      chunkQuery(table, pages, { base: 0, next: 100 }, 103),
      `${from} AND NOT (((xmin::text::bigint - 100) & 4294967295) < 3)`,
    );
  });
});
