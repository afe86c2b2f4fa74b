// What can go wrong in the runtime, as its users read it. `docs/errors.md` is generated from this catalogue.

import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  RUNTIME_STATE_LOCKED: {
    summary: 'Another process is running on this state folder.',
    fix: 'Stop that process first, or give this one a folder of its own with --state.',
    retry: 'never',
  },
  RUNTIME_STATE_VERSION: {
    summary: 'The state folder was written by a newer version of weir.',
    fix: 'Use the version of weir that wrote it, or newer.',
    retry: 'never',
  },
  RUNTIME_STATE_UNUSABLE: {
    summary: 'The state folder cannot be created, read or written.',
    fix: 'Give the user that runs weir read and write permission on the folder, or choose another with --state.',
    retry: 'never',
  },
  DISK_FULL: {
    summary: 'There is no space left for the state folder.',
    fix: 'Free some space. Nothing of the failed transaction was kept; the task goes on from its last commit.',
    retry: 'backoff',
  },
  JOURNAL_DAMAGED: {
    summary: 'A journal holds less than what was committed to it.',
    fix: 'Files under journals/ were removed or cut by someone else. Restore them from a backup together with store.db.',
    retry: 'never',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
