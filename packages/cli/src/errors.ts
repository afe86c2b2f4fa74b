// Errors of the command line itself. docs/errors.md is generated from this catalogue.

import { defineErrors } from '@weir/protocol';
import type { ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  FIXTURE_INVALID: {
    summary: 'A fixture of `weir preview` has a line that is no document of a collection and no commit.',
    fix: 'Write one ["collection", {document}] or {"commit": true} per line.',
    retry: 'never',
  },
  FIXTURE_NEEDED: {
    summary: 'A materialization is previewed without a fixture.',
    fix: 'Give it documents with --fixture, or materialize captured ones with `weir run`.',
    retry: 'never',
  },
  BINDING_UNKNOWN: {
    summary: 'A backfill is asked for a binding that the task does not have, or for none of several.',
    fix: 'Name bindings by collection or resource path.',
    retry: 'never',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
