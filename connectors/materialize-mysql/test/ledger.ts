// The tables of the counting journal, and what is in them.

import type { CountedRows } from '@weir/testing';
import type { Sink, TableSample } from './sink.ts';

export const ledgerTable: TableSample = {
  table: 'ledger',
  fields: { id: { types: ['integer'] }, count: { types: ['integer'] } },
};

/** The second appends a row for each event. */
export const eventsTable: TableSample = {
  table: 'events',
  keys: ['n'],
  fields: { n: { types: ['integer'] } },
  deltaUpdates: true,
};

export async function foundIn(sink: Sink): Promise<CountedRows> {
  const ledger = await sink.query('SELECT id, count FROM ledger ORDER BY id');
  const events = await sink.query('SELECT n FROM events ORDER BY n');
  return {
    ledger: ledger.map(({ id, count }) => `${String(id)}=${String(count)}`),
    events: events.map(({ n }) => String(n)),
  };
}
