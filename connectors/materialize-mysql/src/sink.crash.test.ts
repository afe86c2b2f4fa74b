// Connections that are cut at every packet, kills of the server, and two instances over one range: afterwards the tables are
// the fold of the journal up to the checkpoint beside them. WEIR_CRASH_RUNS sets the number, half of it on each server, and
// WEIR_CRASH_SEED repeats a sequence. Kills of the connector are in transactions.crash.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutAndKill, CuttingProxy, fightForRange, type MysqlTestServer } from '@weir/testing';
import { eventsTable, foundIn, ledgerTable } from '../test/ledger.ts';
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
    context.diagnostic(`WEIR_CRASH_SEED=${seed}`);
    await using sink = await ledgerSink(server());
    const subject = { open: () => sink.open(), found: () => foundIn(sink) };
    const refused = /^(SQL_FENCED_OFF|MYSQL_LOCKED)$/;
    const { transactions, refusals } = await fightForRange(subject, { rounds: 6, seed, refused });
    assert.ok(transactions > 0 && refusals > 0, `${transactions} transactions, ${refusals} times refused`);
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
        found: () => foundIn(sink),
        proxy,
        server: server(),
        lost: /^MYSQL_(CONNECTION_LOST|UNREACHABLE|COMMIT_UNKNOWN)$/,
      };
      const counts = await cutAndKill(subject, { runs, kills, seed });
      context.diagnostic(`WEIR_CRASH_SEED=${seed} ${JSON.stringify(counts)}`);
      assert.ok(counts.cuts > (runs - kills) / 2 && counts.kills === kills, JSON.stringify(counts));
      if (counts.cuts >= 2 * counts.steps) assert.equal(counts.stepsCut, counts.steps, 'every step was cut');
    },
  );
});
