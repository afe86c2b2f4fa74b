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
  CATALOG_UNREADABLE: {
    summary: 'A catalog file, or a file that it names, cannot be read.',
    fix: 'Check the path; paths are relative to the file that names them.',
    retry: 'never',
  },
  CATALOG_INVALID: {
    summary:
      'A catalog file has a syntax error, an unknown key, a value of the wrong kind, or a broken reference.',
    fix: 'Correct the named places.',
    retry: 'never',
  },
  TASK_UNKNOWN: {
    summary: 'A command names a task that the catalog does not have, or names none where there are several.',
    fix: 'Name one of the tasks of the catalog.',
    retry: 'never',
  },
  CONFIG_DECRYPTION_FAILED: {
    summary: 'An endpoint config is encrypted with sops and could not be decrypted.',
    fix: 'Install the program `sops` (https://getsops.io) and give it access to the key that the config was encrypted with.',
    retry: 'never',
  },
  CONFIG_SECRET_UNAVAILABLE: {
    summary: 'An endpoint refers to secrets that only the control plane of Flow can resolve.',
    fix: 'Write the values into the config, encrypted with sops if they have to be stored.',
    retry: 'never',
  },
  BUILD_COLLECTION_INVALID: {
    summary: 'The schemas, key or projections of a collection contradict each other or the rules of Flow.',
    fix: 'Correct the collection in the catalog.',
    retry: 'never',
  },
  BUILD_RESOURCE_DUPLICATE: {
    summary: 'Two bindings of a task name the same resource of its endpoint.',
    fix: 'Take one of them out, or disable it.',
    retry: 'never',
  },
  BUILD_FIELD_CONFLICT: {
    summary: 'The fields that a materialization binding asks for contradict what its connector can store.',
    fix: "Change the binding's fields (require, exclude, groupBy), or the projections of its collection.",
    retry: 'never',
  },
  BUILD_INCOMPATIBLE: {
    summary:
      'A schema changed so that a table would have to be built anew, and the policy of the binding forbids that.',
    fix: 'Raise the `backfill` counter of the binding, or set onIncompatibleSchemaChange to backfill.',
    retry: 'never',
  },
  BUILD_UNSUPPORTED: {
    summary: 'The catalog asks for something that only Flow itself can do.',
    fix: 'Take it out of the catalog, or run this task in Flow.',
    retry: 'never',
  },
  DISCOVER_NOT_EDITABLE: {
    summary:
      'Discovered bindings cannot be written because their file is remote, or the catalog was assembled in an unusual way.',
    fix: 'Copy the file next to the catalog, or take the bindings from `weir discover --emit-raw`.',
    retry: 'never',
  },
  CONNECTOR_UNKNOWN: {
    summary: 'An image is not one of the built-in connectors.',
    fix: 'Use a built-in connector, or run the real image with --image-mode docker.',
    retry: 'never',
  },
  CONNECTOR_WRONG_KIND: {
    summary: 'A capture names a materialization connector, or the other way round.',
    fix: 'Name a connector of the right kind.',
    retry: 'never',
  },
  CONNECTOR_START_FAILED: {
    summary: 'The program of a connector could not be started.',
    fix: 'Check that the command exists, is executable, and is on the PATH.',
    retry: 'backoff',
  },
  CONNECTOR_FAILED: {
    summary: 'A connector exited with a failure; its last log line says why.',
    fix: '',
    retry: 'backoff',
  },
  CONNECTOR_PROTOCOL: {
    summary: 'A connector wrote something other than the protocol asks for.',
    fix: 'This is a defect of the connector, or its codec differs from the catalog (endpoint.local.protobuf).',
    retry: 'backoff',
  },
  CONNECTOR_TIMEOUT: {
    summary: 'A connector did not answer in time.',
    fix: 'Look at its log with --log-level debug.',
    retry: 'backoff',
  },
  CONNECTOR_CONFIG_ENCRYPTED: {
    summary:
      'A connector renewed its configuration, and announced it encrypted for Flow, so that it cannot be kept here.',
    fix: 'Use a build of the connector that announces it as it is where WEIR_CONFIG_UPDATES is set, and authorize it again (`weir oauth`): its refresh token is spent.',
    retry: 'never',
  },
  CONNECTOR_STALLED: {
    summary: 'A capture connector asked for acknowledgements, but does not read its input.',
    fix: 'This is a defect of the connector. The transaction is committed; a restart goes on behind it.',
    retry: 'backoff',
  },
  DOCUMENT_INVALID: {
    summary: 'A document does not satisfy the schema of its collection.',
    fix: 'Correct the source, or widen the schema of the collection. What was committed before stays.',
    retry: 'never',
  },
  COLLECTION_UNKNOWN: {
    summary: 'A command names a collection that holds nothing.',
    fix: 'Name a collection that a capture has written to.',
    retry: 'never',
  },
  CHECKPOINT_DIVERGED: {
    summary:
      'A destination was fed from another state folder, or from another copy of this one, in which its collection went on differently.',
    fix: 'Use the state folder that the destination was fed from, or request a backfill of the materialization.',
    retry: 'never',
  },
  CHECKPOINT_AHEAD: {
    summary: 'A destination has read further than its collection reaches in this state folder.',
    fix: 'The state folder is older than the destination, for instance restored from a backup. Restore the newer one, or request a backfill of the materialization.',
    retry: 'never',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
