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
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
