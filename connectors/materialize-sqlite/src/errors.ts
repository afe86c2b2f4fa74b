import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  SQLITE_CANNOT_OPEN: {
    summary: 'The database file cannot be opened or made.',
    fix: 'Check that the folder exists and that this user may write to it and to the file.',
    retry: 'never',
  },
  SQLITE_NOT_A_DATABASE: {
    summary: 'The file exists and is not a SQLite database.',
    fix: 'Choose another path, or move the file away.',
    retry: 'never',
  },
  SQLITE_BUSY: {
    summary: 'Another program kept the database locked for longer than a minute.',
    fix: 'Close the program that holds a transaction open on the file; the task goes on by itself.',
    retry: 'backoff',
  },
  SQLITE_FULL: {
    summary: 'The disk or the database is full. Nothing of the transaction was kept.',
    fix: 'Make room on the disk; the task goes on by itself.',
    retry: 'backoff',
  },
  SQLITE_READ_ONLY: {
    summary: 'The database or its folder may not be written to.',
    fix: 'Give this user write permission on the file and on its folder.',
    retry: 'never',
  },
  SQLITE_CONSTRAINT: {
    summary:
      'A constraint or a trigger that was added to the table, or the type of a column, refuses a row. Nothing of the transaction was kept.',
    fix: 'Change or drop it, so that every document of the collection can be a row.',
    retry: 'backoff',
  },
  SQLITE_FAILED: {
    summary: 'SQLite refused a statement.',
    fix: 'If a table was changed by hand, undo that or backfill the binding.',
    retry: 'backoff',
  },
  SQLITE_TABLE_NAME: {
    summary: 'A table name that SQLite or the connector keeps for itself.',
    fix: 'Choose another name for the table of the binding.',
    retry: 'never',
  },
  SQLITE_TABLE_MISSING: {
    summary: 'A table of the task is not in the database any more.',
    fix: 'Backfill the binding, which makes the table again.',
    retry: 'never',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
