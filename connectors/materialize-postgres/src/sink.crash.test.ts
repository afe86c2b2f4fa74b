// Kills and cuts, at every place and at random ones: afterwards the tables are the fold of the journal up to the
// checkpoint beside them, no more and no less. WEIR_CRASH_RUNS sets the number of random ones, WEIR_CRASH_SEED repeats
// a sequence of them.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CuttingProxy,
  foldOf,
  missingPostgres,
  offsetOf,
  type PostgresServer,
  postgresVersions,
  SeededRandom,
  startPostgres,
  takeTransaction,
} from '@weir/testing';
import { eventsTable, foundIn, ledgerTable } from '../test/ledger.ts';
import { Sink } from '../test/sink.ts';
import { CRASH_POINTS } from './crash-points.ts';
import type { PostgresTransactor } from './transactor.ts';

const runs = Number(process.env['WEIR_CRASH_RUNS'] ?? 24);
const seed = Number(process.env['WEIR_CRASH_SEED'] ?? Date.now() % 1_000_000);

const codeOf = (error: unknown): string => String((error as { readonly code?: unknown }).code);
/** What a session may end with when its connections or its server are taken away. */
const lost = /^PG_(CONNECTION_LOST|UNREACHABLE|SERVER_UNAVAILABLE|COMMIT_UNKNOWN)$/;

/** Opens a session, and asserts that the tables are what its checkpoint says. */
async function openChecked(
  sink: Sink,
  what: string,
): Promise<{ session: PostgresTransactor; offset: number }> {
  const session = await sink.open();
  const offset = offsetOf(session.checkpoint);
  assert.deepEqual(await foundIn(sink), foldOf(offset), what);
  return { session, offset };
}

for (const version of postgresVersions) {
  describe(`PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => void (server = await startPostgres({ version })));
    after(async () => await server[Symbol.asyncDispose]());

    async function ledgerSink(): Promise<Sink> {
      const sink = await Sink.create(server, { hardDelete: true });
      await sink.apply(sink.spec(ledgerTable, eventsTable));
      return sink;
    }

    // What dies is the connector, so one version of the server will do.
    for (const point of version === 18 ? CRASH_POINTS : []) {
      test(`[G2] a connector that dies at ${point} is followed by one that goes on from what was committed`, async () => {
        const isFirst = point.endsWith('applying');
        await using sink = isFirst ? await Sink.create(server, { hardDelete: true }) : await ledgerSink();
        const spec = sink.spec(ledgerTable, eventsTable);
        sink.last = spec;
        const { host, port, user, password } = server;
        const config = {
          address: `${host}:${port}`,
          user,
          database: sink.database,
          hardDelete: true,
          credentials: { auth_type: 'UserPassword', password },
        };
        const run = async (crashPoint: string): Promise<string | number> => {
          const task = JSON.stringify({ config, spec, until: 12 });
          const child = spawn(
            process.execPath,
            [join(import.meta.dirname, '../test/ledger-child.ts'), task],
            {
              env: { ...process.env, WEIR_CRASH_POINT: crashPoint },
              stdio: ['ignore', 'inherit', 'inherit'],
            },
          );
          const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
          return code ?? signal ?? '';
        };
        for (const pass of point.endsWith('fence-installed') ? [1] : [1, 4]) {
          assert.equal(await run(`${point}:${pass}`), 'SIGKILL');
          if (isFirst) continue;
          const { session } = await openChecked(sink, `${point}:${pass}`);
          await session[Symbol.asyncDispose]();
        }
        assert.equal(await run(''), 0);
        assert.deepEqual(await foundIn(sink), foldOf(12));
      });
    }

    test('[G5] two instances that fight for one range never write over each other', async () => {
      await using sink = await ledgerSink();
      const random = new SeededRandom(seed);
      let fenced = 0;
      const fight = async (): Promise<void> => {
        for (let round = 0; round < 6; round += 1) {
          await using session = await sink.open();
          let offset = offsetOf(session.checkpoint);
          try {
            for (let count = Math.ceil(random.next() * 5); count > 0; count -= 1) {
              await takeTransaction(session, offset);
              offset += 1;
            }
          } catch (error) {
            // The row that the other one is inserting, the lock that it holds, or its fence.
            assert.match(codeOf(error), /^(SQL_FENCED_OFF|PG_ROW_EXISTS|PG_CONFLICT)$/, String(error));
            fenced += 1;
          }
        }
      };
      await Promise.all([fight(), fight()]);
      const { session, offset } = await openChecked(sink, 'after the fight');
      await session[Symbol.asyncDispose]();
      assert.ok(offset > 0 && fenced > 0, `${offset} transactions, ${fenced} times fenced off`);
    });

    test(
      `[G2] ${runs} cuts of connections and kills of the server lose nothing and double nothing`,
      { timeout: 120_000 + runs * 4000 },
      async (context) => {
        context.diagnostic(`WEIR_CRASH_SEED=${seed}`);
        const random = new SeededRandom(seed);
        await using proxy = await CuttingProxy.open(server);
        await using sink = await ledgerSink();
        const address = `127.0.0.1:${proxy.port}`;
        const behind = sink.with({ hardDelete: true, address, advanced: { sslmode: 'disable' } });
        behind.last = sink.last;
        const counts = { cuts: 0, kills: 0, survived: 0 };

        /** Messages are cut one after the other, so that each of two transactions has its turn. */
        const cut = async (run: number, offset: number): Promise<void> => {
          const how = run % 2 === 0 ? 'unsent' : 'unanswered';
          proxy.set({
            message: 1 + (runs >= 250 ? Math.floor(run / 2) % 100 : Math.floor(random.next() * 100)),
            how,
          });
          try {
            await using session = await behind.open();
            await takeTransaction(session, offset);
            await takeTransaction(session, offset + 1);
            if (proxy.hasCut) counts.survived += 1;
          } catch (error) {
            assert.ok(proxy.hasCut, String(error));
            assert.match(codeOf(error), lost, String(error));
          }
          if (proxy.hasCut) counts.cuts += 1;
        };

        const kill = async (): Promise<void> => {
          const { session, offset } = await openChecked(sink, 'before a kill');
          try {
            await using _ = session;
            await takeTransaction(session, offset);
            const killing = delay(random.next() * 60).then(() => server.kill9());
            try {
              for (let next = offset + 1; ; next += 1) await takeTransaction(session, next);
            } finally {
              await killing;
              await server.start();
            }
          } catch (error) {
            assert.match(codeOf(error), lost, String(error));
          }
          counts.kills += 1;
        };

        for (let run = 0; run < runs; run += 1) {
          const { session, offset } = await openChecked(sink, `after run ${run}`);
          await session[Symbol.asyncDispose]();
          if (run % 8 === 7) await kill();
          else await cut(run, offset);
          proxy.set(undefined);
        }
        const { session, offset } = await openChecked(sink, 'in the end');
        await session[Symbol.asyncDispose]();
        context.diagnostic(`${JSON.stringify(counts)}, ${offset} transactions`);
        assert.ok(counts.cuts > runs / 4 && counts.kills >= Math.floor(runs / 8), JSON.stringify(counts));
        assert.ok(offset >= counts.kills);
      },
    );
  });
}
