import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  TEST_FAILED_AS_ASKED: {
    summary: 'The test source failed because its configuration asks for it.',
    fix: 'Remove fail_after from the configuration of the endpoint.',
    retry: 'backoff',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
