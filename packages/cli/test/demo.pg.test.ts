// What `npm start` promises, in a folder and on a port of its own: three starts over the same files.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, test } from 'node:test';
import { missingPostgres, temporaryDirectory } from '@weir/testing';
import { logLines, weir, WeirProcess } from './weir-process.ts';

describe('weir demo', { skip: missingPostgres(18) }, () => {
  const home = temporaryDirectory('weir-demo-');
  after(() => home[Symbol.dispose]());
  const start = (...args: readonly string[]): WeirProcess =>
    new WeirProcess(home.path, 'demo', '--folder', 'demo', '--port', '0', '--rate', '5', ...args);
  const isTold = (demo: WeirProcess, text: string) =>
    demo.until(() => demo.stdout.includes(text) || undefined);
  /** Statuses of the capture in the run that was started last. */
  const statuses = (): string[] =>
    logLines(readFileSync(join(home.path, 'demo', 'weir-run.log'), 'utf8')).map(({ message }) => message);

  test('--seconds: it ends by itself, and with 0 because every table is equal', async () => {
    await using demo = start('--seconds', '2');
    assert.equal(await demo.exited(), 0, demo.stdout + demo.stderr);
    assert.match(demo.stdout, /made just now/);
    assert.match(demo.stdout, /orders +[\d,]+ +[\d,]+ {3}equal, row for row/);
    assert.match(demo.stdout, /Every table is equal\.\n$/);
    assert.ok(statuses().some((message) => message.startsWith('Backfilling Tables')));
  });

  test('a second start resumes where the first stopped; Ctrl-C stops the workload, then compares every row', async () => {
    await using demo = start('--seconds', '600');
    await isTold(demo, ' rows · SQLite ');
    assert.equal(await demo.stop('SIGINT'), 0, demo.stdout + demo.stderr);
    assert.match(demo.stdout, /as the last start left it/);
    assert.match(demo.stdout, /Every table is equal\.\n$/);
    assert.deepEqual(
      statuses().filter((message) => message.startsWith('Backfilling Tables')),
      [],
    );
  });

  test('a difference made by hand in the SQLite file ends it with 1, and it says in which table and rows', async () => {
    const database = new DatabaseSync(join(home.path, 'demo', 'shop.db'));
    database.exec(
      `UPDATE customers SET email = 'by@hand' WHERE id = 1; DELETE FROM products WHERE sku = 'SKU-7'`,
    );
    database.close();
    await using demo = start('--seconds', '1');
    assert.equal(await demo.exited(), 1, demo.stdout + demo.stderr);
    assert.match(demo.stdout, /customers .* DIFFERENT\n.*only in Postgres: .*\n.*only in SQLite: .*by@hand/);
    assert.match(demo.stdout, /products .* DIFFERENT\n.*only in Postgres: .*SKU-7/);
    assert.match(demo.stdout, /orders .* equal, row for row/);
    assert.match(demo.stdout, /NOT EQUAL/);
  });

  test('a port that another program has is one clear error', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const ended = weir(home.path, 'demo', '--folder', 'demo', '--port', String(port), '--seconds', '1');
    other.close();
    assert.equal(ended.status, 1);
    assert.match(ended.stderr, /DEMO_PORT_TAKEN: Another program listens on port \d+/);
  });
});
