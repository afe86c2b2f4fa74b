// Errors of the command line itself. docs/errors.md is generated from this catalogue.

import { defineErrors } from '@weir/protocol';
import type { ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  FIXTURE_INVALID: {
    summary: 'A fixture of `weir preview` has a line that is no document of a collection and no commit.',
    fix: 'Write one ["collection", {document}] or {"commit": true} per line.',
    retry: 'never',
  },
  FIXTURE_UNREADABLE: {
    summary: 'The file of --fixture cannot be read.',
    fix: 'Name a file of JSON lines, or - for stdin.',
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
  DEMO_NO_POSTGRES: {
    summary: 'There is no npm package of PostgreSQL for this platform, and the demo brings its own.',
    fix: 'Run the demo on Linux or macOS, on x64 or arm64.',
    retry: 'never',
  },
  DEMO_PORT_TAKEN: {
    summary:
      'Another program, perhaps the demo of another clone, listens on the port of the demo’s PostgreSQL.',
    fix: 'Stop the other program, or give the demo another port: npm start -- --port 0.',
    retry: 'never',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
