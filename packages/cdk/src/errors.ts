// Errors of API captures: what a stream did that its promises do not allow, and what its API answered.

import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  CDK_BINDING_UNKNOWN: {
    summary:
      'A binding names a stream that the connector does not have, or that these credentials do not reach.',
    fix: 'Discover the bindings again, and remove those that are no longer offered.',
    retry: 'never',
  },
  CDK_COLLECTION_KEY: {
    summary: 'The collection of a snapshot is not keyed by the number of the row.',
    fix: 'Give the collection the key /_meta/row_id, as discovery proposes it; otherwise rows that vanish are never deleted.',
    retry: 'never',
  },
  CDK_RESOURCE_INVALID: {
    summary: 'The resource configuration of a binding is not usable.',
    fix: 'Write /interval as an ISO 8601 duration such as PT5M, and /schedule as five fields of cron.',
    retry: 'never',
  },
  CDK_STATE_INVALID: {
    summary: 'The stored state of a binding is of another form than its stream has.',
    fix: 'Increment the backfill counter of the binding to start over.',
    retry: 'never',
  },
  CDK_STREAM_DEFECT: {
    summary:
      'A stream broke the contract of its kind: documents without a cursor, a key that is not in its documents.',
    fix: 'Report this as a defect of the connector. Nothing was committed that is not right; the task resumes from its last checkpoint.',
    retry: 'never',
  },
  CDK_CURSOR_NOT_ADVANCED: {
    summary: 'A stream gave a cursor that is not past the one before it, so it would read the same for ever.',
    fix: 'Report this as a defect of the connector, with the name of the stream.',
    retry: 'never',
  },
  CDK_CURSOR_AHEAD: {
    summary:
      'A stream claimed to have seen a time that has not passed yet; rows that are still to come would be lost.',
    fix: 'Check the clock of this machine and the time zone of the API; otherwise report this as a defect of the connector.',
    retry: 'backoff',
  },
  CDK_PAGING_LOOP: {
    summary: 'An API answered with the same page twice, so paging would never end.',
    fix: 'Try again later. If it stays, report it with the name of the stream: the API has changed.',
    retry: 'backoff',
  },
  CDK_ORDER_BROKEN: {
    summary: 'An API that should list rows by the time of their update gave an older one after a newer one.',
    fix: 'Try again later. If it stays, report it with the name of the stream: rows would be lost if it went on.',
    retry: 'backoff',
  },
  CDK_SNAPSHOT_TOO_LARGE: {
    summary: 'A list whose rows are known by their keys has more rows than a state can hold the keys of.',
    fix: 'Report it with the name of the stream: its rows have to be known by their numbers.',
    retry: 'never',
  },
  CDK_TICK_TOO_FULL: {
    summary:
      'More rows were updated at the same time than a page holds, so that the rest of them cannot be reached.',
    fix: 'Report it with the name of the stream: it has to be read along its key as well.',
    retry: 'never',
  },
  CDK_JOB_FAILED: {
    summary: 'An export that the API was to make failed there, or was not done in time.',
    fix: 'The task has it made anew by itself. If it stays, report it with the name of the stream.',
    retry: 'backoff',
  },
  CDK_HTTP_UNREACHABLE: {
    summary:
      'A server of the API gave no answer, again and again for 15 minutes, or for one if it never gave any.',
    fix: 'Check the address in the configuration, the network and the proxy of this machine, and the status page of the API.',
    retry: 'backoff',
  },
  CDK_PROXY_INVALID: {
    summary: 'The environment names a proxy in a way that cannot be used.',
    fix: 'Write HTTP_PROXY and HTTPS_PROXY as http://host:port or http://user:password@host:port, with special characters of the password percent-encoded.',
    retry: 'never',
  },
  CDK_PROXY_REFUSED: {
    summary: 'The proxy that the environment names does not let the connector through.',
    fix: 'Write its user and password into HTTPS_PROXY, as http://user:password@host:port; have it let the host through; or name the host in NO_PROXY.',
    retry: 'backoff',
  },
  CDK_HTTP_UNAVAILABLE: {
    summary: 'A server of the API answered with failures of its own, again and again for 15 minutes.',
    fix: 'Look at the answer and at the status page of the API. The task starts again by itself.',
    retry: 'backoff',
  },
  CDK_HTTP_THROTTLED: {
    summary: 'The API refused a request for its rate, and somebody was waiting for the answer.',
    fix: 'Try again when the time has passed that the answer names. A capture that runs waits by itself.',
    retry: 'backoff',
  },
  CDK_HTTP_UNAUTHORIZED: {
    summary: 'The API does not accept the credentials, also after a new token was fetched.',
    fix: 'Renew the credentials in the configuration. For OAuth: authorize the connector again, in the user interface of Flow or with `weir oauth`.',
    retry: 'never',
  },
  CDK_TOKEN_NOT_KEPT: {
    summary:
      'The access token has expired, and its refresh token may be used once only, which is left to a run that keeps its successor.',
    fix: 'Start the task with `weir run`, which renews and keeps it; then try again with the state folder of that run. Otherwise authorize the connector again.',
    retry: 'backoff',
  },
  CDK_CREDENTIALS_INVALID: {
    summary: 'A key or a file of credentials in the configuration cannot be used.',
    fix: 'Paste it whole, as the provider gave it: a private key with its first and last line, a file of credentials as the JSON that it is.',
    retry: 'never',
  },
  CDK_HTTP_FORBIDDEN: {
    summary: 'The credentials are right and are not allowed to read this.',
    fix: 'Give the user or the key of the configuration the permission that the answer names, or disable the binding.',
    retry: 'never',
  },
  CDK_HTTP_REFUSED: {
    summary: 'The API refused a request for good.',
    fix: 'Read the answer: a value of the configuration may be wrong. Otherwise report it with the name of the stream.',
    retry: 'backoff',
  },
  CDK_HTTP_ADDRESS_REFUSED: {
    summary: 'A URL of the configuration, or one that the API gave, leads to an address that is not public.',
    fix: 'Correct the address in the configuration; connectors do not reach into the network that they run in.',
    retry: 'never',
  },
  CDK_BODY_INVALID: {
    summary: 'The body of an answer was cut off, or is not of the format it should have.',
    fix: 'The task starts again from its last checkpoint by itself. If it stays, report it with the name of the stream.',
    retry: 'backoff',
  },
  CDK_BODY_TOO_LARGE: {
    summary:
      'A single record, or an answer that cannot be read piece by piece, is larger than a connector may hold.',
    fix: 'Report it with the name of the stream; the record cannot be captured.',
    retry: 'never',
  },
  CDK_RECORDS_MISSING: {
    summary: 'An answer that should list records has no such list, so it is no page, not even an empty one.',
    fix: 'Try again later. If it stays, report it with the name of the stream: the API has changed.',
    retry: 'backoff',
  },
  CDK_WEBHOOK_INVALID: {
    summary: 'A path, a key or a rule by which webhooks are taken is not usable.',
    fix: 'Correct what the message names in the configuration.',
    retry: 'never',
  },
  CDK_WEBHOOK_CONFLICT: {
    summary: 'Two bindings take the same webhooks, so that a document would belong to both.',
    fix: 'Disable one of the bindings, or give them paths that no request fits both of.',
    retry: 'never',
  },
  CDK_WEBHOOK_PORT: {
    summary: 'The port that webhooks arrive at cannot be listened on.',
    fix: 'End the other program that listens there, or choose another port in the configuration.',
    retry: 'backoff',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
