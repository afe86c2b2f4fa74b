// Kills and cuts, at every place and at random ones: afterwards the tables are the fold of the journal up to the
// checkpoint beside them, no more and no less. WEIR_CRASH_RUNS sets the number of random ones, WEIR_CRASH_SEED repeats
// a sequence of them.

import { join } from 'node:path';
import { test } from 'node:test';
import { CRASH_POINTS as KIT_CRASH_POINTS } from '@weir/materialize';
import {
  assertCutsAndKills,
  assertDeathsAt,
  assertFight,
  assertKillsAtAnyMoment,
  countedIn,
  CuttingProxy,
  eventsTable,
  type KilledSubject,
  ledgerTable,
  LedgerTask,
  postgresVersions,
} from '@weir/testing';
import { onEveryServer, Sink } from '../test/sink.ts';
import { CRASH_POINTS } from './crash-points.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const isLong = process.env['WEIR_CRASH_RUNS'] !== undefined;
/** On each of the servers. */
const runs = isLong ? Math.ceil(Number(process.env['WEIR_CRASH_RUNS']) / 2) : 24;
const deaths = isLong ? Math.ceil(runs / 4) : 4;
const seed = Number(process.env['WEIR_CRASH_SEED'] ?? Date.now() % 1_000_000);

/** Its tables are made by the process. */
function killed(sink: Sink): KilledSubject {
  const spec = sink.spec(ledgerTable, eventsTable);
  sink.last = spec;
  const task = new LedgerTask(MAIN, { ...spec, config: sink.configText });
  return { task, open: () => sink.open(), found: () => countedIn(sink) };
}

onEveryServer((server, version) => {
  async function ledgerSink(): Promise<Sink> {
    const sink = await Sink.create(server(), { hardDelete: true });
    await sink.apply(sink.spec(ledgerTable, eventsTable));
    return sink;
  }

  const points = [...KIT_CRASH_POINTS, ...CRASH_POINTS].filter(
    (_point, at) => isLong || postgresVersions[at % postgresVersions.length] === version,
  );
  for (const point of points) {
    test(`[G2] a connector that dies at ${point} is followed by one that goes on from what was committed`, async () => {
      await using sink = await Sink.create(server(), { hardDelete: true });
      await assertDeathsAt(killed(sink), point, isLong ? [1, 4] : [2]);
    });
  }

  test(`[G2] ${deaths} kills of the connector at any moment lose nothing and double nothing`, async (context) => {
    await using sink = await ledgerSink();
    await assertKillsAtAnyMoment(killed(sink), { kills: deaths, seed }, context);
  });

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
      await using proxy = await CuttingProxy.open(server());
      await using sink = await ledgerSink();
      const address = `127.0.0.1:${proxy.port}`;
      const behind = sink.with({ hardDelete: true, address, advanced: { sslmode: 'disable' } });
      behind.last = sink.last;
      const subject = {
        open: () => sink.open(),
        openThroughProxy: () => behind.open(),
        found: () => countedIn(sink),
        proxy,
        server: server(),
        lost: /^PG_(CONNECTION_LOST|UNREACHABLE|SERVER_UNAVAILABLE|COMMIT_UNKNOWN)$/,
      };
      const kills = Math.floor(runs / 8);
      await assertCutsAndKills(subject, { runs, kills, seed }, context);
    },
  );
});
