// Values and names at the edge of what the formats on the way can hold, from PostgreSQL through `weir run` to SQLite:
// once by backfill and once by replication.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingPostgres, startPostgres } from '@weir/testing';
import { untilEqual } from './equal-tables.ts';
import { committedDocuments } from './journal-file.ts';
import { Pipeline } from './pipeline.ts';

const table = 'we"ird Täble';
const greatest = 2n ** 63n - 1n;
const forty = '1234567890123456789012345678.901234567891';
const text = 'ü€😀"\\\t\n';
const megabytes = 5 << 20;

/** The same row but for its key. */
const row = (key: bigint): string =>
  `(${key}, ${forty}, -${forty}, '2024-02-29 23:59:59.123456', '2024-02-29 23:59:59.999999+00', '${text.replaceAll("'", "''")}',
    '{"zero": "\\u0000", "n": 10000000000000000000000001}', 0.1, repeat('x', ${megabytes}))`;

test(
  '[G1] [G2] [G7] a key of 2^63−1, 40 digits, microseconds, emoji, \\u0000 in JSON, 5 MiB and a weird name arrive unchanged',
  { skip: missingPostgres(18) },
  async () => {
    await using server = await startPostgres({ version: 18 });
    await server.query(`
      CREATE TABLE "we""ird Täble" ("i""d" bigint PRIMARY KEY, "exäct" numeric, minus numeric(60, 12), naive timestamp,
        at timestamptz, "~te/xt" text, doc json, double double precision, big text);
      INSERT INTO "we""ird Täble" VALUES ${row(greatest)}, ${row(-greatest - 1n)}`);
    await using pipeline = Pipeline.create({ server, tables: { [table]: 'public/we_ird_t_ble' } });
    pipeline.start();
    await untilEqual(pipeline);
    await server.query(`INSERT INTO "we""ird Täble" VALUES ${row(greatest - 1n)}`);
    await untilEqual(pipeline);
    assert.equal(await pipeline.run.stop(), 0, pipeline.log);

    using copy = pipeline.openCopy();
    assert.ok(copy !== undefined);
    const statement = copy.prepare('SELECT * FROM "we""ird Täble" ORDER BY "i""d"');
    statement.setReadBigInts(true);
    const rows = statement.all();
    assert.deepEqual(
      rows.map((each) => each['i"d']),
      [-greatest - 1n, greatest - 1n, greatest],
    );
    for (const each of rows) {
      assert.equal(each['exäct'], forty);
      assert.equal(each['minus'], `-${forty}`);
      assert.match(String(each['naive']), /^2024-02-29T23:59:59\.123456/);
      assert.match(String(each['at']), /^2024-02-29T23:59:59\.999999(Z|\+00:00)$/);
      assert.equal(each['~0te~1xt'], text);
      assert.match(String(each['doc']), /^\{"zero": ?"\\u0000", ?"n": ?10000000000000000000000001\}$/);
      assert.equal(each['double'], 0.1);
      assert.equal(each['big'], 'x'.repeat(megabytes));
    }
    const documents = committedDocuments(pipeline.statePath, pipeline.collectionOf(table));
    assert.equal(documents.length, 3);
    const stored = rows.map((each) => String(each['flow_document']));
    assert.deepEqual([...stored].sort(), [...documents].sort());
    for (const key of [greatest, greatest - 1n, -greatest - 1n]) {
      assert.equal(documents.filter((document) => document.includes(`"i\\"d":${key},`)).length, 1, `${key}`);
    }
  },
);
