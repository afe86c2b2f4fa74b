// Keys whose values only the server can put in order: their packed bytes have another one. A precise backfill, which
// compares those, would pass over changes of rows that it never meets again.

import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CaptureHarness,
  discoverBindings,
  endpointConfig,
  type HarnessBinding,
  validate,
} from '../test/capture-harness.ts';

/** By name of a table: a type, and two values whose texts have the other order. */
const keys: Readonly<Record<string, readonly [type: string, smaller: string, larger: string]>> = {
  sizes: ['size', "'small'", "'large'"],
  folded: ['citext', "'a'", "'B'"],
  domains: ['nickname', "'a'", "'B'"],
  networks: ['inet', "'9.0.0.1'", "'10.0.0.1'"],
  spans: ['interval', "'9 days'", "'10 days'"],
  positions: ['pg_lsn', "'F/0'", "'10/0'"],
  transactions: ['xid8', "'9'", "'10'"],
  limits: ['int4range', "'[9,10)'", "'[10,11)'"],
};
const tables = Object.keys(keys);

for (const version of postgresVersions) {
  describe(`keys in an order of PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => {
      server = await startPostgres({ version });
      await server.query(
        `CREATE EXTENSION citext; CREATE TYPE size AS ENUM ('small', 'large'); CREATE DOMAIN nickname AS citext`,
      );
    });
    after(async () => server[Symbol.asyncDispose]());

    /** Collections keyed by `id`, backfilled along (k, id), of 40 rows with the larger value each. */
    async function captureOf(schema: string, mode: string): Promise<CaptureHarness> {
      await server.query(`CREATE SCHEMA ${schema}`);
      for (const [name, [type, , larger]] of Object.entries(keys)) {
        await server.query(
          `CREATE TABLE ${schema}.${name} (id int PRIMARY KEY, k ${type} NOT NULL, UNIQUE (k, id));
           INSERT INTO ${schema}.${name} SELECT id, ${larger} FROM generate_series(1, 40) id`,
        );
      }
      const config = endpointConfig(server, { advanced: advanced(schema, 1) });
      const resource = { mode, primary_key: ['k', 'id'] };
      const resources = Object.fromEntries(tables.map((name) => [name, resource]));
      return new CaptureHarness(config, await discoverBindings(config, resources));
    }

    function advanced(schema: string, chunkRows: number): Record<string, unknown> {
      return {
        slotName: schema,
        publicationName: schema,
        discover_schemas: [schema],
        backfill_chunk_size: chunkRows,
      };
    }

    async function killAmongLargerValues(capture: CaptureHarness): Promise<void> {
      capture.start();
      await capture.until('a place among the larger values', () =>
        tables.every((name) => capture.documents(name).length > 2),
      );
      await capture.kill();
    }

    /** Rows before the place of each backfill; and rows that were read, or not, and go. */
    async function write(schema: string): Promise<void> {
      for (const [name, [, smaller]] of Object.entries(keys)) {
        await server.query(
          `INSERT INTO ${schema}.${name} VALUES (100, ${smaller}); DELETE FROM ${schema}.${name} WHERE id IN (2, 40)`,
        );
      }
    }

    async function assertComplete(capture: CaptureHarness, schema: string): Promise<void> {
      for (const name of tables) {
        const rows = await server.query(`SELECT id FROM ${schema}.${name}`);
        const ids = (list: readonly (readonly unknown[])[]) => list.map(String).toSorted();
        assert.deepEqual(
          ids(capture.rows(name).map(({ id }) => [id])),
          ids(rows.map(({ id }) => [id])),
          name,
        );
      }
    }

    test('[G1] in automatic mode, along such columns of the resource, no row is lost that comes before the place of the backfill', async () => {
      await using capture = await captureOf('automatic', '');
      await killAmongLargerValues(capture);
      await write('automatic');
      capture.config['advanced'] = advanced('automatic', 20);
      capture.start();
      await capture.untilActive();
      await assertComplete(capture, 'automatic');
    });

    test('[G1] the mode Precise is refused for each of them, before anything is captured and at a start', async () => {
      await using capture = await captureOf('refused', 'Precise');
      const told = await validate(capture.config, capture.bindings);
      for (const name of tables)
        assert.match(told, new RegExp(`the rows of refused\\.${name} cannot .*"Precise": .*"k"`));
      const skipped = { ...advanced('refused', 1), skip_backfills: 'refused.sizes' };
      const [sizes] = capture.bindings.filter(isOf('sizes'));
      assert.ok(sizes !== undefined);
      assert.equal(await validate(endpointConfig(server, { advanced: skipped }), [sizes]), '');
      capture.start();
      assert.match(await capture.failure(), /^SQL_PRECISE_KEY: /);
      assert.deepEqual(capture.committed, []);
    });

    test('[G1] a precise backfill over them that an older release began starts over, and no row is lost', async () => {
      await using capture = await captureOf('begun', '');
      await killAmongLargerValues(capture);
      await write('begun');
      const states = capture.state['bindingStateV1'] as Record<string, Record<string, unknown>>;
      for (const state of Object.values(states)) state['mode'] = 'Backfill';
      capture.bindings = capture.bindings.map((binding) => ({
        ...binding,
        resource: { ...binding.resource, mode: 'Precise' },
      }));
      capture.config['advanced'] = advanced('begun', 20);
      capture.start();
      await capture.untilActive();
      await assertComplete(capture, 'begun');
      const told = capture.logs.filter(({ level }) => level === 'warn').map(({ message }) => message);
      for (const name of tables)
        assert.ok(
          told.some((message) => message.includes(`the key of begun.${name} has an order`)),
          name,
        );
    });
  });
}

function isOf(table: string): (binding: HarnessBinding) => boolean {
  return ({ resource }) => resource['stream'] === table;
}
