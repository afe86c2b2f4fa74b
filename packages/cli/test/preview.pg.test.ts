// A preview of a capture beside, before and after durable runs of the same task, on a real server.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import { untilEqual } from './equal-tables.ts';
import { captureTask, Pipeline, until } from './pipeline.ts';
import { WeirProcess } from './weir-process.ts';

const previewArguments = ['preview', '--source', 'source.yaml', '--name', captureTask] as const;

function linesOf(stdout: string): [string, Record<string, unknown>][] {
  const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as [string, Record<string, unknown>]);
}

function idsOf(stdout: string): number[] {
  return linesOf(stdout).flatMap(([collection, document]) =>
    collection === 'connectorState' ? [] : [Number(document['id'])],
  );
}

/** Previews until it has printed a row, and gives everything that it printed. */
async function previewUntil(pipeline: Pipeline, id: number, ...args: readonly string[]): Promise<string> {
  await using preview = new WeirProcess(pipeline.path, ...previewArguments, ...args);
  await preview.until(() => (idsOf(preview.stdout).includes(id) ? true : undefined));
  assert.equal(await preview.stop('SIGINT'), 0, preview.stderr);
  return preview.stdout;
}

for (const version of postgresVersions) {
  describe(`a preview of PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => (server = await startPostgres({ version })));
    after(async () => server[Symbol.asyncDispose]());

    const slots = async (): Promise<string[]> => {
      const rows = await server.query('SELECT slot_name FROM pg_replication_slots ORDER BY slot_name');
      return rows.map((row) => row['slot_name'] ?? '');
    };
    const create = async (table: string): Promise<Pipeline> => {
      await server.query(`CREATE TABLE ${table} (id int PRIMARY KEY, v text);
                          INSERT INTO ${table} SELECT i, 'old' FROM generate_series(1, 50) i`);
      const source = {
        advanced: { slotName: `slot_${table}`, publicationName: `publication_${table}` },
        discoveryFilters: { table_patterns: [table] },
      };
      return Pipeline.create({ server, tables: { [table]: `public/${table}` }, source });
    };

    test('[G8] harms no durable run: before, beside and after it the run goes on, and nothing is lost', async () => {
      await using pipeline = await create('beside');
      const insert = async (id: number): Promise<void> => {
        await server.query(`INSERT INTO beside VALUES (${id}, 'new')`);
      };
      await previewUntil(pipeline, 50);
      assert.deepEqual(await slots(), []);
      pipeline.start();
      await untilEqual(pipeline);
      await insert(101);
      await previewUntil(pipeline, 101);
      await insert(102);
      await untilEqual(pipeline);
      assert.equal(await pipeline.run.stop(), 0);
      await insert(103);
      await previewUntil(pipeline, 103, '--sessions', '1,-1');
      await insert(104);
      assert.deepEqual(await slots(), ['slot_beside']);
      const run = pipeline.start();
      await untilEqual(pipeline);
      assert.equal(await run.stop(), 0);
      await server.query(`SELECT pg_drop_replication_slot('slot_beside')`);
    });

    test('every session goes on where the one before ended, whatever is written meanwhile', async () => {
      await using pipeline = await create('sessions');
      await using preview = new WeirProcess(pipeline.path, ...previewArguments, '--sessions', '3,2,3,-1');
      let id = 1000;
      await until(
        'the last session',
        async () => {
          id += 1;
          await server.query(`INSERT INTO sessions VALUES (${id}, 'new')`);
          return linesOf(preview.stdout).length > 50 && preview.stderr.split('Capture started').length > 4;
        },
        { timeoutMs: 60_000, explain: () => `${preview.stdout.slice(-2000)}\n${preview.stderr}` },
      );
      await preview.until(() => (idsOf(preview.stdout).includes(id) ? true : undefined));
      assert.equal(await preview.stop('SIGINT'), 0, preview.stderr);
      const seen = new Set(idsOf(preview.stdout));
      const expected = await server.query('SELECT id FROM sessions ORDER BY id');
      assert.deepEqual(
        [...seen].toSorted((a, b) => a - b),
        expected.map((row) => Number(row['id'])),
      );
      assert.deepEqual(await slots(), []);
    });

    test('leaves no slot behind when it is killed', async () => {
      await using pipeline = await create('killed');
      await using preview = new WeirProcess(pipeline.path, ...previewArguments, '--sessions', '1,-1');
      // A first session of one transaction may be over before it has a slot.
      const isSecond = (): boolean => preview.stderr.split('Capture started').length > 2;
      await until('the slots of the second session', async () => isSecond() && (await slots()).length === 2, {
        explain: () => preview.stderr,
      });
      await preview.stop('SIGKILL');
      await until('the end of its slots', async () => (await slots()).length === 0, { timeoutMs: 30_000 });
    });

    test('with the state of a durable task reads on by a copy of its slot, and moves nothing', async () => {
      await using pipeline = await create('initial');
      const run = pipeline.start();
      await untilEqual(pipeline);
      await run.stop();
      const position = async (): Promise<string | null | undefined> =>
        (await server.query('SELECT confirmed_flush_lsn::text AS lsn FROM pg_replication_slots'))[0]?.['lsn'];
      const before = await position();
      const [, final] = linesOf(await previewUntil(pipeline, 50, '--output-state')).at(-1) ?? [];
      await server.query(`INSERT INTO initial VALUES (60, 'later')`);
      const state = ['--initial-state', JSON.stringify(final?.['updated'])];
      assert.deepEqual(idsOf(await previewUntil(pipeline, 60, ...state)), [60]);
      assert.equal(await position(), before);
      await server.query(`SELECT pg_drop_replication_slot('slot_initial')`);
      const third = pipeline.weir(...previewArguments, ...state);
      assert.equal(third.status, 1);
      assert.match(third.stderr, /PG_SLOT_MISSING: .*no replication slot has kept the log since/);
    });
  });
}
