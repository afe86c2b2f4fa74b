// A server that is shut down sends what it has to send, and then waits until all of it was flushed by whoever it sent it
// to. That may be never, since a capture flushes nothing itself: it says what the runtime has committed. No server may
// have to wait for that.

import { missingPostgres, postgresVersions, startPostgres } from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

/** Of a server that nobody holds up; pg_ctl waits for 60. */
const PATIENCE_MS = 20_000;

for (const version of postgresVersions) {
  describe(`shutdown of PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    for (const acknowledges of [true, false]) {
      const runtime = acknowledges ? 'acknowledges' : 'commits and never acknowledges';
      test(`[G1] it is not held up by a capture whose runtime ${runtime}, and keeps what was not acknowledged`, async () => {
        await using server = await startPostgres({ version });
        await server.query('CREATE TABLE t (id int PRIMARY KEY)');
        const config = endpointConfig(server);
        await using capture = new CaptureHarness(config, await discoverBindings(config));
        capture.start();
        await capture.untilActive();
        capture.acknowledges = acknowledges;
        const confirmed = async () =>
          (await server.query('SELECT confirmed_flush_lsn AS at FROM pg_replication_slots'))[0]?.['at'];
        const before = await confirmed();
        await server.query('INSERT INTO t SELECT generate_series(1, 1000)');
        await capture.until('the rows', () => capture.documents('t').length === 1000);

        let timer: NodeJS.Timeout | undefined;
        const patience = new Promise<string>((resolve) => {
          timer = setTimeout(() => resolve('still running'), PATIENCE_MS);
        });
        assert.equal(await Promise.race([server.stop('fast').then(() => 'stopped'), patience]), 'stopped');
        clearTimeout(timer);
        assert.match(await capture.failure(), /^PG_(CONNECTION_LOST|SERVER_UNAVAILABLE|UNREACHABLE): /);

        await server.start();
        if (!acknowledges) assert.equal(await confirmed(), before);
        await server.query('INSERT INTO t VALUES (1001)');
        capture.start();
        await capture.until('the last row', () => capture.documents('t').length === 1001);
      });
    }
  });
}
