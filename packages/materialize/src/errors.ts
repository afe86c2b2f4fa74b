import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  MATERIALIZE_OUT_OF_ORDER: {
    summary:
      'The connector answered out of the order that the protocol allows, for instance loaded before acknowledged.',
    fix: 'Report this with the log of the task: it is a defect of the connector.',
    retry: 'never',
  },
  MATERIALIZE_ENDED_EARLY: {
    summary: 'The runtime closed the stream in the middle of a transaction.',
    fix: 'Look at the log of the runtime. Nothing is lost: the transaction is done again from its start.',
    retry: 'backoff',
  },
  MATERIALIZE_LOAD_OF_DELTA: {
    summary: 'The runtime asked for stored documents of a connector that only appends.',
    fix: 'Report this with the log of the task: every binding of this connector uses delta updates.',
    retry: 'never',
  },
  MATERIALIZE_STATE_PATCHES_INVALID: {
    summary: 'The state patches of a request are not a JSON array.',
    fix: 'Report this with the log of the task: the runtime sent something else than the protocol says.',
    retry: 'never',
  },
  MATERIALIZE_DBT_TRIGGER: {
    summary: 'The trigger of a job of dbt Cloud has no address, or an interval that is none.',
    fix: 'Give /dbt_job_trigger/access_url, the address of the account at dbt Cloud, and an interval such as 30m.',
    retry: 'never',
  },
  MATERIALIZE_FIELD_CONFIG_INVALID: {
    summary:
      'The configuration of one field of a binding has an unknown property or a value of the wrong type.',
    fix: 'Use only `castToString` (a boolean) and `DDL` (a column type) in the configuration of a field.',
    retry: 'never',
  },
  MATERIALIZE_KEY_NULLABLE: {
    summary:
      'A field of the collection key may be missing or null, and has no default, so a row could have no key.',
    fix: 'Make the location required and not nullable in the collection schema, or give it a default.',
    retry: 'never',
  },
  MATERIALIZE_TABLE_EXISTS: {
    summary: 'The table of a new binding exists already, and was not made by this task.',
    fix: 'Drop or rename the table, or choose another name for the binding. Connectors with /advanced/feature_flags also take allow_existing_tables_for_new_bindings, for a table that fits.',
    retry: 'never',
  },
  MATERIALIZE_TABLE_UNFIT: {
    summary: 'A table that this task did not make cannot take the documents of a new binding as it is.',
    fix: 'Give the table the columns and the key that the message names, or choose another name for the binding. The task never changes the type of a column, or drops a table, that it did not make.',
    retry: 'never',
  },
  MATERIALIZE_TABLE_MISSING: {
    summary:
      'The table of a binding that was materialized before is gone. What it held would not come back: the task has read further.',
    fix: 'Increase the backfill counter of the binding (weir backfill), which makes the table again and fills it from the beginning; or put the table back.',
    retry: 'never',
  },
  MATERIALIZE_DELTA_TO_STANDARD: {
    summary: 'A binding changed from delta updates to standard updates, which its table cannot follow.',
    fix: 'Increase the backfill counter of the binding, or go back to delta updates.',
    retry: 'never',
  },
  MATERIALIZE_NO_ROOT_DOCUMENT: {
    summary: 'A standard binding needs the whole document, and its collection has no projection of it.',
    fix: 'Add a projection of the root document (an empty JSON pointer) to the collection.',
    retry: 'never',
  },
  MATERIALIZE_FIELD_NAME_TOO_LONG: {
    summary: 'A field that has to be materialized has a longer name than the destination takes.',
    fix: 'Add a projection with a shorter name for the same location.',
    retry: 'never',
  },
  MATERIALIZE_RESOURCE_AMBIGUOUS: {
    summary: 'Two bindings have different resource paths that are one and the same table in the destination.',
    fix: 'Give one of the bindings another name.',
    retry: 'never',
  },
  MATERIALIZE_BACKFILL_WOULD_DROP: {
    summary:
      'A backfill has to replace a table while the feature flag retain_existing_data_on_backfill asks to keep its rows.',
    fix: 'Remove the flag retain_existing_data_on_backfill, or undo the change of the binding that the table cannot follow.',
    retry: 'never',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
