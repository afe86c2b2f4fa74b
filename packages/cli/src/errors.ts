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
  RESET_NOT_A_CAPTURE: {
    summary:
      '`weir backfill` with `--reset` or `--from-the-beginning` is asked for a materialization. Both are of collections, where they are captured.',
    fix: 'Name the capture that writes to the collection, which builds the tables again as well; or leave the option out, to build a table again from what its collection holds since the last reset.',
    retry: 'never',
  },
  INIT_EXISTS: {
    summary: 'The catalog that `weir init` is to make is there already.',
    fix: 'Name another file with --source, or extend the one that is there: `weir discover` adds tables to it.',
    retry: 'never',
  },
  INIT_FOLDER_UNUSABLE: {
    summary: 'The folder in which `weir init` is to make a catalog is not there, or cannot be written to.',
    fix: 'Make the folder, or name a file in another one with --source.',
    retry: 'never',
  },
  INIT_ANSWER_INVALID: {
    summary: 'An answer that was given to `weir init` beforehand does not fit its form.',
    fix: 'Look at the schema that `weir spec` prints for the connector: /from/… points into the config of the source, /to/… into that of the destination.',
    retry: 'never',
  },
  INIT_ANSWER_MISSING: {
    summary: 'The forms of `weir init` need answers, and there is no terminal to ask on.',
    fix: 'Give them with --set POINTER=VALUE, secrets with --set-env POINTER=VARIABLE; or run it on a terminal.',
    retry: 'never',
  },
  INIT_STOPPED: {
    summary: '`weir init` was stopped before it had its answers. Nothing was written.',
    fix: 'Run it again when you have them.',
    retry: 'never',
  },
  INIT_DESTINATION_UNUSABLE: {
    summary: 'The destination that `weir init` was told of cannot take what the source holds.',
    fix: 'The message says what is wrong there.',
    retry: 'never',
  },
  INIT_NOTHING_FOUND: {
    summary: 'The source was reached, and it offers nothing to capture.',
    fix: 'Check the database and the rights of the user: it sees only tables that it may read.',
    retry: 'never',
  },
  OAUTH_NOT_OFFERED: {
    summary: 'The connector has no authorization code flow, or not for this kind of credentials.',
    fix: 'Put the credentials into the configuration by hand; `weir spec` prints their schema.',
    retry: 'never',
  },
  OAUTH_CLIENT_MISSING: {
    summary:
      'The provider has to know which application asks, and neither the options nor the catalog say it.',
    fix: 'Register an application at the provider, with the redirect URI that the message names; give its id with --client-id, and the variable of the environment that holds its secret with --client-secret-env.',
    retry: 'never',
  },
  OAUTH_PORT_TAKEN: {
    summary: 'Another program listens on the port that the provider is to send the browser to.',
    fix: 'End it, or choose another port with --port; the redirect URI has to be registered at the provider.',
    retry: 'never',
  },
  OAUTH_DENIED: {
    summary: 'The provider sent the browser back without a code.',
    fix: 'Read what it said: the user may have refused, or the application may lack a scope.',
    retry: 'never',
  },
  OAUTH_EXCHANGE_REFUSED: {
    summary: 'The provider did not give tokens for the code.',
    fix: 'Check the id and the secret of the application, and that its redirect URI is registered exactly as the message names it.',
    retry: 'never',
  },
  OAUTH_CONFIG_ENCRYPTED: {
    summary: 'The configuration is encrypted, and cannot be changed in place.',
    fix: 'Decrypt it with `sops --decrypt --in-place`, authorize the connector, and encrypt it again.',
    retry: 'never',
  },
  EXPLAIN_FAILED: {
    summary: 'A connector did not say what it would ask for.',
    fix: 'Look at what it says: its configuration may be wrong, or it is no connector of an API.',
    retry: 'never',
  },
  NEW_NAME_INVALID: {
    summary: 'A connector that `weir new` is to make has a name that no connector may have.',
    fix: 'Name it source-…, in lower case, with letters, digits and hyphens.',
    retry: 'never',
  },
  NEW_EXISTS: {
    summary: 'The folder that `weir new` is to make is there already.',
    fix: 'Choose another name, or remove the folder.',
    retry: 'never',
  },
  NEW_FOLDER_UNUSABLE: {
    summary: 'The folder in which `weir new` is to make a connector cannot be made.',
    fix: 'Name another one with --folder: a folder, or a place where one may be made.',
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
