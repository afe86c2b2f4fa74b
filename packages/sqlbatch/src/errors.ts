// Errors of batch captures. Those of a database (connections, refused queries) belong to its connector.

import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  SQLBATCH_RESOURCE_INVALID: {
    summary: 'The resource configuration of a binding is not usable.',
    fix: 'Correct the binding in the catalog, or discover it again.',
    retry: 'never',
  },
  SQLBATCH_TEMPLATE_INVALID: {
    summary: 'A query template cannot be understood, or asks for something that templates here do not have.',
    fix: 'Correct /template of the binding. The README of the connector lists what a template may hold.',
    retry: 'never',
  },
  SQLBATCH_SCHEDULE_INVALID: {
    summary: 'A polling schedule is neither an interval nor a time of day.',
    fix: 'Write it as `5m`, `1h30m` or `daily at 12:34Z`.',
    retry: 'never',
  },
  SQLBATCH_CURSOR_MISSING: {
    summary: 'The result of a query has no column of the name of a cursor.',
    fix: 'Select the column in the query template, or correct /cursor of the binding.',
    retry: 'never',
  },
  SQLBATCH_STATE_INVALID: {
    summary: 'The stored state of a binding cannot be understood.',
    fix: 'Increment the backfill counter of the binding to start over.',
    retry: 'never',
  },
  SQLBATCH_QUERY_SILENT: {
    summary: 'A query has given no row for very long: six hours for its first, 15 minutes between two rows.',
    fix: 'Look at what the query is waiting for on the server; the task starts again by itself.',
    retry: 'backoff',
  },
  SQLBATCH_POLL_INTERRUPTED: {
    summary: 'A query broke off where its rows could not be committed yet.',
    fix: 'The task starts again from its last checkpoint by itself. If this goes on, give the query more time.',
    retry: 'backoff',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
