import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { embeddedBinaries, freePort, PostgresCluster } from './index.ts';

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

test('a cluster is made once, survives kill -9 and stops when asked', async () => {
  const binDirectory = embeddedBinaries();
  assert.ok(binDirectory, 'no PostgreSQL of npm for this platform');
  const folder = mkdtempSync(join(tmpdir(), 'weir-cluster-'));
  // The server's unprivileged user has to pass through.
  chmodSync(folder, 0o755);
  const options = { binDirectory, dataDirectory: join(folder, 'data'), port: await freePort() };
  const cluster = new PostgresCluster(options);
  try {
    assert.equal(cluster.initialize(), true);
    assert.equal(cluster.initialize(), false);
    await cluster.start();
    assert.equal(await answers(cluster.port), true);

    await cluster.kill();
    assert.equal(await answers(cluster.port), false);
    await cluster.start();
    assert.equal(await answers(cluster.port), true);

    // A second owner takes over from one that was killed without stopping its server.
    const successor = new PostgresCluster(options);
    await successor.start();
    assert.notEqual(successor.pid, undefined);
    assert.equal(await answers(cluster.port), true);
    await successor.stop();
    assert.equal(await answers(cluster.port), false);
  } finally {
    await cluster.stop('immediate');
    rmSync(folder, { recursive: true, force: true });
  }
});
