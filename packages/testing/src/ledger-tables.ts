// The tables of the counting journal in a SQL destination, and what is in them.

import type { CountedRows } from './counting-journal.ts';
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

/** Of a destination that has them both. */
export async function countedIn(sink: {
  readonly query: (sql: string) => Rows | Promise<Rows>;
}): Promise<CountedRows> {
  const ledger = await sink.query('SELECT id, count FROM ledger ORDER BY id');
  const events = await sink.query('SELECT n FROM events ORDER BY n');
  return {
    ledger: ledger.map(({ id, count }) => `${String(id)}=${String(count)}`),
    events: events.map(({ n }) => String(n)),
  };
}
