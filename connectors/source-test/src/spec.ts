import type { CaptureConnectorSpec } from '@weir/capture';
import {
  choice,
  configSchema,
  flag,
  integer,
  optional,
  secret,
  section,
  text,
  type ConfigOf,
} from '@weir/schema';

const config = configSchema(
  { id: 'https://github.com/estuary/connectors/source-test/config', title: 'Test Source Spec' },
  {
    greetings: integer({
      title: 'Number of Greetings',
      description: 'How many documents are produced before the capture ends.',
      default: 1000,
      minimum: 1,
      order: 0,
    }),
    skip_state: optional(
      flag({
        title: 'Skip State',
        description: 'Leaves the state as it is, so that every start begins anew.',
        default: false,
        order: 1,
      }),
    ),
    fail_after: optional(
      integer({
        title: 'Fail After',
        description: 'The capture fails once it has produced this many documents.',
        minimum: 1,
        order: 2,
      }),
    ),
    exit_after: optional(
      integer({
        title: 'Exit After',
        description: 'The capture ends without an error once a session has produced this many documents.',
        minimum: 1,
        order: 3,
      }),
    ),
    delay_ms: optional(
      integer({
        title: 'Delay in Milliseconds',
        description: 'The time between two documents of a stream.',
        default: 500,
        minimum: 0,
        order: 4,
      }),
    ),
    credentials: optional(
      section(
        {
          title: 'Google Credentials',
          description: 'Stands for credentials of Google, to try out signing in; nothing is done with them.',
          order: 5,
          'x-oauth2-provider': 'google',
        },
        {
          client_id: secret({ title: 'Client ID', description: 'The ID of the OAuth app.', order: 0 }),
          client_secret: secret({
            title: 'Client Secret',
            description: 'The secret of the OAuth app.',
            order: 1,
          }),
          refresh_token: secret({
            title: 'Refresh Token',
            description: 'The token that the sign-in returned.',
            order: 2,
          }),
        },
      ),
    ),
  },
);

const resource = configSchema(
  { id: 'https://github.com/estuary/connectors/source-test/resource', title: 'Test Resource Spec' },
  {
    stream: text({ title: 'Stream', description: 'The name of the stream.', order: 0 }),
    syncMode: optional(
      choice(['incremental', 'full_refresh'], {
        title: 'Sync Mode',
        description: 'Accepted and not used.',
        default: 'incremental',
        order: 1,
      }),
    ),
  },
);

export type TestConfig = ConfigOf<typeof config>;
export type TestResource = ConfigOf<typeof resource>;

export const spec: CaptureConnectorSpec<TestConfig, TestResource> = {
  configSchema: config,
  resourceSchema: resource,
  documentationUrl: 'https://go.estuary.dev/source-test',
  resourcePathPointers: ['/stream'],
  oauth2: {
    provider: 'google',
    authUrlTemplate:
      'https://accounts.google.com/o/oauth2/auth?access_type=offline&prompt=consent&client_id={{#urlencode}}{{{client_id}}}{{/urlencode}}&redirect_uri={{#urlencode}}{{{redirect_uri}}}{{/urlencode}}&response_type=code&state={{#urlencode}}{{{state}}}{{/urlencode}}',
    accessTokenUrlTemplate: 'https://oauth2.googleapis.com/token',
    accessTokenMethod: '',
    accessTokenBody:
      '{"grant_type":"authorization_code","client_id":"{{{client_id}}}","client_secret":"{{{client_secret}}}","redirect_uri":"{{{redirect_uri}}}","code":"{{{code}}}"}',
    accessTokenHeaders: { 'content-type': '"application/json"' },
    accessTokenResponseMap: { refresh_token: '"/refresh_token"' },
    refreshTokenUrlTemplate: '',
    refreshTokenMethod: '',
    refreshTokenBody: '',
    refreshTokenHeaders: {},
    refreshTokenResponseMap: {},
  },
};

export const documentSchema = {
  type: 'object',
  properties: { count: { type: 'integer' }, message: { type: 'string' } },
  required: ['count', 'message'],
};
