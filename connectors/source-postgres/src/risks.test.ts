import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ServerFacts, serverRisks } from './risks.ts';

const sound: ServerFacts = {
  version: 180_001,
  user: 'flow "capture"',
  slot: 'flow_slot',
  slotExists: false,
  hasRun: false,
  isExamined: false,
  walSenders: 0,
  maxWalSenders: 10,
  maxSlotWalKeepBytes: 50 * 1024 ** 3,
  walStatus: undefined,
  synchronousStandbys: '',
  seesOtherSessions: false,
  encoding: 'UTF8',
};

test('a sound server has no risks, whatever figures its version lacks', () => {
  assert.deepEqual(serverRisks(sound), []);
  assert.deepEqual(
    serverRisks({
      ...sound,
      version: 160_009,
      maxSlotWalKeepBytes: undefined,
      slotExists: true,
      hasRun: true,
    }),
    [],
  );
});

test('what the state of the capture has shown is no risk any more', () => {
  const examined = { ...sound, hasRun: true, isExamined: true };
  assert.deepEqual(serverRisks(examined), []);
  assert.deepEqual(serverRisks({ ...examined, slotExists: true, walStatus: 'lost' }), []);
});

test('each risk of a server is told with its way out', () => {
  const cases: [Partial<ServerFacts>, RegExp, RegExp][] = [
    [{ maxSlotWalKeepBytes: -1 }, /no limit/, /ALTER SYSTEM SET max_slot_wal_keep_size/],
    [
      { slotExists: true, hasRun: true, walStatus: 'unreserved' },
      /may lose its slot/,
      /raise max_slot_wal_keep_size/,
    ],
    [{ hasRun: true }, /what was written since is lost/, /weir backfill <task> --all/],
    [
      { slotExists: true, hasRun: true, walStatus: 'lost' },
      /has removed log.*is lost to this capture/,
      /weir backfill <task> --all/,
    ],
    [{ slotExists: true }, /exists already/, /choose another/],
    [{ walSenders: 10 }, /all 10 replication connections/, /max_wal_senders/],
    [{ synchronousStandbys: '*' }, /wait for a standby/, /pg_read_all_stats TO "flow ""capture""";/],
    [{ encoding: 'SQL_ASCII' }, /not UTF-8 stops the capture/, /whose ENCODING/],
    [{ version: 150_012 }, /\(15\.12\)/, /latest minor release/],
    [{ version: 120_022 }, /\(12\.22\)/, /latest minor release/],
  ];
  for (const [facts, message, fix] of cases) {
    const risks = serverRisks({ ...sound, ...facts });
    assert.equal(risks.length, 1, JSON.stringify(facts));
    assert.match(risks[0]?.message ?? '', message);
    assert.match(risks[0]?.fix ?? '', fix);
  }
});
