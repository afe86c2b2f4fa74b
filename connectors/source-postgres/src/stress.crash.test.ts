// StressCorrectness: whatever is written, altered, truncated and replaced, in whatever mode a table is captured, and
// however the capture, its connections and the server end: every collection is its table in the end, no change is
// missing or doubled in between, and no checkpoint moves back.
//
// A seed stands for five tables, one in each mode, for the settings of the capture, for what is written and for how
// processes end (test/stress/stress-plan.ts). `WEIR_SEED=7 npm test -- stress` repeats one, as far as timing allows;
// `WEIR_SEED=7+100` runs a hundred from it. A few run in `npm test`, two of five of WEIR_CRASH_RUNS in `npm run crash`.

import { missingPostgres, startPostgres, type PostgresServer, type PostgresVersion } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { describePlan, stressPlan } from '../test/stress/stress-plan.ts';
import { runStress } from '../test/stress/stress-run.ts';

const SAMPLE = 6;
const runs = process.env['WEIR_CRASH_RUNS'];
const [given, count] = (process.env['WEIR_SEED'] ?? '').split('+');
const chosen = runs === undefined ? 1 : Date.now() % 1_000_000;
const first = given === undefined || given === '' ? chosen : Number(given);
const usual = runs === undefined ? SAMPLE : Math.ceil(Number(runs) * 0.4);
const seeds = given === '' ? usual : Number(count ?? 1);

describe('stress', { concurrency: 1 }, () => {
  const servers = new Map<PostgresVersion, Promise<PostgresServer>>();
  const serverOf = (version: PostgresVersion): Promise<PostgresServer> => {
    const server =
      servers.get(version) ??
      startPostgres({
        version,
        settings: {
          max_prepared_transactions: '20',
          logical_decoding_work_mem: '64kB',
          deadlock_timeout: '100ms',
        },
      });
    servers.set(version, server);
    return server;
  };
  after(async () => {
    for (const server of servers.values()) await (await server)[Symbol.asyncDispose]();
  });

  for (let seed = first; seed < first + seeds; seed += 1) {
    const plan = stressPlan(seed);
    test(
      `[G1] [G3] seed ${seed} on PostgreSQL ${plan.version}: every collection is its table`,
      { skip: missingPostgres(plan.version), timeout: 300_000 },
      async (context) => {
        const { problems, summary } = await runStress(await serverOf(plan.version), plan).catch(
          (error: unknown) => ({ problems: String(error), summary: '' }),
        );
        context.diagnostic(summary);
        if (problems === '') return;
        const report = `WEIR_SEED=${seed}: ${problems}\n${summary}\n${describePlan(plan)}`;
        // Now, and not when all seeds are through.
        context.diagnostic(report);
        assert.fail(report);
      },
    );
  }
});
