// The connector is killed at every crash point while it polls tables in each of its ways; afterwards every row was
// committed, and none twice where the way of polling promises that.

import { CRASH_POINTS } from '@weir/capture';
import { crashPoints } from '@weir/sqlbatch';
import { missingPostgres, type PostgresServer, startPostgres } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BatchHarness, bind, endpointConfig } from '../test/batch-harness.ts';

describe('a batch capture killed at a crash point', { skip: missingPostgres(18) }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres({ version: 18 });
    // Wide rows, so that groups outgrow memory; runs of equal cursor values; several chunks of pages.
    await server.query(`
      CREATE TABLE scanned (id int PRIMARY KEY, v text) WITH (fillfactor = 10);
      ALTER TABLE scanned ALTER v SET STORAGE PLAIN;
      INSERT INTO scanned SELECT i, repeat('x', 700) FROM generate_series(0, 4999) i;
      CREATE TABLE ordered (id int PRIMARY KEY, at int NOT NULL, v text);
      INSERT INTO ordered SELECT i, i / 900, repeat('y', 700) FROM generate_series(0, 4999) i;
      CREATE TABLE whole (v int);
      INSERT INTO whole SELECT i FROM generate_series(0, 2999) i`);
  });
  after(async () => server[Symbol.asyncDispose]());

  for (const point of [...crashPoints, ...CRASH_POINTS]) {
    test(`${point}: every row comes, and none twice along a cursor`, async () => {
      const config = endpointConfig(server);
      const bindings = [
        await bind(config, 'scanned'),
        await bind(config, 'ordered', { cursor: ['at'] }),
        await bind(config, 'whole', { cursor: [] }),
      ];
      const capture = new BatchHarness(config, bindings);
      let deaths = 0;
      for (const pass of [1, 2, 3]) {
        const env = { SHUTDOWN_AFTER_POLLING: 'yes', WEIR_CRASH_POINT: `${point}:${pass}` };
        const failure = await capture.run(env);
        if (failure !== undefined) deaths += 1;
      }
      assert.ok(deaths > 0, 'the crash point was never reached');
      await capture.poll();
      const documents = Map.groupBy(capture.documents, ({ _meta }) => _meta.source['table'] ?? '');
      const expected = Array.from({ length: 5000 }, (_, id) => id);
      for (const table of ['scanned', 'ordered']) {
        const ids = (documents.get(table) ?? []).map((document) => Number(document['id']));
        assert.deepEqual(
          ids.toSorted((a, b) => a - b),
          expected,
          table,
        );
        const rowIds = (documents.get(table) ?? []).map(({ _meta }) => _meta.row_id);
        assert.equal(new Set(rowIds).size, 5000, table);
      }
      const whole = new Map((documents.get('whole') ?? []).map(({ _meta, v }) => [_meta.row_id, v]));
      assert.equal(whole.size, 3000);
    });
  }
});
