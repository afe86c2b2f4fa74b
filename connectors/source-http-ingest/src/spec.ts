// The configuration of the endpoint and of a binding, in upstream's names.

import type { CaptureConnectorSpec } from '@weir/capture';
import {
  choice,
  configSchema,
  integer,
  item,
  list,
  optional,
  secret,
  text,
  type ConfigOf,
} from '@weir/schema';
import { branch, oneOfWith } from '@weir/schema/config';

export const DEFAULT_PATHS = ['/webhook-data'] as const;

const publicKey = secret({
  title: 'Public Key',
  description: 'The key that signatures are checked with, as PEM or as base64 of its DER.',
  order: 1,
  multiline: true,
});

const maxSignatureAge = optional(
  integer({
    title: 'Maximum Signature Age',
    description: 'Seconds after which a signature is not accepted any more.',
    default: 300,
    minimum: 1,
    maximum: 259_200,
    order: 9,
  }),
);

const sharedSecret = secret({
  title: 'Secret',
  description: 'The secret that requests are signed with.',
  order: 1,
});

const signatureConfig = oneOfWith(
  'provider',
  {
    title: 'Webhook Signature',
    description: 'How a request proves who sent it. Requests whose signature is not right are refused.',
    order: 3,
  },
  [
    branch('none', { title: 'None' }, {}),
    branch('twilio', { title: 'Twilio SendGrid' }, { publicKey, maxSignatureAge }),
    branch('zoom', { title: 'Zoom' }, { secret: sharedSecret, maxSignatureAge }),
    branch('knock', { title: 'Knock' }, { secret: sharedSecret, maxSignatureAge }),
    branch(
      'custom',
      { title: 'Custom' },
      {
        algorithm: choice(['hmac_sha256', 'ecdsa'], {
          title: 'Algorithm',
          description: 'HMAC with SHA-256 and a shared secret, or ECDSA over SHA-256 and a public key.',
          order: 1,
        }),
        secret: optional({ ...sharedSecret, order: 2 } as typeof sharedSecret),
        publicKey: optional({ ...publicKey, order: 3 } as typeof publicKey),
        signatureHeader: text({
          title: 'Signature Header',
          description: 'The header that holds the signature and nothing else.',
          order: 4,
        }),
        signatureEncoding: optional(
          choice(['hex', 'base64'], {
            title: 'Signature Encoding',
            description: 'How the signature is written.',
            default: 'base64',
            order: 5,
          }),
        ),
        timestampHeader: optional(
          text({
            title: 'Timestamp Header',
            description: 'The header with the Unix time of the signature in seconds, if there is one.',
            order: 6,
          }),
        ),
        signingStringTemplate: optional(
          text({
            title: 'Signing String Template',
            description:
              'What is signed: {PAYLOAD} stands for the body, {TIMESTAMP} for the time. {PAYLOAD} alone, or {TIMESTAMP}{PAYLOAD}, if it is empty.',
            order: 7,
          }),
        ),
        maxSignatureAge,
      },
    ),
  ],
);

const config = configSchema(
  { id: 'https://github.com/estuary/connectors/source-http-ingest/config', title: 'HTTP Webhook' },
  {
    requireAuthToken: optional(
      secret({
        title: 'Authentication Token',
        description:
          'A token that each request has to bring as Authorization: Bearer. Without it, and without signatures, anybody who knows the address can add documents.',
        order: 0,
      }),
    ),
    paths: optional(
      list(item('string', { pattern: String.raw`^/.+` }), {
        title: 'URL Paths',
        description:
          'The paths that documents are sent to, each of which becomes a binding. A segment such as {id} takes any value, which becomes part of the document.',
        default: DEFAULT_PATHS,
        order: 1,
      }),
    ),
    allowedCorsOrigins: optional(
      list(item('string'), {
        title: 'CORS Allowed Origins',
        description:
          'Origins of pages that may send documents from a browser; * for all of them, nothing for none.',
        order: 2,
      }),
    ),
    signatureConfig: optional(signatureConfig),
    port: optional(
      integer({
        title: 'Port',
        description:
          'The port to listen on, on a machine of your own. If it is empty: that of SOURCE_HTTP_INGEST_PORT, or 8080, as Flow needs it.',
        minimum: 0,
        order: 4,
        advanced: true,
      }),
    ),
  },
);

const resource = configSchema(
  { id: 'https://github.com/estuary/connectors/source-http-ingest/resource', title: 'Webhook Binding' },
  {
    stream: optional(
      text({
        title: 'Stream',
        description: 'The name of the binding. The path, as it is discovered.',
        order: 0,
      }),
    ),
    path: optional(
      text({
        title: 'URL Path',
        description: 'The path that documents are sent to. The name of the collection if it is empty.',
        order: 1,
      }),
    ),
    idFromHeader: optional(
      text({
        title: 'Id from Header',
        description:
          'The header that names a request, which then has to have it. A request that is sent again replaces the first. A random id for each request if it is empty.',
        order: 2,
      }),
    ),
  },
);

export type IngestConfig = ConfigOf<typeof config>;
export type IngestResource = ConfigOf<typeof resource>;
export type SignatureConfig = NonNullable<IngestConfig['signatureConfig']>;

export const spec: CaptureConnectorSpec<IngestConfig, IngestResource> = {
  configSchema: config,
  resourceSchema: resource,
  documentationUrl: 'https://go.estuary.dev/http-ingest',
  resourcePathPointers: ['/stream'],
};
