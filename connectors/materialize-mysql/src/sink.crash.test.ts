// Connections that are cut at every packet, kills of the server, and two instances over one range: afterwards the tables are
// the fold of the journal up to the checkpoint beside them. WEIR_CRASH_RUNS sets the number, half of it on each server, and
// WEIR_CRASH_SEED repeats a sequence. Kills of the connector are in transactions.crash.test.ts.

import { test } from 'node:test';
import {
  assertCutsAndKills,
  assertFight,
  countedIn,
  CuttingProxy,
  eventsTable,
  ledgerTable,
  type MysqlTestServer,
} from '@weir/testing';
import { onBothServers, Sink } from '../test/sink.ts';

const isLong = process.env['WEIR_CRASH_RUNS'] !== undefined;
const runs = isLong ? Math.ceil(Number(process.env['WEIR_CRASH_RUNS']) / 2) : 16;
/** The server takes seconds to come back, and whole transactions end at a kill, not single messages. */
const kills = isLong ? Math.ceil(runs / 16) : 1;
const seed = Number(process.env['WEIR_CRASH_SEED'] ?? Date.now() % 1_000_000);

async function ledgerSink(server: MysqlTestServer): Promise<Sink> {
  const sink = await Sink.create(server, { hardDelete: true });
  await sink.apply(ledgerTable, eventsTable);
  return sink;
}

onBothServers((server) => {
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
