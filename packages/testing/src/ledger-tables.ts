// The tables of the counting journal in a SQL destination, and what is in them.

import assert from 'node:assert/strict';
import type { Authoritative } from '@weir/materialize';
import { type CountedRows, foldOf, offsetOf, takeTransaction } from './counting-journal.ts';
import type { SampleBinding } from './materialization-spec.ts';

type LedgerTable = Omit<SampleBinding, 'resourcePath' | 'resource'> & { readonly table: string };

export const ledgerTable: LedgerTable = {
  table: 'ledger',
  fields: { id: { types: ['integer'] }, count: { types: ['integer'] } },
};

/** Appends a row for each event. */
export const eventsTable: LedgerTable = {
  table: 'events',
  keys: ['n'],
  fields: { n: { types: ['integer'] } },
  deltaUpdates: true,
};

type Rows = readonly Readonly<Record<string, unknown>>[];

interface Queried {
  readonly query: (sql: string) => Rows | Promise<Rows>;
}

/** Of a destination that has them both. */
export async function countedIn(sink: Queried): Promise<CountedRows> {
  const ledger = await sink.query('SELECT id, count FROM ledger ORDER BY id');
  const events = await sink.query('SELECT n FROM events ORDER BY n');
  return {
    ledger: ledger.map(({ id, count }) => `${String(id)}=${String(count)}`),
    events: events.map(({ n }) => String(n)),
  };
}

/** Takes some transactions in one session and some in another, and looks at what came of them; the tables are there. */
export async function takeInSessions(
  sink: Queried & { readonly open: () => Promise<Authoritative> },
): Promise<void> {
  for (const until of [3, 6]) {
    await using session = await sink.open();
    for (let offset = offsetOf(session.checkpoint); offset < until; offset += 1)
      await takeTransaction(session, offset);
  }
  assert.deepEqual(await countedIn(sink), foldOf(6));
}
