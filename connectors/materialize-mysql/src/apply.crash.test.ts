// Connections that are cut while tables are made and changed: statements that are not taken back are gone on from.

import { test } from 'node:test';
import { type ApplySubject, assertCutsOfApply, CuttingProxy } from '@weir/testing';
import { onBothServers, Sink } from '../test/sink.ts';

const runs = process.env['WEIR_CRASH_RUNS'] === undefined ? 6 : Infinity;
const seed = Number(process.env['WEIR_CRASH_SEED'] ?? Date.now() % 1_000_000);

onBothServers((server) => {
  test('an Apply that is cut off at any step is finished by the next one', async (context) => {
    await using proxy = await CuttingProxy.open(server(), 'mysql');
    await using sink = await Sink.create(server());
    const behind = sink.with({ address: `127.0.0.1:${proxy.port}`, advanced: { sslmode: 'disabled' } });
    const applyWith =
      (over: Sink): ApplySubject['apply'] =>
      (table, last) => {
        over.last = last === undefined ? undefined : over.spec(last);
        return over.apply(table);
      };
    const subject: ApplySubject = {
      apply: applyWith(sink),
      applyThroughProxy: applyWith(behind),
      query: (sql) => sink.query(sql),
      schema: sink.database,
      proxy,
      lost: /^MYSQL_(CONNECTION_LOST|UNREACHABLE)$/,
    };
    await assertCutsOfApply(subject, { runs, seed }, context);
  });
});
