// Where the server would keep rows or changes from a capture without a word, the capture says so and does not begin.

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

function binding(stream: string, resource: Record<string, unknown> = {}): HarnessBinding {
  return { resource: { namespace: 'public', stream, ...resource }, key: ['/id'], documentSchema: '{}' };
}

/** What a capture that is opened without validation ends with. */
async function openFailure(
  config: Record<string, unknown>,
  bindings: readonly HarnessBinding[],
): Promise<string> {
  await using capture = new CaptureHarness(config, bindings);
  capture.start();
  return await capture.failure();
}

for (const version of postgresVersions) {
  describe(`what PostgreSQL ${version} keeps back`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => {
      server = await startPostgres({ version });
      await server.query(`
        CREATE ROLE plain LOGIN REPLICATION PASSWORD 'plain';
        GRANT CREATE ON DATABASE postgres TO plain;
        CREATE TABLE root (id int PRIMARY KEY) PARTITION BY RANGE (id);
        CREATE TABLE leaf PARTITION OF root FOR VALUES FROM (0) TO (100)`);
    });
    after(async () => server[Symbol.asyncDispose]());

    test('[G8] a root whose changes go out under its partitions is refused, at once and when opened', async () => {
      await server.query('CREATE PUBLICATION by_leaf');
      const config = endpointConfig(server, {
        advanced: { publicationName: 'by_leaf', slotName: 'by_leaf' },
      });
      const expected =
        /^PG_TABLE_UNPUBLISHED: .*public\.root [\s\S]*ALTER PUBLICATION "by_leaf" SET \(publish_via_partition_root = true\)/;
      assert.match(await validate(config, [binding('root')]), expected);
      assert.match(await openFailure(config, [binding('root')]), expected);
      await server.query('ALTER PUBLICATION by_leaf ADD TABLE root');
      assert.match(await validate(config, [binding('root')]), expected);

      await server.query('ALTER PUBLICATION by_leaf SET (publish_via_partition_root = true)');
      await using capture = new CaptureHarness(config, [binding('root')]);
      capture.start();
      await capture.untilActive();
      await server.query('INSERT INTO root VALUES (1)');
      await capture.until('the row of the partition', () => capture.rows('root').length === 1);
    });

    test('[G8] a partition whose changes go out under its root is refused, also when both are added together', async () => {
      const config = endpointConfig(server, { advanced: { publicationName: 'both', slotName: 'both' } });
      const expected = /^PG_TABLE_UNPUBLISHED: .*public\.leaf [\s\S]*Bind its root "public"\."root"/;
      assert.match(await openFailure(config, [binding('root'), binding('leaf')]), expected);
      assert.match(await validate(config, [binding('leaf')]), expected);
    });

    test('[G8] a table whose rows a policy hides is refused, and read by a role that sees them all', async () => {
      await server.query(`
        CREATE TABLE guarded (id int PRIMARY KEY); INSERT INTO guarded VALUES (1), (2);
        ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; GRANT SELECT ON guarded TO plain;
        CREATE PUBLICATION guards FOR TABLE guarded`);
      const config = endpointConfig(server, {
        user: 'plain',
        credentials: { auth_type: 'UserPassword', password: 'plain' },
        advanced: { publicationName: 'guards', slotName: 'guards' },
      });
      const expected = /^PG_ROW_SECURITY: .*public\.guarded [\s\S]*ALTER ROLE "plain" BYPASSRLS;/;
      assert.match(await validate(config, [binding('guarded')]), expected);
      assert.match(await openFailure(config, [binding('guarded')]), expected);

      await server.query('ALTER ROLE plain BYPASSRLS');
      await using capture = new CaptureHarness(config, [binding('guarded')]);
      capture.start();
      await capture.untilActive();
      assert.deepEqual(capture.rows('guarded'), [{ id: 1 }, { id: 2 }]);

      // Unchecked, a policy hides nothing either: the chunk fails.
      await server.query('ALTER ROLE plain NOBYPASSRLS');
      const unchecked = {
        publicationName: 'guards',
        slotName: 'unchecked',
        feature_flags: 'skip_prerequisites',
      };
      assert.match(
        await openFailure({ ...config, advanced: unchecked }, [binding('guarded')]),
        /^PG_QUERY_FAILED: .*row-level security/,
      );
    });

    test('[G8] a policy for TRUNCATE needs a publication that tells of it', async () => {
      await server.query("CREATE PUBLICATION mute WITH (publish = 'insert, update, delete')");
      const advanced = { publicationName: 'mute', slotName: 'mute' };
      assert.equal(await validate(endpointConfig(server, { advanced })), '');
      assert.match(
        await validate(endpointConfig(server, { advanced: { ...advanced, on_truncate: 'stop' } })),
        /^PG_PUBLICATION_INCOMPLETE: .*truncate, and \/advanced\/on_truncate is stop/,
      );
    });

    test('a table and one that inherits from it are two tables, in the backfill as in the stream', async () => {
      await server.query(`
        CREATE TABLE parent (id int PRIMARY KEY, v int); CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent);
        INSERT INTO parent VALUES (1, 0); INSERT INTO child VALUES (2, 0);
        CREATE PUBLICATION family FOR TABLE ONLY child`);
      const config = endpointConfig(server, { advanced: { publicationName: 'family', slotName: 'family' } });
      await using capture = new CaptureHarness(config, [binding('parent'), binding('child')]);
      capture.start();
      await capture.untilActive();
      await server.query('UPDATE parent SET v = 9');
      await capture.until('both rows to change', () =>
        [...capture.rows('parent'), ...capture.rows('child')].every((row) => row['v'] === 9),
      );
      assert.deepEqual(capture.rows('parent'), [{ id: 1, v: 9 }]);
      assert.deepEqual(capture.rows('child'), [{ id: 2, v: 9 }]);
    });

    test('names with capitals beyond ASCII are captured as discovered', async () => {
      await server.query(`
        CREATE SCHEMA "Äußeres"; CREATE TABLE "Äußeres"."Über ""uns""" (id int PRIMARY KEY);
        INSERT INTO "Äußeres"."Über ""uns""" VALUES (7)`);
      const config = endpointConfig(server, {
        advanced: { publicationName: 'umlauts', slotName: 'umlauts', discover_schemas: ['Äußeres'] },
      });
      const bindings = await discoverBindings(config);
      assert.equal(bindings.length, 1);
      assert.equal(await validate(config, bindings), '');
      await using capture = new CaptureHarness(config, bindings);
      capture.start();
      await capture.untilActive();
      assert.deepEqual(capture.rows('Über "uns"'), [{ id: 7 }]);
    });

    test('what cannot be captured at all is told by what it is, on one line whatever its name', async () => {
      await server.query(
        'CREATE VIEW "a view" AS SELECT 1 AS id; CREATE UNLOGGED TABLE "un\nlogged" (id int PRIMARY KEY); CREATE TABLE renamed (ident int PRIMARY KEY)',
      );
      const config = endpointConfig(server);
      assert.match(
        await validate(config, [binding('a view')]),
        /^PG_TABLE_UNREADABLE: public\.a view is a view,/,
      );
      assert.match(
        await validate(config, [binding('un\nlogged')]),
        /^PG_TABLE_UNREADABLE: public\.un\\nlogged is an unlogged table,/,
      );
      assert.match(
        await validate(config, [binding('renamed')]),
        /^PG_KEY_COLUMN_MISSING: the table public\.renamed has no column "id"/,
      );
    });

    test('a filter, a key or a slot name that cannot work is told before anything runs, with all else that is wrong', async () => {
      await server.query('CREATE TABLE plainly (id int PRIMARY KEY)');
      const config = endpointConfig(server);
      const error = await validate(config, [
        binding('plainly', { advanced: { additional_backfill_filter: 'idd > 3' } }),
        binding('root', { primary_key: ['ident'] }),
        binding('root'),
      ]);
      assert.match(error, /^CONNECTOR_PREREQUISITES/);
      assert.match(error, /public\.plainly: column "idd" does not exist/);
      assert.match(error, /public\.root has no column "ident"/);
      assert.match(error, /public\.root is bound twice/);
      assert.match(
        await validate(config, [
          binding('plainly', { advanced: { additional_backfill_filter: 'true); DROP TABLE plainly; --' } }),
        ]),
        /^PG_FILTER_INVALID/,
      );
      assert.match(
        await validate(endpointConfig(server, { advanced: { slotName: 'My-Slot' } })),
        /^PG_CONFIG_INVALID: .*My-Slot/,
      );
    });
  });
}
