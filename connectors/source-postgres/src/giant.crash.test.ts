// One transaction of very many changes, read by somebody who now and then stops reading: the process must not hold it.
// 200,000 changes as a rule, 2,000,000 in `npm run crash`, or as many as WEIR_GIANT_CHANGES says.

import { FULL_RANGE } from '@weir/protocol';
import { missingPostgres, startPostgres } from '@weir/testing';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { captureSpec, connector, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

const isLong = process.env['WEIR_CRASH_RUNS'] !== undefined;
const changes = Number(process.env['WEIR_GIANT_CHANGES'] ?? (isLong ? 2_000_000 : 200_000));
const MEBIBYTE = 1024 ** 2;
const BOUND_BYTES = 200 * MEBIBYTE;

/** The most memory that the process ever had, as Linux tells it. */
function peakBytes(pid: number | undefined): number {
  const kibibytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}

const skip = process.platform === 'linux' ? missingPostgres(18) : 'memory is read from /proc';

test(
  `one transaction of ${changes} changes passes in bounded memory, each once and in order`,
  { skip },
  async (context) => {
    await using server = await startPostgres({ version: 18 });
    await server.query('CREATE TABLE t (id int PRIMARY KEY, v text)');
    const config = endpointConfig(server);
    const bindings = await discoverBindings(config);
    await using driver = connector({ LOG_LEVEL: 'info' });
    driver.send({
      kind: 'open',
      capture: captureSpec(config, bindings),
      version: '1',
      range: FULL_RANGE,
      state: '{}',
    });
    let documents = 0;
    let writing: Promise<unknown> | undefined;
    const half = changes / 2;
    while (documents < changes) {
      const response = await driver.receive();
      assert.ok(response !== undefined, 'the capture ended');
      if (response.kind === 'captured') {
        documents += 1;
        const { id, v, _meta } = JSON.parse(response.doc.toString()) as {
          id: number;
          v: string;
          _meta: { op: string };
        };
        const isInsert = documents <= half;
        const expected = isInsert ? documents : documents - half;
        if (id !== expected || _meta.op !== (isInsert ? 'c' : 'u') || v.length !== 40)
          assert.fail(response.doc.toString());
        if (documents % (changes / 4) === 0) await delay(1500);
      } else if (response.kind === 'checkpoint') {
        assert.equal(documents, 0, 'a checkpoint within the transaction');
        driver.send({ kind: 'acknowledge', checkpoints: 1 });
        if (!response.state.updated.includes('"Active"') || writing !== undefined) continue;
        writing =
          server.query(`BEGIN; INSERT INTO t SELECT i, repeat('x', 40) FROM generate_series(1, ${half}) i;
                              UPDATE t SET v = repeat('y', 40); COMMIT`);
      }
    }
    await writing;
    const end = await driver.expect('checkpoint');
    assert.match(end.state.updated, /"cursor":/);
    const peak = peakBytes(driver.pid);
    context.diagnostic(`peak ${Math.round(peak / MEBIBYTE)} MiB`);
    assert.ok(peak < BOUND_BYTES, `its peak was ${Math.round(peak / MEBIBYTE)} MiB`);
  },
);
