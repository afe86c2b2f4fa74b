// What a pipeline does when its surroundings are wrong: one clear error with its code, through `weir run` and
// `weir preview`, and right data when the surroundings are right again.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { missingPostgres, skipForMount, smallDisk, startPostgres, temporaryDirectory } from '@weir/testing';
import { differences, untilEqual } from './equal-tables.ts';
import { captureTask, materializationTask, Pipeline, until } from './pipeline.ts';

const tables = { orders: 'public/orders' };
const createTable = `CREATE TABLE orders (id bigint PRIMARY KEY, note text);
                     INSERT INTO orders SELECT n, 'order ' || n FROM generate_series(1, 500) n`;

/** How often the file was opened by a session of the task. */
function fenceOf(pipeline: Pipeline): number {
  using copy = pipeline.openCopy();
  const row = copy
    ?.prepare('SELECT fence FROM flow_checkpoints_v1 WHERE materialization = ?')
    .get(materializationTask);
  return Number(row?.['fence'] ?? 0);
}

/** Both commands end by themselves with status 1, one line of this error, what to do about it, and no stack trace. Returns all they said. */
function assertFails(pipeline: Pipeline, code: string, what: RegExp): string {
  const run = pipeline.weir('run', '--source', 'flow.yaml', '--state', 'state', '--until-caught-up');
  const preview = pipeline.weir('preview', '--source', 'flow.yaml', '--name', captureTask, '--timeout', '5s');
  for (const { status, stdout, stderr } of [run, preview]) {
    assert.equal(status, 1, `${stdout}\n${stderr}`);
    const lines = stderr.split('\n').filter((line) => line.startsWith(`${captureTask}: ${code}: `));
    assert.equal(lines.length, 1, stderr);
    assert.match(stderr, what);
    assert.doesNotMatch(stderr, /\n {4}at /);
  }
  return [run, preview].map(({ stdout, stderr }) => stdout + stderr).join('\n');
}

describe('a pipeline in wrong surroundings', { skip: missingPostgres(18) }, () => {
  test('[G9] a wrong password is one error, which does not repeat it', async () => {
    await using server = await startPostgres({ version: 18 });
    await server.query(`${createTable}; CREATE ROLE capturer SUPERUSER LOGIN PASSWORD 'hunter2-before'`);
    const credentials = { auth_type: 'UserPassword', password: 'hunter2-before' };
    await using pipeline = Pipeline.create({ server, tables, source: { user: 'capturer', credentials } });
    await server.query(`ALTER ROLE capturer PASSWORD 'hunter2-after'`);
    const output = assertFails(pipeline, 'PG_AUTH_FAILED', /refused the user "capturer"/);
    assert.doesNotMatch(output, /hunter2/);
  });

  test('a role without REPLICATION is one error with the SQL that grants it', async () => {
    await using server = await startPostgres({ version: 18 });
    await server.query(`${createTable}; CREATE ROLE capturer LOGIN PASSWORD 'postgres';
                        GRANT SELECT ON orders TO capturer; CREATE PUBLICATION flow_publication FOR ALL TABLES`);
    await using pipeline = Pipeline.create({ server, tables, source: { user: 'capturer' } });
    assertFails(pipeline, 'PG_ROLE', /ALTER ROLE "?capturer"? WITH REPLICATION;/);
  });

  test('wal_level=replica is one error with the SQL that changes it', async () => {
    await using server = await startPostgres({ version: 18, settings: { wal_level: 'replica' } });
    await server.query(createTable);
    await using pipeline = Pipeline.create({ server, tables });
    assertFails(pipeline, 'PG_WAL_LEVEL', /wal_level is replica[^]*ALTER SYSTEM SET wal_level/);
  });

  test('tables with names of 63 bytes and without a key arrive, with one warning; a table that was dropped is one error', async () => {
    const name = `${'ñ'.repeat(31)}x`;
    await using server = await startPostgres({ version: 18 });
    await server.query(`${createTable}; CREATE TABLE "${name}" (id int PRIMARY KEY, "${'ü'.repeat(31)}" text);
                        INSERT INTO "${name}" VALUES (1, 'a'); CREATE TABLE keyless (v text); INSERT INTO keyless VALUES ('b')`);
    await using pipeline = Pipeline.create({
      server,
      tables: { ...tables, keyless: 'public/keyless', [name]: `public/${'_'.repeat(31)}x` },
    });
    const args = ['run', '--source', 'flow.yaml', '--state', pipeline.statePath, '--until-caught-up'];
    const { status, stdout, stderr } = pipeline.weir(...args);
    assert.equal(status, 0, stdout + stderr);
    assert.deepEqual(await differences(pipeline), []);
    assert.equal(stdout.split('has no replica identity').length, 2, stdout);
    await server.query('DROP TABLE keyless');
    const again = pipeline.weir(...args);
    assert.equal(again.status, 1);
    assert.match(
      again.stderr,
      /^acme\/source: PG_TABLE_UNREADABLE: [^\n]*public\.keyless: it does not exist\n[^\n]*disable its binding\.\n$/,
    );
  });

  test('[G2] [G5] of two runtimes with one SQLite file the older is fenced off and says so, and the data stays right', async () => {
    await using server = await startPostgres({ version: 18 });
    await server.query(createTable);
    await using pipeline = Pipeline.create({ server, tables });
    pipeline.start();
    await untilEqual(pipeline);
    assert.equal(await pipeline.run.stop(), 0, pipeline.log);
    const copied = join(pipeline.path, 'copied-state');
    cpSync(pipeline.statePath, copied, { recursive: true });

    const older = pipeline.start();
    await until('that the older one has opened the file', () => fenceOf(pipeline) === 2);
    const newer = pipeline.start({ statePath: copied, args: ['--name', materializationTask] });
    await until('that the newer one has opened the file', () => fenceOf(pipeline) === 3);
    await server.query(
      `UPDATE orders SET note = 'changed' WHERE id % 2 = 0; INSERT INTO orders VALUES (1000, 'new')`,
    );
    await until('that the older one tells it was fenced off', () => pipeline.log.includes('SQL_FENCED_OFF'), {
      explain: () => pipeline.log,
    });
    assert.equal(await newer.stop(), 0, pipeline.log);
    assert.equal(await older.stop(), 1, pipeline.log);
    assert.match(pipeline.log, new RegExp(`${materializationTask}: SQL_FENCED_OFF: [^\\n]*another instance`));
    // Not a row of what the older one tried to store is there.
    using copy = pipeline.openCopy();
    assert.equal(
      copy?.prepare(`SELECT count(*) AS n FROM orders WHERE note NOT LIKE 'order %'`).get()?.['n'],
      0,
    );

    pipeline.start();
    await untilEqual(pipeline);
    assert.equal(await pipeline.run.stop(), 0, pipeline.log);
  });

  test('[G2] a new state folder does not take over the tables of another one', async () => {
    await using server = await startPostgres({ version: 18 });
    await server.query(createTable);
    await using pipeline = Pipeline.create({ server, tables });
    pipeline.start();
    await untilEqual(pipeline);
    assert.equal(await pipeline.run.stop(), 0, pipeline.log);
    const args = ['--name', materializationTask, '--state', 'other', '--until-caught-up'];
    const { status, stderr } = pipeline.weir('run', '--source', 'flow.yaml', ...args);
    assert.equal(status, 1, stderr);
    assert.match(stderr, /acme\/sqlite: MATERIALIZE_TABLE_EXISTS: [^\n]*orders/);
    assert.deepEqual(await differences(pipeline), []);
  });

  test('[G2] a table of the copy that is dropped is never made anew without its rows; a backfill brings them back', async () => {
    await using server = await startPostgres({ version: 18 });
    await server.query(createTable);
    await using pipeline = Pipeline.create({ server, tables });
    pipeline.start();
    await untilEqual(pipeline);
    assert.equal(await pipeline.run.stop(), 0, pipeline.log);
    {
      using copy = new DatabaseSync(pipeline.destination);
      copy.exec('DROP TABLE orders');
    }
    const run = ['run', '--source', 'flow.yaml', '--state', 'state', '--until-caught-up'];
    for (const command of [run, run, ['doctor', '--state', 'state']]) {
      const { status, stdout, stderr } = pipeline.weir(...command);
      assert.equal(status, 1, stdout + stderr);
      assert.match(stdout + stderr, /MATERIALIZE_TABLE_MISSING: [^\n]*orders/);
    }
    const asked = pipeline.weir('backfill', materializationTask, '--state', 'state');
    assert.equal(asked.status, 0, asked.stderr);
    assert.equal(pipeline.weir(...run).status, 0);
    assert.deepEqual(await differences(pipeline), []);
  });
});

