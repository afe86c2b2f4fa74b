// What a running capture tells of itself, and of the log that the server keeps for it.

import { missingPostgres, postgresVersions, startPostgres } from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';
import { untilReleased } from '../test/released-log.ts';

const often = { advanced: { feature_flags: 'report_interval_ms=200', backfill_chunk_size: 20 } };

for (const version of postgresVersions) {
  describe(`reports of a capture of PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    test('log kept for the capture is a warning at half of its budget and an error at 80 %, and lag is told in bytes', async () => {
      await using server = await startPostgres({ version, settings: { max_slot_wal_keep_size: '96MB' } });
      await server.query(`CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE busy (v text);
                          CREATE PUBLICATION flow_publication FOR TABLE t;
                          INSERT INTO t SELECT i FROM generate_series(1, 5000) i; ANALYZE t`);
      const config = endpointConfig(server, often);
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      const reports = () => capture.logs.filter(({ fields }) => fields['eventType'] === 'captureProgress');
      const backfills = reports().flatMap(
        ({ fields }) => (fields['backfills'] ?? []) as Record<string, unknown>[],
      );
      assert.ok(backfills.length > 0);
      for (const { table, estimate, percent } of backfills) {
        assert.deepEqual([table, estimate], ['public.t', 5000]);
        assert.ok(Number(percent) >= 0 && Number(percent) <= 99);
      }
      capture.acknowledges = false;
      const budget = () => capture.logs.filter(({ fields }) => fields['eventType'] === 'walBudget');
      const write = () =>
        server.query('INSERT INTO busy SELECT repeat(md5(i::text), 30) FROM generate_series(1, 4000) i');
      const level = (wanted: string) => budget().some((log) => log.level === wanted);
      for (let writes = 0; !level('warn') && !level('error') && writes < 40; writes += 1) {
        await write();
        await delay(250);
      }
      const [warning] = budget();
      assert.equal(warning?.level, 'warn');
      assert.match(
        warning?.message ?? '',
        /[5-7]\d % of max_slot_wal_keep_size: beyond that the slot is lost/,
      );
      for (let writes = 0; !level('error') && writes < 40; writes += 1) {
        await write();
        await delay(250);
      }
      assert.match(budget().at(-1)?.message ?? '', /\d+ % of max_slot_wal_keep_size/);
      assert.equal(budget().at(-1)?.level, 'error');
      const last = reports().at(-1)?.fields ?? {};
      assert.equal(last['walBudgetBytes'], 96 * 1024 ** 2);
      assert.ok(Number(last['walRetainedBytes']) > 0.5 * 96 * 1024 ** 2);
      assert.equal(typeof last['behindBytes'], 'number');
      assert.equal(typeof last['behindSeconds'], 'number');
    });

    test('an idle publication beside a busy table lets go of the log within 15 seconds, all the while', async () => {
      await using server = await startPostgres({ version });
      await server.query(`CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE busy (v text);
                          CREATE PUBLICATION flow_publication FOR TABLE t`);
      const config = endpointConfig(server);
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      const stop = new AbortController();
      const writing = (async () => {
        await using connection = await server.connect();
        while (!stop.signal.aborted) {
          await connection.query('INSERT INTO busy SELECT md5(i::text) FROM generate_series(1, 100) i');
          await delay(20);
        }
      })();
      for (let round = 0; round < 3; round += 1) {
        await untilReleased(capture, server);
      }
      stop.abort();
      await writing;
      assert.deepEqual(capture.committed, []);
    });
  });
}
