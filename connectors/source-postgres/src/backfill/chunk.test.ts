import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keyedChunkQuery, pagesChunkQuery, rangeEndsQuery, writtenSince } from './chunk-query.ts';
import { nextPages } from './page-range.ts';

const table = {
  from: 'ONLY "public"."we""ird"',
  columns: ['a', 'b "q"'],
  filter: undefined,
  conditions: [],
};

describe('the SQL of a chunk', () => {
  test('a keyed chunk compares and orders by the whole key', () => {
    const key = [
      { name: 'a', collateC: false },
      { name: 'b "q"', collateC: false },
    ];
    assert.equal(
      keyedChunkQuery(table, key, { after: undefined, limit: 10 }),
      'COPY (SELECT "a", "b ""q""" FROM ONLY "public"."we""ird" ORDER BY "a", "b ""q""" LIMIT 10) TO STDOUT',
    );
    assert.equal(
      keyedChunkQuery(table, key, { after: ['1', "it's \\"], limit: 10 }),
      `COPY (SELECT "a", "b ""q""" FROM ONLY "public"."we""ird" WHERE ("a", "b ""q""") > ('1', E'it''s \\\\') ORDER BY "a", "b ""q""" LIMIT 10) TO STDOUT`,
    );
  });

  test('texts of a precise chunk are compared as bytes, and a filter stays in its parentheses', () => {
    assert.equal(
      keyedChunkQuery({ ...table, filter: 'x OR y -- why' }, [{ name: 'a', collateC: true }], {
        after: ['1'],
        limit: 5,
      }),
      `COPY (SELECT "a", "b ""q""" FROM ONLY "public"."we""ird" WHERE ("a" COLLATE "C") > ('1') AND (x OR y -- why\n) ORDER BY "a" COLLATE "C" LIMIT 5) TO STDOUT`,
    );
  });

  test('a quoted name stays whole before its collation', () => {
    const key = [
      { name: 'b "q"', collateC: true },
      { name: 'a', collateC: false },
    ];
    assert.equal(
      keyedChunkQuery(table, key, { after: ['x', '1'], limit: 5 }),
      `COPY (SELECT "a", "b ""q""" FROM ONLY "public"."we""ird" WHERE ("b ""q""" COLLATE "C", "a") > ('x', '1') ORDER BY "b ""q""" COLLATE "C", "a" LIMIT 5) TO STDOUT`,
    );
  });

  test('operators of another schema are spelled out, column by column, behind one that an index serves', () => {
    const of = (name: string) => `OPERATOR("ext".${name})`;
    const operators = { '<': of('<'), '<=': of('<='), '=': of('='), '>=': of('>='), '>': of('>') };
    const key = [
      { name: 'k', collateC: false, operators },
      { name: 'n', collateC: false },
    ];
    const narrow = { ...table, columns: ['k'] };
    assert.equal(
      keyedChunkQuery(narrow, key, { after: ['B', '1'], until: ['c', '2'] }),
      'COPY (SELECT "k" FROM ONLY "public"."we""ird" WHERE ' +
        `"k" OPERATOR("ext".>=) 'B' AND ("k" OPERATOR("ext".>) 'B' OR "k" OPERATOR("ext".=) 'B' AND "n" > '1') AND ` +
        `"k" OPERATOR("ext".<=) 'c' AND ("k" OPERATOR("ext".<) 'c' OR "k" OPERATOR("ext".=) 'c' AND "n" <= '2')` +
        ' ORDER BY "k", "n") TO STDOUT',
    );
    assert.match(
      keyedChunkQuery(narrow, key.slice(0, 1), { after: ['B'] }),
      /WHERE "k" OPERATOR\("ext"\.>\) 'B' ORDER BY "k"\)/,
    );
  });

  test('a keyless chunk is a range of pages', () => {
    assert.equal(
      pagesChunkQuery(table, '(0,0)', '(501,0)'),
      `COPY (SELECT "a", "b ""q""" FROM ONLY "public"."we""ird" WHERE ctid > '(0,0)' AND ctid <= '(501,0)') TO STDOUT`,
    );
  });

  test('rows below a minimum transaction are left out, and parts end after so many rows read, not found', () => {
    const key = [{ name: 'a', collateC: false }];
    const filtered = { ...table, columns: ['a'], conditions: writtenSince(100, 2 ** 32 + 7), filter: 'x' };
    assert.equal(
      rangeEndsQuery(filtered, key, ['1'], 50, 3),
      `SELECT "a" FROM (SELECT "a", row_number() OVER (ORDER BY "a") AS "number of the row" FROM` +
        ` (SELECT "a" FROM ONLY "public"."we""ird" WHERE ("a") > ('1') ORDER BY "a" LIMIT 150) k) n` +
        ` WHERE "number of the row" % 50 = 0 ORDER BY "number of the row"`,
    );
    const conditions =
      'xmin::text::bigint >= 3 AND ((xmin::text::bigint - 100) & 4294967295) < 2147483648' +
      ' AND ((7 - xmin::text::bigint) & 4294967295) < 2147483648';
    assert.equal(
      keyedChunkQuery(filtered, key, { after: ['1'], until: ['9'] }),
      `COPY (SELECT "a" FROM ONLY "public"."we""ird" WHERE ${conditions} AND ("a") > ('1') AND ("a") <= ('9') AND (x\n) ORDER BY "a") TO STDOUT`,
    );
    assert.equal(
      pagesChunkQuery(filtered, '(0,0)', '(9,0)'),
      `COPY (SELECT "a" FROM ONLY "public"."we""ird" WHERE ctid > '(0,0)' AND ctid <= '(9,0)' AND ${conditions} AND (x\n)) TO STDOUT`,
    );
  });

  test('page ranges follow each other to the end of the largest part', () => {
    const size = { pages: 1200, parts: 1 };
    const first = nextPages(undefined, size, 50_000);
    assert.deepEqual(first, { low: '(0,0)', high: '(501,0)', isLast: false });
    const second = nextPages(Buffer.from(first.high), size, 50_000);
    assert.deepEqual(second, { low: '(501,0)', high: '(1002,0)', isLast: false });
    assert.equal(nextPages(Buffer.from(second.high), size, 50_000).isLast, true);
    assert.equal(nextPages(undefined, { pages: 0, parts: 1 }, 100).isLast, true);
    assert.throws(() => nextPages(Buffer.from('x'), size, 1), { code: 'SQL_STATE_INVALID' });
  });
});
