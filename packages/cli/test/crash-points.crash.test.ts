// Every named crash point on the way of a row, armed in a real pipeline of `weir run`: the process that passes it dies
// there by SIGKILL, and afterwards nothing is lost and nothing doubled. A connector's point is watched through the
// runtime that starts the connector again; after a point of the runtime, the runtime is started again.

import assert from 'node:assert/strict';
import { existsSync, globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { missingPostgres, type PostgresServer, startPostgres } from '@weir/testing';
import { untilEqual } from './equal-tables.ts';
import { assertNothingDoubled } from './ledger-check.ts';
import { pipelineRooms } from './crash-rooms.ts';
import { captureTask, Pipeline, until } from './pipeline.ts';
import { ProgressWatch } from './progress-watch.ts';

const root = join(import.meta.dirname, '..', '..', '..');

async function crashPointsOf(file: string): Promise<readonly string[]> {
  const module = (await import(pathToFileURL(join(root, file)).href)) as Readonly<Record<string, unknown>>;
  return (module['crashPoints'] ?? module['CRASH_POINTS']) as readonly string[];
}

const files = globSync('{packages,connectors}/*/src/crash-points.ts', { cwd: root }).filter((file) =>
  pipelineRooms.has(file.split('/')[1] ?? ''),
);
const points = (await Promise.all(files.map(crashPointsOf))).flat();

/** Passed only while tables are made, or while a table is read as a whole. */
const isOfApply = (point: string): boolean => point.endsWith('.applying');
const isOfBackfill = (point: string): boolean => point.endsWith('-chunk');

const tables = { ledger: 'public/ledger', views: 'public/views' };

describe('at every crash point', { skip: missingPostgres(18) }, () => {
  let server: PostgresServer;
  let pipeline: Pipeline;
  let watch: ProgressWatch;
  let round = 0;

  before(async () => {
    server = await startPostgres({ version: 18 });
    await server.query(`
      CREATE TABLE ledger (k bigint PRIMARY KEY, seq bigint NOT NULL, note text);
      CREATE TABLE views (path text, n bigint);
      INSERT INTO ledger SELECT k, 0, repeat('x', 3000) FROM generate_series(1, 600) k`);
    pipeline = Pipeline.create({ server, tables, source: { advanced: { backfill_chunk_size: 200 } } });
    watch = new ProgressWatch(pipeline);
  });

  after(async () => {
    watch[Symbol.dispose]();
    await pipeline[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  /** One transaction too large for one piece; updates of keys that are stored, so that they are loaded. */
  async function change({ deletes }: { readonly deletes: boolean }): Promise<void> {
    round += 1;
    await server.query(`
      BEGIN;
      UPDATE ledger SET seq = ${round}, note = repeat('${round % 10}', 3000) WHERE k % 2 = 0;
      ${deletes ? `DELETE FROM ledger WHERE k = ${round};` : ''}
      INSERT INTO ledger VALUES (${1000 + round}, ${round}, 'new');
      INSERT INTO views SELECT '/' || n, ${round} FROM generate_series(1, 20) n;
      COMMIT`);
  }

  async function crashAt(point: string): Promise<void> {
    await pipeline.killRuns();
    rmSync(join(pipeline.path, 'run.log'), { force: true });
    const marker = join(pipeline.path, 'crashed');
    rmSync(marker, { force: true });
    const explain = (): string => pipeline.log.slice(-5000);
    const run = pipeline.start({ env: { WEIR_CRASH_POINT: point, WEIR_CRASH_ONCE: marker } });
    await until(`that a process passes ${point}`, () => existsSync(marker), { explain });
    if (point.startsWith('runtime.')) {
      assert.equal(await run.ended, 'SIGKILL');
      pipeline.start();
    } else {
      const isTold = (): boolean => pipeline.log.includes('was killed by SIGKILL');
      await until('that the runtime tells of the death', isTold, { explain });
    }
    const look = (): boolean => {
      watch.sample();
      return watch.active === pipeline.tables.length;
    };
    await untilEqual(pipeline, look);
    await until('the end of the backfills', look, { explain });
    assertNothingDoubled(pipeline);
    await pipeline.run.kill();
  }

  const first = points.filter(isOfApply);
  const rest = points.filter((point) => !isOfApply(point));

  for (const point of first) {
    test(`[G2] while tables are made: ${point}`, async () => await crashAt(point));
  }

  for (const point of rest) {
    test(`[G1] [G2] [G3] ${point}`, async () => {
      if (isOfBackfill(point)) {
        const asked = pipeline.weir(
          'backfill',
          '--state',
          'state',
          captureTask,
          pipeline.collectionOf('ledger'),
        );
        assert.equal(asked.status, 0, asked.stderr);
      }
      // A delete between two readings of a table is seen by neither: its row would stay in the copy.
      await change({ deletes: !isOfBackfill(point) });
      await crashAt(point);
    });
  }
});
