// Errors of the batch capture, beside those of reaching its server and of queries on a schedule.

import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  PG_NO_TRANSACTION_IDS: {
    summary:
      'A binding is polled along transaction ids, but its rows, or some of them, come from a view or a foreign table and have none.',
    fix: 'Set /cursor of the binding to columns whose values grow, or leave it empty to read everything at each poll.',
    retry: 'never',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
