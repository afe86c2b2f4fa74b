import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '@weir/schema';
import type { CloudContext } from './cloud-context.ts';
import { checkIamCredentials, databasePassword } from './database-password.ts';
import type { IamCredentials } from './iam-branches.ts';
import { rdsAuthToken } from './aws/rds-auth-token.ts';

const login = { host: 'db.example.com', port: 5432, user: 'flow_capture' };
const tokens = { googleScopes: ['scope'], azureScope: 'https://example.com/.default' };

const aws = {
  auth_type: 'AWSIAM',
  aws_region: 'us-east-1',
  aws_role_arn: 'arn:aws:iam::123456789012:role/reader',
} as const;
const google = {
  auth_type: 'GCPIAM',
  gcp_service_account_to_impersonate: 'reader@project.iam.gserviceaccount.com',
  gcp_workload_identity_pool_audience: '//iam.googleapis.com/projects/1/pool',
} as const;
const azure = { auth_type: 'AzureIAM', azure_client_id: 'client', azure_tenant_id: 'tenant' } as const;

function context(now: () => number = Date.now): CloudContext {
  return { env: {}, homeDirectory: '/nonexistent', now };
}

test('what the runtime injected is the password, without asking anybody', async () => {
  const cases: [IamCredentials, string][] = [
    [{ ...google, gcp_access_token: new Secret('ya29.token') }, 'ya29.token'],
    [{ ...azure, azure_access_token: new Secret('eyJ.token') }, 'eyJ.token'],
  ];
  for (const [credentials, expected] of cases) {
    assert.equal(await databasePassword(credentials, login, tokens, context())(), expected);
  }
});

test('injected AWS credentials sign a new token for each connection', async () => {
  let now = Date.UTC(2026, 0, 1);
  const credentials = {
    ...aws,
    aws_access_key_id: 'ASIA',
    aws_secret_access_key: new Secret('secret'),
    aws_session_token: new Secret('session'),
  };
  const password = databasePassword(
    credentials,
    login,
    tokens,
    context(() => now),
  );
  const first = await password();
  assert.equal(
    first,
    rdsAuthToken({
      ...login,
      region: 'us-east-1',
      credentials: { accessKeyId: 'ASIA', secretAccessKey: 'secret', sessionToken: 'session' },
      now,
    }),
  );
  now += 3_600_000;
  assert.notEqual(await password(), first);
});

test('credentials that cannot be right are refused by name', () => {
  const cases: [IamCredentials, RegExp][] = [
    [{ ...aws, aws_region: 'Virginia' }, /aws_region is "Virginia"/],
    [{ ...aws, aws_role_arn: ' ' }, /aws_role_arn is empty/],
    [{ ...aws, aws_access_key_id: 'AKID' }, /no aws_secret_access_key/],
    [{ ...aws, aws_secret_access_key: new Secret('x') }, /no aws_access_key_id/],
    [{ ...google, gcp_service_account_to_impersonate: '' }, /gcp_service_account_to_impersonate is empty/],
    [{ ...google, gcp_workload_identity_pool_audience: '' }, /gcp_workload_identity_pool_audience is empty/],
    [{ ...azure, azure_client_id: '' }, /azure_client_id is empty/],
    [{ ...azure, azure_tenant_id: '' }, /azure_tenant_id is empty/],
  ];
  for (const [credentials, message] of cases) {
    assert.throws(() => checkIamCredentials(credentials), { code: 'AUTH_CONFIG_INVALID', message });
  }
  for (const credentials of [aws, google, azure, { ...aws, aws_region: 'us-gov-west-1' }]) {
    assert.doesNotThrow(() => checkIamCredentials(credentials));
  }
});
