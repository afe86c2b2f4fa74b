// Deaths of the connector at every crash point and at any moment, connections that are cut at every packet, kills of the server,
// and two instances over one range: afterwards the tables are the fold of the journal up to the checkpoint beside them.
// WEIR_CRASH_RUNS sets the number, half of it on each server, and WEIR_CRASH_SEED repeats a sequence.

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
  mysqlFlavours,
  type MysqlTestServer,
} from '@weir/testing';
import { onBothServers, Sink } from '../test/sink.ts';
import { CRASH_POINTS } from './crash-points.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const isLong = process.env['WEIR_CRASH_RUNS'] !== undefined;
const runs = isLong ? Math.ceil(Number(process.env['WEIR_CRASH_RUNS']) / 2) : 16;
/** Of the server, which takes seconds to come back, and whole transactions end at a kill, not single messages. */
const kills = isLong ? Math.ceil(runs / 16) : 1;
const deaths = isLong ? Math.ceil(runs / 4) : 4;
const seed = Number(process.env['WEIR_CRASH_SEED'] ?? Date.now() % 1_000_000);

async function ledgerSink(server: MysqlTestServer): Promise<Sink> {
  const sink = await Sink.create(server, { hardDelete: true });
  await sink.apply(ledgerTable, eventsTable);
  return sink;
}

/** Its tables are made by the process. */
function killed(sink: Sink): KilledSubject {
  const spec = sink.spec(ledgerTable, eventsTable);
  sink.last = spec;
  const task = new LedgerTask(MAIN, { ...spec, config: sink.configText });
  return { task, open: () => sink.open(), found: () => countedIn(sink) };
}

onBothServers((server, flavour) => {
  const points = [...KIT_CRASH_POINTS, ...CRASH_POINTS].filter(
    (_point, at) => isLong || mysqlFlavours[at % 2] === flavour,
  );
  for (const point of points) {
    test(`[G2] a connector that dies at ${point} is followed by one that goes on from what was committed`, async () => {
      await using sink = await Sink.create(server(), { hardDelete: true });
      await assertDeathsAt(killed(sink), point, isLong ? [1, 4] : [2]);
    });
  }

  test(`[G2] ${deaths} kills of the connector at any moment lose nothing and double nothing`, async (context) => {
    await using sink = await ledgerSink(server());
    await assertKillsAtAnyMoment(killed(sink), { kills: deaths, seed }, context);
  });

  test('[G5] two instances that fight for one range never write over each other', async (context) => {
    await using sink = await ledgerSink(server());
    const subject = { open: () => sink.open(), found: () => countedIn(sink) };
    const refused = /^(SQL_FENCED_OFF|MYSQL_LOCKED)$/;
    await assertFight(subject, { seed, refused }, context);
  });

  test(
    `[G2] ${runs} cuts of connections and kills of the server lose nothing and double nothing`,
    { timeout: 120_000 + runs * 4000 },
    async (context) => {
      await using proxy = await CuttingProxy.open(server(), 'mysql');
      await using sink = await ledgerSink(server());
      const address = `127.0.0.1:${proxy.port}`;
      const behind = sink.with({ hardDelete: true, address, advanced: { sslmode: 'disabled' } });
      const subject = {
        open: () => sink.open(),
        openThroughProxy: () => behind.open(),
        found: () => countedIn(sink),
        proxy,
        server: server(),
        lost: /^MYSQL_(CONNECTION_LOST|UNREACHABLE|COMMIT_UNKNOWN)$/,
      };
      await assertCutsAndKills(subject, { runs, kills, seed }, context);
    },
  );
});
