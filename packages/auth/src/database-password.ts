// Cloud identities as passwords of database users. What the runtime injected is used as it is; otherwise tokens are
// asked for with the identity that the environment has, and renewed before they end. A provider is called for each new
// connection.

import { type CloudContext, processContext } from './cloud-context.ts';
import { errors } from './errors.ts';
import type { Provider } from './expiring.ts';
import type { IamCredentials } from './iam-branches.ts';
import { type AwsCredentials, awsCredentials } from './aws/aws-credentials.ts';
import { rdsAuthToken } from './aws/rds-auth-token.ts';
import { roleCredentials } from './aws/role-credentials.ts';
import { azureToken } from './azure/azure-token.ts';
import { serviceAccountToken } from './google/impersonated-token.ts';

export interface DatabaseLogin {
  /** The server's own address, also where the connection goes through a tunnel. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

export interface DatabaseTokens {
  /** OAuth scopes of a token that Google's database takes as a password. */
  readonly googleScopes: readonly string[];
  /** The scope of a token that Azure's database takes as a password. */
  readonly azureScope: string;
}

type AwsIam = Extract<IamCredentials, { auth_type: 'AWSIAM' }>;

/** Throws AUTH_CONFIG_INVALID for half of an injected credential, or a role and region that cannot be. */
export function checkIamCredentials(credentials: IamCredentials): void {
  switch (credentials.auth_type) {
    case 'AWSIAM':
      injectedAwsCredentials(credentials);
      if (!/^[a-z]{2}(-[a-z]+)+-\d+$/.test(credentials.aws_region)) {
        throw errors.AUTH_CONFIG_INVALID({
          message: `/credentials/aws_region is ${JSON.stringify(credentials.aws_region)}, which is no region`,
          fix: 'Write it as us-east-1.',
        });
      }
      requireText(credentials, ['aws_role_arn']);
      return;
    case 'GCPIAM':
      requireText(credentials, ['gcp_service_account_to_impersonate', 'gcp_workload_identity_pool_audience']);
      return;
    case 'AzureIAM':
      requireText(credentials, ['azure_client_id', 'azure_tenant_id']);
  }
}

function requireText(credentials: IamCredentials, names: readonly string[]): void {
  const values: Readonly<Record<string, unknown>> = { ...credentials };
  for (const name of names) {
    const value = values[name];
    if (typeof value !== 'string' || value.trim() === '')
      throw errors.AUTH_CONFIG_INVALID({ message: `/credentials/${name} is empty` });
  }
}

function injectedAwsCredentials(credentials: AwsIam): AwsCredentials | undefined {
  const [id, key] = [credentials.aws_access_key_id, credentials.aws_secret_access_key?.reveal()];
  if (Boolean(id) !== Boolean(key)) {
    throw errors.AUTH_CONFIG_INVALID({
      message: `/credentials has no ${id ? 'aws_secret_access_key' : 'aws_access_key_id'} beside ${id ? 'aws_access_key_id' : 'aws_secret_access_key'}`,
    });
  }
  return awsCredentials(id, key, credentials.aws_session_token?.reveal());
}

export function databasePassword(
  credentials: IamCredentials,
  login: DatabaseLogin,
  tokens: DatabaseTokens,
  context: CloudContext = processContext(),
): Provider<string> {
  switch (credentials.auth_type) {
    case 'AWSIAM': {
      const region = credentials.aws_region;
      const fixed = injectedAwsCredentials(credentials);
      const role = roleCredentials({ roleArn: credentials.aws_role_arn, region }, context);
      return async () =>
        rdsAuthToken({ ...login, region, credentials: fixed ?? (await role()), now: context.now() });
    }
    case 'GCPIAM': {
      const fixed = credentials.gcp_access_token?.reveal();
      if (fixed) return () => Promise.resolve(fixed);
      return serviceAccountToken(
        {
          serviceAccount: credentials.gcp_service_account_to_impersonate,
          audience: credentials.gcp_workload_identity_pool_audience,
          scopes: tokens.googleScopes,
        },
        context,
      );
    }
    case 'AzureIAM': {
      const fixed = credentials.azure_access_token?.reveal();
      if (fixed) return () => Promise.resolve(fixed);
      const { azure_client_id: clientId, azure_tenant_id: tenantId } = credentials;
      return azureToken({ clientId, tenantId, scope: tokens.azureScope }, context);
    }
  }
}
