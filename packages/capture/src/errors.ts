import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  CAPTURE_ACKNOWLEDGED_TOO_MANY: {
    summary: 'The runtime acknowledged more checkpoints than the connector had sent.',
    fix: 'Report this with the log of the task: the runtime and the connector disagree about what is committed.',
    retry: 'backoff',
  },
  CAPTURE_DOCUMENTS_WITHOUT_CHECKPOINT: {
    summary:
      'A group of documents ended without the checkpoint that commits it; the documents are discarded.',
    fix: 'Look for the first error in the log of the task. Nothing was lost: it resumes from the last checkpoint.',
    retry: 'backoff',
  },
  CAPTURE_BINDING_INVALID: {
    summary: 'A binding has a resource that has no path, or the path of another binding.',
    fix: 'Give every binding of the capture a complete resource of its own.',
    retry: 'never',
  },
  CAPTURE_PLAN_UNKNOWN: {
    summary: 'A connector is asked for the plan of its requests, and has none.',
    fix: 'Connectors of APIs have one; of others, `weir spec` and `weir discover` show what they do.',
    retry: 'never',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
