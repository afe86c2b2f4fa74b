// Errors of the cloud providers' credentials. None of them carries a key, a token or an assertion.

import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  AUTH_CONFIG_INVALID: {
    summary: 'The credentials of a cloud provider in the configuration are incomplete or malformed.',
    fix: 'Correct /credentials.',
    retry: 'never',
  },
  AUTH_NO_CREDENTIALS: {
    summary: 'Neither the configuration nor the environment holds an identity at the cloud provider.',
    fix: 'Set the environment variables of the provider for the process that runs the task.',
    retry: 'never',
  },
  AUTH_FILE_INVALID: {
    summary: 'A file with credentials that the environment names cannot be read or understood.',
    fix: 'Check the path in the environment variable, and make the file again with the tool of the provider.',
    retry: 'never',
  },
  AUTH_REFUSED: {
    summary: 'The cloud provider refused to hand out a token for the identity.',
    fix: 'Check that the identity may act as the configured role or account.',
    retry: 'never',
  },
  AUTH_UNREACHABLE: {
    summary: 'The token service of the cloud provider did not answer, or not as it should.',
    fix: 'The task starts again by itself. If this goes on, check the way from this machine to the service.',
    retry: 'backoff',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