/** Skips what needs a mount, with a line of its own; where everything is required it fails instead. */
test(
  'a destination that may only be read is one error with what to do',
  { skip: missingPostgres(18) },
  async (context) => {
    using folder = temporaryDirectory();
    const path = join(folder.path, 'disk');
    using disk = smallDisk(path, 4);
    if (disk === undefined || spawnSync('mount', ['-o', 'remount,ro', path]).status !== 0) {
      skipForMount(context, 'a destination that may only be read');
      return;
    }
    await using server = await startPostgres({ version: 18 });
    await server.query(createTable);
    await using pipeline = Pipeline.create({ server, tables, destination: join(path, 'out.db') });
    const { status, stderr } = pipeline.weir(
      'run',
      '--source',
      'flow.yaml',
      '--state',
      'state',
      '--until-caught-up',
    );
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^acme\/sqlite: SQLITE_READ_ONLY: [^\n]*out\.db[^\n]*\nGive this user write permission/,
    );
  },
);

describe('a full disk', { skip: missingPostgres(18) }, () => {
  for (const { where, code } of [
    { where: 'state', code: 'DISK_FULL' },
    { where: 'destination', code: 'SQLITE_FULL' },
  ] as const) {
    test(`[G1] [G2] of the ${where} is told with its code, and with room again everything arrives`, async (context) => {
      using folder = temporaryDirectory();
      const path = join(folder.path, 'disk');
      using disk = smallDisk(path, 64);
      if (disk === undefined) {
        skipForMount(context, `a full disk of the ${where}`);
        return;
      }
      await using server = await startPostgres({ version: 18 });
      await server.query(createTable);
      const destination = where === 'destination' ? { destination: join(path, 'out.db') } : {};
      await using pipeline = Pipeline.create({ server, tables, ...destination });
      const statePath = where === 'state' ? join(path, 'state') : pipeline.statePath;
      pipeline.start({ statePath });
      await untilEqual(pipeline);
      const filler = join(path, 'filler');
      writeFileSync(filler, Buffer.alloc(58 << 20));
      await server.query(
        `INSERT INTO orders SELECT n, repeat(n::text, 1000) FROM generate_series(1001, 3000) n`,
      );
      await until(`that ${code} is told`, () => pipeline.log.includes(`"code":"${code}"`), {
        explain: () => pipeline.log.slice(-5000),
      });
      rmSync(filler);
      await untilEqual(pipeline);
      assert.equal(await pipeline.run.stop(), 0, pipeline.log);
    });
  }
});
