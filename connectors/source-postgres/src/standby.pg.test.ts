// A capture that reads from a standby, and one whose primary is lost: a standby is promoted, and the capture goes on there
// without a gap, or says why it cannot.

import {
  missingPostgres,
  type PostgresServer,
  postgresVersions,
  startPostgres,
  startStandby,
  untilReplayed,
  untilTrue,
} from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig, validate } from '../test/capture-harness.ts';

const ids = (rows: readonly { readonly [name: string]: unknown }[]) =>
  rows.map(({ id }) => Number(id)).toSorted((a, b) => a - b);

async function insert(server: PostgresServer, from: number, to: number): Promise<void> {
  await server.query(`INSERT INTO t SELECT i, 'row ' || i FROM generate_series(${from}, ${to}) i`);
}

async function newPrimary(
  version: (typeof postgresVersions)[number],
  settings = {},
): Promise<PostgresServer> {
  const primary = await startPostgres({ version, settings });
  await primary.query('CREATE TABLE t (id int PRIMARY KEY, v text)');
  await insert(primary, 1, 5);
  return primary;
}

/** The same capture against another server. */
function movedTo(server: PostgresServer, capture: CaptureHarness): CaptureHarness {
  const moved = new CaptureHarness({ ...capture.config, address: server.address }, capture.bindings);
  moved.state = structuredClone(capture.state);
  return moved;
}

/** A copy is kept from the moment on at which the slot has moved past what the standby still has. */
async function untilKept(primary: PostgresServer, standby: PostgresServer): Promise<void> {
  const kept = "SELECT FROM pg_replication_slots WHERE slot_name = 'flow_slot' AND synced AND NOT temporary";
  await until('the standby to keep the slot', async () => {
    await primary.query('SELECT pg_current_xact_id(); SELECT pg_log_standby_snapshot()');
    return (await standby.query(kept)).length > 0;
  });
}

