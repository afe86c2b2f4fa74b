// The option `watermarks`: positions come from rows that are written and streamed back, and not from keepalives.

import {
  missingPostgres,
  type PostgresServer,
  postgresVersions,
  startPostgres,
  startStandby,
  untilReplayed,
} from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CaptureHarness,
  discoverBindings,
  endpointConfig,
  type HarnessBinding,
  validate,
} from '../test/capture-harness.ts';
import { untilReleased } from '../test/released-log.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function watched(server: PostgresServer, advanced: Record<string, unknown> = {}): Record<string, unknown> {
  return endpointConfig(server, { advanced: { feature_flags: 'watermarks', ...advanced } });
}

async function watermark(server: PostgresServer, slot = 'flow_slot'): Promise<string> {
  const [row] = await server.query('SELECT watermark FROM flow_watermarks WHERE slot = $1', [slot]);
  return row?.['watermark'] ?? '';
}

/** What the server waits for on behalf of this statement. */
async function untilWaiting(capture: CaptureHarness, server: PostgresServer, statement: string) {
  await capture.until(`${statement} to wait for a lock`, async () => {
    const waiting = await server.query(
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1",
      [`${statement}%`],
    );
    return waiting.length > 0;
  });
}

for (const version of postgresVersions) {
  const skip = missingPostgres(version);

  describe(`watermarks in PostgreSQL ${version}`, { skip }, () => {
    test('the table is made and published; fences are reached by what is written to it, and by nothing else', async () => {
      await using server = await startPostgres({ version });
      await server.query(`CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100);
                          CREATE PUBLICATION flow_publication FOR TABLE t`);
      const config = watched(server, { backfill_chunk_size: 30 });
      const bindings = await discoverBindings(config);
      assert.equal(await validate(config, bindings), '');
      assert.deepEqual(await server.query("SELECT FROM pg_class WHERE relname = 'flow_watermarks'"), []);

      await using capture = new CaptureHarness(config, bindings);
      capture.start();
      await capture.untilActive();
      assert.equal(capture.rows('t').length, 100);
      // The chunks may have been over before one was needed: a commit of the start says as much.
      await capture.until('a watermark', async () => uuid.test(await watermark(server)));
      const published = await server.query(
        "SELECT tablename FROM pg_publication_tables WHERE pubname = 'flow_publication' ORDER BY 1",
      );
      assert.deepEqual(published, [{ tablename: 'flow_watermarks' }, { tablename: 't' }]);
      assert.deepEqual(
        (await discoverBindings(config)).map(({ resource }) => resource['stream']),
        ['t'],
      );

      await capture.kill('SIGTERM');
      const first = await watermark(server);
      // Past every commit of before: none of them can be the fence.
      await server.query('SELECT pg_switch_wal()');
      await using holder = await server.connect();
      await holder.query('BEGIN; SELECT FROM flow_watermarks FOR UPDATE');
      capture.start();
      await untilWaiting(capture, server, 'INSERT INTO "public"."flow_watermarks"');
      // Keepalives come all the while: nothing else than the watermark is missing.
      await delay(1500);
      const status = () => capture.logs.findLast(({ fields }) => fields['eventType'] === 'connectorStatus');
      assert.equal(status()?.message, 'Catching up on CDC history');
      await holder.query('COMMIT');
      await capture.until(
        'the fence to be reached',
        () => status()?.message.startsWith('Streaming') === true,
      );
      assert.notEqual(await watermark(server), first);
    });

    test('captures share a table of upstream’s, each its row', async () => {
      await using server = await startPostgres({ version });
      await server.query(`CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100);
                          CREATE TABLE IF NOT EXISTS public.flow_watermarks (slot TEXT PRIMARY KEY, watermark TEXT);
                          INSERT INTO flow_watermarks VALUES ('upstream', 'existence-check');
                          CREATE PUBLICATION flow_publication FOR ALL TABLES`);
      const configs = ['one', 'two'].map((slotName) =>
        watched(server, { slotName, backfill_chunk_size: 20 }),
      );
      const captures = await Promise.all(
        configs.map(async (config) => new CaptureHarness(config, await discoverBindings(config))),
      );
      try {
        for (const capture of captures) capture.start();
        for (const capture of captures) await capture.untilActive();
        await server.query('INSERT INTO t VALUES (101)');
        for (const capture of captures) {
          await capture.until('the change', () => capture.rows('t').length === 101);
          assert.equal(capture.committed.length, 101);
        }
        assert.match(await watermark(server, 'one'), uuid);
        assert.match(await watermark(server, 'two'), uuid);
        assert.equal(await watermark(server, 'upstream'), 'existence-check');
      } finally {
        for (const capture of captures) await capture[Symbol.asyncDispose]();
      }
    });

    test('an idle publication beside a busy table lets go of the log within 15 seconds', async () => {
      await using server = await startPostgres({ version });
      await server.query(`CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE busy (v text);
                          CREATE PUBLICATION flow_publication FOR TABLE t`);
      const config = watched(server);
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      for (let round = 0; round < 2; round += 1) {
        await server.query('INSERT INTO busy SELECT md5(i::text) FROM generate_series(1, 10000) i');
        const before = await watermark(server);
        await untilReleased(capture, server);
        assert.notEqual(await watermark(server), before);
      }
      assert.deepEqual(capture.committed, []);
    });

    test('a table that is taken out of the publication, or away from the user, ends the capture with its own code', async () => {
      await using server = await startPostgres({ version });
      await server.query(`CREATE ROLE writer LOGIN REPLICATION PASSWORD 'writer';
                          CREATE TABLE t (id int PRIMARY KEY); GRANT SELECT ON t TO writer;
                          CREATE TABLE flow_watermarks (slot text PRIMARY KEY, watermark text);
                          GRANT SELECT, INSERT, UPDATE ON flow_watermarks TO writer;
                          CREATE PUBLICATION flow_publication FOR TABLE t, flow_watermarks`);
      const config = {
        ...watched(server),
        user: 'writer',
        credentials: { auth_type: 'UserPassword', password: 'writer' },
      };
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      await server.query('ALTER PUBLICATION flow_publication DROP TABLE flow_watermarks');
      assert.match(
        await capture.failure(),
        /^PG_WATERMARKS_UNPUBLISHED: .*"flow_publication" does not let it through/,
      );
      await server.query('ALTER PUBLICATION flow_publication ADD TABLE flow_watermarks');
      const untilStreaming = () =>
        capture.until('the stream', async () => {
          const before = await watermark(server);
          await delay(500);
          return before !== (await watermark(server));
        });
      capture.start();
      await untilStreaming();
      await server.query('REVOKE UPDATE ON flow_watermarks FROM writer');
      assert.match(await capture.failure(), /^PG_WATERMARKS_UNWRITABLE: .*permission denied.*42501/);
      await server.query('GRANT UPDATE ON flow_watermarks TO writer');
      capture.start();
      await untilStreaming();
      await server.query('DROP TABLE flow_watermarks');
      assert.match(await capture.failure(), /^PG_WATERMARKS_MISSING: [^]*CREATE TABLE/);
    });

    test('a preview writes none', async () => {
      await using server = await startPostgres({ version });
      await server.query(`CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);
                          CREATE PUBLICATION flow_publication FOR ALL TABLES`);
      const config = watched(server);
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start({ WEIR_PREVIEW: 'p' });
      await capture.untilActive();
      assert.deepEqual(await server.query('SELECT FROM flow_watermarks'), []);
    });
  });

  describe(`what watermarks need of PostgreSQL ${version}`, { skip }, () => {
    let server: PostgresServer;
    let bindings: readonly HarnessBinding[];
    const asWriter = (advanced: Record<string, unknown> = {}) => ({
      ...watched(server, advanced),
      user: 'writer',
      credentials: { auth_type: 'UserPassword', password: 'writer' },
    });
    before(async () => {
      server = await startPostgres({ version });
      await server.query(`REVOKE CREATE ON SCHEMA public FROM PUBLIC;
                          CREATE ROLE writer LOGIN REPLICATION PASSWORD 'writer';
                          CREATE TABLE t (id int PRIMARY KEY); GRANT SELECT ON t TO writer;
                          CREATE PUBLICATION flow_publication FOR TABLE t`);
      bindings = await discoverBindings(endpointConfig(server));
    });
    after(async () => server[Symbol.asyncDispose]());

    test('each thing that is missing has its code and the SQL that mends it, which does mend it', async () => {
      const sqlOf = (message: string) => /Run: (.*?;)(?: \(and.*)?$/m.exec(message)?.[1] ?? '';
      const missing = await validate(asWriter(), bindings);
      assert.match(
        missing,
        /^PG_WATERMARKS_MISSING: .*public\.flow_watermarks does not exist.*\nRun: CREATE TABLE .*GRANT SELECT, INSERT, UPDATE ON "public"\."flow_watermarks" TO "writer"; ALTER PUBLICATION "flow_publication" ADD TABLE "public"\."flow_watermarks";$/,
      );
      await server.query(sqlOf(missing));
      assert.equal(await validate(asWriter(), bindings), '');

      await server.query('REVOKE UPDATE ON flow_watermarks FROM writer');
      const unwritable = await validate(asWriter(), bindings);
      assert.match(unwritable, /^PG_WATERMARKS_UNWRITABLE: .*"writer".*permission denied/);
      await server.query(sqlOf(unwritable));
      assert.equal(await validate(asWriter(), bindings), '');

      await server.query('ALTER PUBLICATION flow_publication DROP TABLE flow_watermarks');
      const unpublished = await validate(asWriter(), bindings);
      assert.match(unpublished, /^PG_WATERMARKS_UNPUBLISHED: .*the user may not add it/);
      await server.query(sqlOf(unpublished));
      assert.equal(await validate(asWriter(), bindings), '');

      if (version >= 15) {
        await server.query(
          "ALTER PUBLICATION flow_publication SET TABLE t, flow_watermarks WHERE (slot = 'x')",
        );
        const filtered = await validate(asWriter(), bindings);
        assert.match(filtered, /^PG_WATERMARKS_UNPUBLISHED: .*filters the watermarks table/);
        await server.query(sqlOf(filtered));
        assert.equal(await validate(asWriter(), bindings), '');
      }

      await server.query('ALTER TABLE flow_watermarks REPLICA IDENTITY NOTHING');
      assert.match(await validate(asWriter(), bindings), /^PG_WATERMARKS_UNWRITABLE: .*no replica identity/);
      await server.query('ALTER TABLE flow_watermarks REPLICA IDENTITY DEFAULT');
    });

    test('a user who may create the table, and may not publish it, is told before it is made', async () => {
      await server.query('CREATE SCHEMA marks; GRANT ALL ON SCHEMA marks TO writer');
      assert.match(
        await validate(asWriter({ watermarksTable: 'marks.here' }), bindings),
        /^PG_WATERMARKS_UNPUBLISHED: .*marks\.here, which does not exist yet/,
      );
      assert.match(
        await validate(asWriter({ watermarksTable: 'nowhere.here' }), bindings),
        /^PG_WATERMARKS_MISSING: .*nowhere\.here/,
      );
    });

    test('a table of another shape is refused', async () => {
      await server.query(`CREATE TABLE marks.odd (slot text, watermark text); GRANT ALL ON marks.odd TO writer;
                          ALTER PUBLICATION flow_publication ADD TABLE marks.odd`);
      await server.query('ALTER TABLE marks.odd REPLICA IDENTITY FULL');
      assert.match(
        await validate(asWriter({ watermarksTable: 'marks.odd' }), bindings),
        /^PG_WATERMARKS_UNWRITABLE: .*ON CONFLICT[\s\S]*of the right shape: CREATE TABLE/,
      );
    });

    test('nothing is written where that is forbidden: in the mode read-only, by a read-only user, to a bound table', async () => {
      const readOnly = asWriter({ read_only_capture: true });
      assert.match(await validate(readOnly, bindings), /^PG_WATERMARKS_READ_ONLY: .*read_only_capture/);
      await server.query('ALTER ROLE writer SET default_transaction_read_only = on');
      assert.match(
        await validate(asWriter(), bindings),
        /^PG_WATERMARKS_READ_ONLY: .*default_transaction_read_only[\s\S]*ALTER ROLE "writer" SET/,
      );
      await server.query('ALTER ROLE writer RESET default_transaction_read_only');
      const own: HarnessBinding = {
        resource: { namespace: 'public', stream: 'flow_watermarks' },
        key: ['/slot'],
        documentSchema: '{}',
      };
      assert.match(await validate(watched(server), [own]), /^PG_WATERMARKS_BOUND: .*public\.flow_watermarks/);
    });

    test('without the flag no table is asked for, and the field alone changes nothing', async () => {
      const config = endpointConfig(server, { advanced: { watermarksTable: 'nowhere.here' } });
      assert.equal(await validate(config, bindings), '');
    });

    test('a standby is refused', async () => {
      await using standby = await startStandby(server);
      await untilReplayed(server, standby);
      assert.match(
        await validate(watched(standby), bindings),
        /needs a table to write to, and the server is a standby/,
      );
    });
  });
}
