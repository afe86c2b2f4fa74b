import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  SQL_FIELD_UNKNOWN: {
    summary: 'A field is selected that the collection does not have.',
    fix: 'Take the field out of the binding, or add a projection for it to the collection.',
    retry: 'never',
  },
  SQL_FIELD_UNSUPPORTED: {
    summary: 'A field is selected whose values no column of the destination can hold.',
    fix: 'Exclude the field from the binding.',
    retry: 'never',
  },
  SQL_FENCED_OFF: {
    summary:
      'Another instance of the same task has taken over the destination, so this one must not write any more.',
    fix: 'Let the newer instance run; stop this one. Two state folders must not run the same task.',
    retry: 'never',
  },
  SQL_VALUE_UNSUPPORTED: {
    summary: 'A value does not fit the type that its column was given from the schema of the collection.',
    fix: 'Correct the schema of the collection so that it allows the value, or materialize the field with castToString.',
    retry: 'never',
  },
  SQL_RANGES_DIVERGED: {
    summary:
      'Ranges of key hashes were merged into one while their sessions had read to different places, so no one place to go on from is right for all rows.',
    fix: 'Run the former ranges again until both have read everything, then merge them; or backfill the bindings.',
    retry: 'never',
  },
  SQL_COLUMNS_COLLIDE: {
    summary: 'Two fields of a binding have names that are the same column in the destination.',
    fix: 'Exclude one of the fields from the binding, or give it a projection with another name.',
    retry: 'never',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
