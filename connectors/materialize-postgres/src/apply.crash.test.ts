// Connections that are cut while tables are made and changed: an Apply is one transaction, and is asked for again.

import { test } from 'node:test';
import { type ApplySubject, assertCutsOfApply, CuttingProxy } from '@weir/testing';
import { onEveryServer, Sink } from '../test/sink.ts';

const runs = process.env['WEIR_CRASH_RUNS'] === undefined ? 6 : Infinity;
const seed = Number(process.env['WEIR_CRASH_SEED'] ?? Date.now() % 1_000_000);

onEveryServer((server) => {
  test('an Apply that is cut off at any step is finished by the next one', async (context) => {
    await using proxy = await CuttingProxy.open(server());
    await using sink = await Sink.create(server());
    const behind = sink.with({ address: `127.0.0.1:${proxy.port}`, advanced: { sslmode: 'disable' } });
    const applyWith =
      (over: Sink): ApplySubject['apply'] =>
      (table, last) => {
        over.last = last === undefined ? undefined : over.spec(last);
        return over.apply(over.spec(table));
      };
    const subject: ApplySubject = {
      apply: applyWith(sink),
      applyThroughProxy: applyWith(behind),
      query: (sql) => sink.query(sql),
      schema: 'public',
      proxy,
      lost: /^PG_(CONNECTION_LOST|UNREACHABLE)$/,
    };
    await assertCutsOfApply(subject, { runs, seed }, context);
  });
});
