// Errors of the PostgreSQL capture, beside those of reaching its server.

import { connectionErrors } from '@weir/postgres';
import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  PG_CONNECTION_LIMIT: {
    summary: 'The user, the database or the server may have fewer connections than the capture opens.',
    fix: 'ALTER ROLE … CONNECTION LIMIT …;',
    retry: 'never',
  },
  PG_VERSION: {
    summary: 'The server is older than PostgreSQL 10.',
    fix: 'Upgrade the server.',
    retry: 'never',
  },
  PG_WAL_LEVEL: {
    summary: 'Logical replication is not enabled on the server.',
    fix: 'ALTER SYSTEM SET wal_level = logical; then restart the server.',
    retry: 'never',
  },
  PG_ROLE: {
    summary: 'The user may not replicate.',
    fix: 'ALTER ROLE … WITH REPLICATION;',
    retry: 'never',
  },
  PG_STANDBY: {
    summary: 'The server is a standby, and the capture cannot read from it.',
    fix: 'Connect to the primary.',
    retry: 'never',
  },
  PG_STANDBY_BEHIND: {
    summary: 'The server is a standby that has not come yet to where the capture stands.',
    fix: 'Wait until it has caught up, or connect to the server of before.',
    retry: 'backoff',
  },
  PG_SLOT_ELSEWHERE: {
    summary:
      'A replication slot of the configured name belongs to another database, or is not one of pgoutput.',
    fix: 'Choose another /advanced/slotName, or drop the slot.',
    retry: 'never',
  },
  PG_PUBLICATION: {
    summary: 'The publication does not exist and could not be created.',
    fix: 'CREATE PUBLICATION flow_publication WITH (publish_via_partition_root = true);',
    retry: 'never',
  },
  PG_PUBLICATION_INCOMPLETE: {
    summary: 'The publication leaves out kinds of changes.',
    fix: "ALTER PUBLICATION flow_publication SET (publish = 'insert, update, delete, truncate');",
    retry: 'never',
  },
  PG_PUBLICATION_GAP: {
    summary:
      'The publication was changed under the capture, and may have left out changes of captured tables.',
    fix: 'Mend the publication if it is not mended yet, then increment the backfill counter of the bindings of these tables. If you know that nothing was left out, set the feature flag accept_publication_gap for one start instead.',
    retry: 'never',
  },
  PG_PUBLICATION_MISSING: {
    summary: 'The publication did not exist when changes were written that the capture has yet to read.',
    fix: 'Create the publication again, then increment the backfill counter of every binding.',
    retry: 'never',
  },
  PG_TABLE_UNPUBLISHED: {
    summary: 'A bound table is not in the publication and could not be added.',
    fix: 'ALTER PUBLICATION flow_publication ADD TABLE …;',
    retry: 'never',
  },
  PG_TABLE_UNREADABLE: {
    summary: 'A bound table does not exist or may not be read.',
    fix: 'GRANT SELECT ON … TO …;',
    retry: 'never',
  },
  PG_ROW_SECURITY: {
    summary: 'Row security hides rows of a bound table from the user.',
    fix: 'ALTER ROLE … BYPASSRLS;',
    retry: 'never',
  },
  PG_ROW_TOO_LARGE: {
    summary: 'A row is larger than the 1 GiB that the server can send.',
    fix: 'Make the row smaller or leave it out by /advanced/additional_backfill_filter of its binding. A change that is in the log already cannot be passed: take the table out of the publication or shrink the row, drop the slot, and increment the backfill counter of every binding.',
    retry: 'never',
  },
  PG_FILTER_INVALID: {
    summary: 'The additional backfill filter of a binding is not a condition that the server takes.',
    fix: 'Correct /advanced/additional_backfill_filter of the binding.',
    retry: 'never',
  },
  PG_CHUNK_TIMEOUT: {
    summary: 'A chunk of a backfill takes longer than a statement may, and cannot be made shorter.',
    fix: 'Raise /advanced/statement_timeout, or lower /advanced/backfill_chunk_size; an additional backfill filter may be what takes the time.',
    retry: 'backoff',
  },
  PG_KEY_COLUMN_MISSING: {
    summary: 'A column of the key of a collection is gone from its table.',
    fix: 'Discover the table again and increment the backfill counter of its binding.',
    retry: 'never',
  },
  PG_REPLICA_IDENTITY: {
    summary: 'Deletes of a bound table do not carry the key of its collection.',
    fix: 'ALTER TABLE … REPLICA IDENTITY FULL;',
    retry: 'never',
  },
  PG_SLOT_MISSING: {
    summary: 'The replication slot is gone while the capture still needs it, so changes were lost.',
    fix: 'Increment the backfill counter of every binding: the slot is created again and the tables are read anew.',
    retry: 'never',
  },
  PG_SLOT_LOST: {
    summary: 'The server has removed log that the replication slot needed.',
    fix: 'Raise max_slot_wal_keep_size, then increment the backfill counter of every binding.',
    retry: 'never',
  },
  PG_SLOT_ACTIVE: {
    summary: 'Another process is reading the replication slot.',
    fix: 'Stop the other process, or choose another /advanced/slotName.',
    retry: 'backoff',
  },
  PG_SLOT_RECREATED: {
    summary: 'The replication slot begins after the position of the capture, so changes were lost.',
    fix: 'Increment the backfill counter of every binding.',
    retry: 'never',
  },
  PG_SLOT_CREATE_FAILED: {
    summary: 'The replication slot could not be created.',
    fix: 'Look at max_replication_slots and at the message of the server.',
    retry: 'backoff',
  },
  PG_OTHER_CLUSTER: {
    summary:
      'The server is not the one the capture has been reading: its system identifier or timeline differs.',
    fix: 'Increment the backfill counter of every binding, or connect to the server of before.',
    retry: 'never',
  },
  PG_POSITION_AHEAD: {
    summary: 'The position of the capture lies past the end of the log of the server.',
    fix: 'The server was restored from an older copy: increment the backfill counter of every binding.',
    retry: 'never',
  },
  PG_STATE_CURSOR: {
    summary: 'The stored position is not a position of a PostgreSQL log.',
    fix: 'Increment the backfill counter of every binding.',
    retry: 'never',
  },
  PG_SNAPSHOT_BEHIND: {
    summary:
      'A committed transaction stayed invisible to queries for too long, so a chunk could not be read safely.',
    fix: 'Look for a synchronous standby that does not answer: SELECT * FROM pg_stat_replication;',
    retry: 'backoff',
  },
  PG_WATERMARKS_MISSING: {
    summary: 'The watermarks table does not exist and could not be created.',
    fix: 'CREATE TABLE public.flow_watermarks (slot text PRIMARY KEY, watermark text);',
    retry: 'never',
  },
  PG_WATERMARKS_UNWRITABLE: {
    summary: 'The user may not write to the watermarks table, or it has not the columns of one.',
    fix: 'GRANT SELECT, INSERT, UPDATE ON public.flow_watermarks TO …;',
    retry: 'never',
  },
  PG_WATERMARKS_UNPUBLISHED: {
    summary: 'What is written to the watermarks table does not come back through the stream.',
    fix: 'ALTER PUBLICATION flow_publication ADD TABLE public.flow_watermarks;',
    retry: 'never',
  },
  PG_WATERMARKS_READ_ONLY: {
    summary: 'Watermarks were asked for where nothing may be written.',
    fix: 'Take the feature flag watermarks away: fences then come without writes.',
    retry: 'never',
  },
  PG_WATERMARKS_BOUND: {
    summary: 'The table that watermarks are written to is captured itself.',
    fix: 'Disable the binding, or name another /advanced/watermarksTable.',
    retry: 'never',
  },
  PG_STREAM_SILENT: {
    summary: 'The server has sent nothing on the replication connection for 15 minutes.',
    fix: 'The task starts again by itself. If this goes on, look at the network between this machine and the server.',
    retry: 'backoff',
  },
} as const satisfies ErrorCatalogue;

export const errors = { ...connectionErrors, ...defineErrors(catalogue) };
