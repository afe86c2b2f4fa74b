import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  CONNECTOR_CODEC_UNKNOWN: {
    summary:
      'FLOW_RUNTIME_CODEC names a codec that does not exist, or the first bytes on stdin are of no known codec.',
    fix: 'Set FLOW_RUNTIME_CODEC to json or proto, or leave it unset and send messages of one of the two.',
    retry: 'never',
  },
  CONNECTOR_UNEXPECTED_REQUEST: {
    summary: 'The runtime sent a request that is not allowed at this point of the protocol.',
    fix: 'Report this with the log of the task: the runtime and the connector disagree about the protocol.',
    retry: 'backoff',
  },
  CONNECTOR_STDOUT_CLOSED: {
    summary: 'The runtime closed its end of the pipe while the connector was still writing.',
    fix: 'Look at the log of the runtime: it has stopped, or has given up on this connector.',
    retry: 'backoff',
  },
  CONNECTOR_PREREQUISITES: {
    summary:
      'The source or the destination is not set up as the connector needs it; every problem is listed.',
    fix: 'Fix every point of the list, then try again.',
    retry: 'never',
  },
  CONNECTOR_DEFECT: {
    summary: 'The connector met a failure that it has no name for.',
    fix: 'Run it again with LOG_LEVEL=debug for the stack trace.',
    retry: 'backoff',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
