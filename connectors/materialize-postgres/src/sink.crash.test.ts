// Kills and cuts, at every place and at random ones: afterwards the tables are the fold of the journal up to the
// checkpoint beside them, no more and no less. WEIR_CRASH_RUNS sets the number of random ones, WEIR_CRASH_SEED repeats
// a sequence of them.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  assertCutsAndKills,
  assertFight,
  countedIn,
  CuttingProxy,
  eventsTable,
  foldOf,
  ledgerTable,
  missingPostgres,
  openChecked,
  type PostgresServer,
  postgresVersions,
  startPostgres,
} from '@weir/testing';
import { Sink } from '../test/sink.ts';
import { CRASH_POINTS } from './crash-points.ts';

const isLong = process.env['WEIR_CRASH_RUNS'] !== undefined;
/** On each of the servers. */
const runs = isLong ? Math.ceil(Number(process.env['WEIR_CRASH_RUNS']) / 2) : 24;
const seed = Number(process.env['WEIR_CRASH_SEED'] ?? Date.now() % 1_000_000);

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
        /** How the process ended, or the code of its error. */
        const run = async (crashPoint: string): Promise<string | number> => {
          const task = JSON.stringify({ config, spec, until: 12 });
          const child = spawn(
            process.execPath,
            [join(import.meta.dirname, '../test/ledger-child.ts'), task],
            {
              env: { ...process.env, WEIR_CRASH_POINT: crashPoint },
              stdio: ['ignore', 'pipe', 'inherit'],
            },
          );
          let output = '';
          child.stdout.setEncoding('utf8').on('data', (text: string) => void (output += text));
          const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
          return code === 1 ? (output.trim().split('\n').at(-1) ?? '') : (code ?? signal ?? '');
        };
        for (const pass of point.endsWith('fence-installed') ? [1] : [1, 4]) {
          assert.equal(await run(`${point}:${pass}`), 'SIGKILL');
          if (isFirst) continue;
          const subject = { open: () => sink.open(), found: () => countedIn(sink) };
          const { session } = await openChecked(subject, `${point}:${pass}`);
          await session[Symbol.asyncDispose]();
        }
        assert.equal(await run(''), 0);
        assert.deepEqual(await countedIn(sink), foldOf(12));
      });
    }

    test('[G5] two instances that fight for one range never write over each other', async (context) => {
      await using sink = await ledgerSink();
      const subject = { open: () => sink.open(), found: () => countedIn(sink) };
      // The row that the other one is inserting, the lock that it holds, or its fence.
      const refused = /^(SQL_FENCED_OFF|PG_ROW_EXISTS|PG_CONFLICT)$/;
      await assertFight(subject, { seed, refused }, context);
    });

    test(
      `[G2] ${runs} cuts of connections and kills of the server lose nothing and double nothing`,
      { timeout: 120_000 + runs * 4000 },
      async (context) => {
        await using proxy = await CuttingProxy.open(server);
        await using sink = await ledgerSink();
        const address = `127.0.0.1:${proxy.port}`;
        const behind = sink.with({ hardDelete: true, address, advanced: { sslmode: 'disable' } });
        behind.last = sink.last;
        const subject = {
          open: () => sink.open(),
          openThroughProxy: () => behind.open(),
          found: () => countedIn(sink),
          proxy,
          server,
          lost: /^PG_(CONNECTION_LOST|UNREACHABLE|SERVER_UNAVAILABLE|COMMIT_UNKNOWN)$/,
        };
        const kills = Math.floor(runs / 8);
        await assertCutsAndKills(subject, { runs, kills, seed }, context);
      },
    );
  });
}
