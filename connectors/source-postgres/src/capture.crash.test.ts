// The capture is killed at every crash point of the engine and of the kit's output, with a table being backfilled and
// written to; afterwards the collection equals the table and no change was committed twice.

import { CRASH_POINTS } from '@weir/capture';
import { crashPoints } from '@weir/sqlcapture';
import { missingPostgres, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

describe('a capture killed at a crash point', { skip: missingPostgres(18) }, () => {
  let server: PostgresServer;
  before(async () => (server = await startPostgres({ version: 18 })));
  after(async () => server[Symbol.asyncDispose]());

  const points = [...crashPoints, ...CRASH_POINTS];
  const cases = [1, 3].flatMap((connections) => points.map((point) => ({ point, connections })));
  for (const [index, { point, connections }] of cases.entries()) {
    test(`[G1] ${point}, with ${connections} reading: nothing is lost or doubled`, async () => {
      const table = `t${index}`;
      await server.query(`CREATE TABLE ${table} (id int PRIMARY KEY, v text);
                          INSERT INTO ${table} SELECT i, repeat('x', 3000) FROM generate_series(1, 600) i`);
      const config = endpointConfig(server, {
        advanced: {
          backfill_chunk_size: connections === 1 ? 200 : 60,
          backfill_connections: connections,
          slotName: `slot_${index}`,
          publicationName: `publication_${index}`,
        },
      });
      const bindings = (await discoverBindings(config)).filter(
        ({ resource }) => resource['stream'] === table,
      );
      await using capture = new CaptureHarness(config, bindings);
      let deaths = 0;
      for (const pass of [1, 2, 4]) {
        capture.start({ WEIR_CRASH_POINT: `${point}:${pass}` });
        await server.query(`UPDATE ${table} SET v = v || '${pass}' WHERE id % 3 = 0;
                            INSERT INTO ${table} VALUES (${1000 + pass}, '')`);
        // It dies, or does not pass the point so often and goes on to the row inserted last.
        const isThrough = () => capture.rows(table).some((row) => row['id'] === 1000 + pass);
        await capture.until('its death', isThrough, 60_000).catch((error: unknown) => {
          if (String(error).includes('the capture ended')) deaths += 1;
        });
        await capture.kill();
      }
      assert.ok(deaths > 0, 'the crash point was never reached');
      capture.start();
      await server.query(`DELETE FROM ${table} WHERE id % 10 = 0; INSERT INTO ${table} VALUES (2000, '')`);
      await capture.until('the last row', () => capture.rows(table).some((row) => row['id'] === 2000));
      await capture.untilActive();
      const expected = await server.query(`SELECT to_jsonb(t)::text AS row FROM ${table} t ORDER BY id`);
      assert.deepEqual(
        capture.rows(table).toSorted((a, b) => Number(a['id']) - Number(b['id'])),
        expected.map(({ row }) => JSON.parse(row ?? '') as unknown),
      );
      const replicated = capture
        .documents(table)
        .filter(({ document }) => document._meta.source.snapshot !== true);
      const positions = replicated.map(({ document }) => document._meta.source.loc.slice(1).join());
      assert.equal(new Set(positions).size, positions.length);
    });
  }
});
