// Errors of the SQL capture engine. Database-specific ones (slots, roles, publications) belong to their connector.

import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  SQL_RESOURCE_INVALID: {
    summary: 'The resource configuration of a binding is not usable.',
    fix: 'Correct the binding in the catalog, or discover it again.',
    retry: 'never',
  },
  SQL_TABLE_BOUND_TWICE: {
    summary: 'Two bindings of one capture name the same table.',
    fix: 'Keep one of the two bindings, or disable the other.',
    retry: 'never',
  },
  SQL_TABLE_PATTERN_INVALID: {
    summary: 'A table pattern of the discovery filters cannot be parsed.',
    fix: 'Write it as `table` or `schema.table`, with * for any text, ? for one character and \\ before a literal one.',
    retry: 'never',
  },
  SQL_TABLE_NOT_FOUND: {
    summary: 'A bound table does not exist, or the user may not see it.',
    fix: 'Create the table, grant the user access to it, or disable the binding.',
    retry: 'never',
  },
  SQL_TABLE_TRUNCATED: {
    summary: 'A bound table was truncated, and the configuration says to stop then.',
    fix: 'Backfill its binding anew: `weir backfill … --reset` builds the tables downstream again as well, without the rows that are gone; on Flow, reset its collection. Or choose another policy.',
    retry: 'never',
  },
  SQL_TABLE_REPLACED: {
    summary:
      'Another table has the name of a bound one: its rows would be mixed with those of the old table.',
    fix: 'Backfill its binding anew: `weir backfill … --reset` builds the tables downstream again as well, without the rows that are gone; on Flow, reset its collection. Or choose to backfill replaced tables.',
    retry: 'never',
  },
  SQL_TABLE_RENEWED: {
    summary: 'Another table has the name of a bound one, and the capture starts again to read it.',
    fix: 'Nothing is to be done. Rows that only the old table had stay in the collection until it is reset.',
    retry: 'now',
  },
  SQL_TABLE_REWRITTEN: {
    summary:
      'A table without a key was rewritten (ALTER TYPE, VACUUM FULL, CLUSTER…) while it was read page by page: rows would be missed or come twice.',
    fix: 'Backfill its binding anew: `weir backfill … --reset` builds the tables downstream again as well; on Flow, reset its collection.',
    retry: 'never',
  },
  SQL_FALLBACK_KEY: {
    summary: 'A keyed backfill was asked for a collection that is keyed by the position of its changes.',
    fix: 'Choose the backfill mode "Without Primary Key", or key the collection by columns of the table.',
    retry: 'never',
  },
  SQL_BACKFILL_REQUIRED: {
    summary: 'A setting was changed that only a new backfill can apply.',
    fix: 'Increment the backfill counter of the binding, or undo the change.',
    retry: 'never',
  },
  SQL_KEY_ORDER: {
    summary: 'The rows of a precise backfill did not arrive in the order of their keys.',
    fix: 'Choose the backfill mode "Normal" and increment the backfill counter of the binding.',
    retry: 'never',
  },
  SQL_KEY_NOT_UNIQUE: {
    summary: 'The columns along which a table is to be read do not tell its rows apart.',
    fix: 'Make the columns NOT NULL and create a unique index over them, name others by /primary_key of the binding, or choose the backfill mode "Without Primary Key".',
    retry: 'never',
  },
  SQL_PRECISE_KEY: {
    summary:
      'The mode Precise was asked for a key that only the server can put in order (enum, citext, inet, interval…).',
    fix: 'Choose the backfill mode "Normal", or leave it empty; if the binding was captured before, increment its backfill counter.',
    retry: 'never',
  },
  SQL_STATE_INVALID: {
    summary: 'The stored state of the capture cannot be understood.',
    fix: 'Increment the backfill counter of every binding to start over.',
    retry: 'never',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
