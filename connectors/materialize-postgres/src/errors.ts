// What can go wrong in a destination, beside reaching it (see @weir/postgres).

import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  PG_TABLE_NAME: {
    summary: 'A binding has the name of the table in which the connector keeps its checkpoints.',
    fix: 'Choose another table for the binding.',
    retry: 'never',
  },
  PG_TABLE_MISSING: {
    summary: 'A table of the task is not in the database any more.',
    fix: 'Backfill the binding, which makes the table again.',
    retry: 'never',
  },
  PG_TABLE_CHANGED: {
    summary: 'A table or column that the task writes to was dropped or changed while it ran.',
    fix: 'Undo the change, or start the task again: a column that is missing is added, and a table that is missing needs a backfill of its binding.',
    retry: 'backoff',
  },
  PG_ADDITIONAL_SQL: {
    summary: 'The additional SQL of a binding failed, so its table was not made.',
    fix: 'Correct /additional_table_create_sql of the binding. It runs in a transaction, behind the statement that makes the table.',
    retry: 'never',
  },
  PG_OBJECT_IN_THE_WAY: {
    summary:
      'A table cannot be changed as the task needs because of something that was made over it: a view, a rule, a generated column.',
    fix: 'Drop what the message names, and make it again when the table is changed; the task goes on by itself.',
    retry: 'backoff',
  },
  PG_WRITE_DENIED: {
    summary: 'The user may not do in the database what the task needs.',
    fix: 'Grant the user the right that the message of the server names; it needs USAGE and CREATE on the schemas and has to own the tables. Where the message speaks of row-level security, it is a policy that refuses the row: give the user one with USING (true) WITH CHECK (true).',
    retry: 'never',
  },
  PG_ROWS_HIDDEN: {
    summary:
      'Policies of row security may hide rows of a table from the user, so that a row which has to be removed or replaced would stay, and nobody would be told.',
    fix: 'Let the user see all rows: CREATE POLICY flow ON the_table TO the_user USING (true) WITH CHECK (true), with no restrictive policy beside it, or ALTER ROLE the_user BYPASSRLS. Or turn row security off for the table, or leave hardDelete off.',
    retry: 'never',
  },
  PG_READ_ONLY: {
    summary: 'The server, the database or the user is set to read-only transactions.',
    fix: 'Connect to the primary server, and check default_transaction_read_only of the user and of the database.',
    retry: 'backoff',
  },
  PG_VALUE_REFUSED: {
    summary: 'The server refused a value: it is out of the range of its column, or no value of that type.',
    fix: 'Correct the schema of the collection, so that the column gets a type that holds the value; or set castToString for the field.',
    retry: 'never',
  },
  PG_KEY_TOO_LONG: {
    summary: 'A key is longer than an index of PostgreSQL can hold, which is about 2700 bytes.',
    fix: 'Choose a shorter key for the collection, or delta updates for the binding.',
    retry: 'never',
  },
  PG_KEYS_COLLIDE: {
    summary: 'Two documents of different keys have the same key in the table.',
    fix: 'Materialize all locations of the key. Keys that differ only in NUL characters, which PostgreSQL cannot hold, are the same to it.',
    retry: 'never',
  },
  PG_ROW_EXISTS: {
    summary:
      'A row that was to be inserted is already in the table: somebody else has written it. Nothing of the transaction was kept.',
    fix: 'Nothing: the task starts again, and its first transaction overwrites such rows.',
    retry: 'now',
  },
  PG_CONSTRAINT: {
    summary: 'A constraint, a trigger or a generated column that was added to the table refuses a row.',
    fix: 'Change or drop it, so that every document of the collection can be a row.',
    retry: 'backoff',
  },
  PG_FULL: {
    summary: 'The server is out of disk space or memory. Nothing of the transaction was kept.',
    fix: 'Make room; the task goes on by itself.',
    retry: 'backoff',
  },
  PG_LOCK_TIMEOUT: {
    summary:
      'Another session has kept a table or a row locked for too long. Nothing of the transaction was kept.',
    fix: 'End the session that holds the lock; the log of the task names it. The task goes on by itself.',
    retry: 'backoff',
  },
  PG_CONFLICT: {
    summary:
      'The server gave up on the transaction because of another one (deadlock or serialization failure). Nothing of it was kept.',
    fix: 'Nothing: the task starts again by itself.',
    retry: 'now',
  },
  PG_COMMIT_UNKNOWN: {
    summary: 'The connection broke during a commit, and the server could not be asked yet how it ended.',
    fix: 'Nothing: the task starts again, and goes on from where the table of checkpoints says it is.',
    retry: 'backoff',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