/** A worker that keeps slots looks every half a minute while nothing changes. */
const WAIT_MS = 120_000;

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${WAIT_MS / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function promote(standby: PostgresServer): Promise<void> {
  await standby.query('SELECT pg_promote()');
  await untilTrue(standby, 'SELECT NOT pg_is_in_recovery()');
}

/** Logs what a new slot on a standby waits for, until it is there. */
async function untilSlot(primary: PostgresServer, standby: PostgresServer): Promise<void> {
  const made =
    "SELECT FROM pg_replication_slots WHERE slot_name = 'flow_slot' AND confirmed_flush_lsn IS NOT NULL";
  await until('the slot on the standby', async () => {
    await primary.query('SELECT pg_log_standby_snapshot()');
    return (await standby.query(made)).length > 0;
  });
}

for (const version of postgresVersions) {
  const skip = missingPostgres(version);

  describe(`a standby of PostgreSQL ${version} as the source`, { skip }, () => {
    if (version < 16) {
      test('is refused, since it does not decode its log', async () => {
        await using primary = await newPrimary(version);
        await using standby = await startStandby(primary);
        await primary.query('CREATE PUBLICATION flow_publication FOR TABLE t');
        await untilReplayed(primary, standby);
        assert.match(await validate(endpointConfig(standby)), /^PG_STANDBY: .*standby of PostgreSQL \d+/);
      });
      return;
    }

    test('[G8] gives rows and changes, asks for the publication at its primary, and goes on when it is promoted', async () => {
      await using primary = await newPrimary(version);
      await using standby = await startStandby(primary);
      const advanced = { read_only_capture: true, backfill_chunk_size: 2, backfill_connections: 2 };
      const config = endpointConfig(standby, { advanced });
      const writing = endpointConfig(standby);
      assert.match(
        await validate(writing, await discoverBindings(writing)),
        /a standby cannot create it\nRun on the primary: CREATE PUBLICATION "flow_publication"/,
      );
      await primary.query('CREATE PUBLICATION flow_publication FOR TABLE t');
      await untilReplayed(primary, standby);
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await untilSlot(primary, standby);
      await capture.untilActive();
      assert.deepEqual(ids(capture.rows('t')), [1, 2, 3, 4, 5]);
      await insert(primary, 6, 8);
      await primary.query("UPDATE t SET v = 'new' WHERE id = 1; DELETE FROM t WHERE id = 2");
      await capture.until('the changes of the primary', () => capture.documents('t').length === 10);
      assert.deepEqual(ids(capture.rows('t')), [1, 3, 4, 5, 6, 7, 8]);

      await capture.kill('SIGTERM');
      await insert(primary, 9, 9);
      await untilReplayed(primary, standby);
      await primary.stop();
      await promote(standby);
      await insert(standby, 10, 10);
      capture.start();
      await capture.until('what was written since', () => capture.documents('t').length === 12);
      assert.deepEqual(ids(capture.rows('t')), [1, 3, 4, 5, 6, 7, 8, 9, 10]);
    });

    test('a standby that has not caught up with what was read from its primary is told, and the capture goes on there later', async () => {
      await using primary = await newPrimary(version);
      const config = endpointConfig(primary);
      await using standby = await startStandby(primary);
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      await Promise.all([
        standby.query("SELECT pg_create_logical_replication_slot('flow_slot', 'pgoutput')"),
        untilSlot(primary, standby),
      ]);
      await standby.query('SELECT pg_wal_replay_pause()');
      await untilTrue(standby, "SELECT pg_get_wal_replay_pause_state() = 'paused'");
      await insert(primary, 6, 8);
      await capture.until('the changes of the primary', () => capture.documents('t').length === 8);
      await capture.kill('SIGTERM');

      await using moved = movedTo(standby, capture);
      moved.start();
      assert.match(await moved.failure(), /^PG_STANDBY_BEHIND: [\s\S]*Wait until the standby has caught up/);
      await standby.query('SELECT pg_wal_replay_resume()');
      await untilReplayed(primary, standby);
      moved.start();
      await insert(primary, 9, 9);
      await moved.until('what was written since', () => moved.documents('t').length === 1);
      assert.deepEqual(ids(moved.rows('t')), [9]);
    });

    test('a backfill waits for transactions of the primary that wrote before the table was published', async () => {
      await using primary = await newPrimary(version);
      await using standby = await startStandby(primary);
      await using writer = await primary.connect();
      await writer.query("BEGIN; INSERT INTO t VALUES (6, 'early')");
      await primary.query('CREATE PUBLICATION flow_publication FOR TABLE t');
      await untilReplayed(primary, standby);
      const config = endpointConfig(standby, { advanced: { read_only_capture: true } });
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      // A slot waits for that transaction too.
      await untilTrue(standby, "SELECT count(*) = 1 FROM pg_replication_slots WHERE slot_name = 'flow_slot'");
      await writer.query('COMMIT');
      await untilSlot(primary, standby);
      await capture.untilActive();
      assert.deepEqual(ids(capture.rows('t')), [1, 2, 3, 4, 5, 6]);
    });
  });

  describe(`a failover of PostgreSQL ${version}`, { skip }, () => {
    test('[G8] a standby without the slot stops the capture with its own code, and a backfill mends it', async () => {
      await using primary = await newPrimary(version);
      const config = endpointConfig(primary);
      await using standby = await startStandby(primary);
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      await capture.kill('SIGTERM');
      await untilReplayed(primary, standby);
      await primary.stop();
      await promote(standby);
      await using moved = movedTo(standby, capture);
      moved.start();
      assert.match(await moved.failure(), /^PG_SLOT_MISSING: [\s\S]*backfill counter/);
      moved.bindings = moved.bindings.map((each) => ({ ...each, backfill: 1 }));
      moved.start();
      await moved.untilActive();
      assert.deepEqual(ids(moved.rows('t')), [1, 2, 3, 4, 5]);
    });

    test('[G8] a standby that was promoted without the last that was read stops it, wherever its log has come to since', async () => {
      await using primary = await newPrimary(version);
      const config = endpointConfig(primary);
      const follows = version < 17 ? {} : { sync_replication_slots: 'on' };
      await using standby = await startStandby(primary, follows);
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      if (version >= 17) await untilKept(primary, standby);
      await standby.stop();
      await insert(primary, 6, 6);
      await capture.until('the last change', () => capture.documents('t').length === 6);
      await capture.kill('SIGTERM');
      await primary.kill9();
      await standby.start();
      await promote(standby);
      await standby.query(`INSERT INTO t SELECT i, repeat('other', 100) FROM generate_series(6, 3000) i`);
      await untilTrue(standby, `SELECT pg_current_wal_lsn() > '${String(capture.state['cursor'])}'::pg_lsn`);
      await using moved = movedTo(standby, capture);
      moved.start();
      assert.match(
        await moved.failure(),
        /^PG_OTHER_CLUSTER: .*timeline 2, .*timeline 1 up to .*left that timeline at [\s\S]*backfill counter/,
      );
    });

    if (version < 17) return;

    test('[G8] a slot that follows takes the capture along without a gap', async () => {
      await using primary = await newPrimary(version, { synchronized_standby_slots: 'standby' });
      const config = endpointConfig(primary);
      await using standby = await startStandby(primary, { sync_replication_slots: 'on' });
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      await insert(primary, 6, 8);
      await capture.until('the changes', () => capture.documents('t').length === 8);
      await untilKept(primary, standby);
      await using early = movedTo(standby, capture);
      early.start();
      assert.match(await early.failure(), /^PG_STANDBY: .*kept for a failover[\s\S]*pg_promote/);

      await capture.kill('SIGTERM');
      await insert(primary, 9, 10);
      await untilReplayed(primary, standby);
      await primary.kill9();
      await promote(standby);
      await insert(standby, 11, 12);
      await using moved = movedTo(standby, capture);
      moved.start();
      await moved.until('what was written since', () => moved.documents('t').length === 4);
      assert.deepEqual(ids(moved.rows('t')), [9, 10, 11, 12]);
      assert.deepEqual(
        moved.documents('t').map(({ document }) => document._meta.op),
        ['c', 'c', 'c', 'c'],
      );
    });
  });
}
