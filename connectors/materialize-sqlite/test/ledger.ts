// The tables of the counting journal in a file, and what is in them.

import { DatabaseSync } from 'node:sqlite';
import { type CountedRows, sampleBindingSpec, sampleMaterialization } from '@weir/testing';

export const ledgerSpec = sampleMaterialization(
  sampleBindingSpec({
    resourcePath: ['ledger'],
    resource: { table: 'ledger' },
    fields: { id: { types: ['integer'] }, count: { types: ['integer'] } },
  }),
  // Appends a row for each event.
  sampleBindingSpec({
    resourcePath: ['events'],
    resource: { table: 'events', delta_updates: true },
    keys: ['n'],
    fields: { n: { types: ['integer'] } },
    deltaUpdates: true,
  }),
);

export function foundIn(path: string): CountedRows {
  using database = new DatabaseSync(path, { readOnly: true });
  const ledger = database.prepare('SELECT id, count FROM ledger ORDER BY id').all();
  const events = database.prepare('SELECT n FROM events ORDER BY n').all();
  return {
    ledger: ledger.map(({ id, count }) => `${String(id)}=${String(count)}`),
    events: events.map(({ n }) => String(n)),
  };
}
