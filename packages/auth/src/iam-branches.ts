// The variants of `credentials` that sign in with a cloud provider, the same in every connector that has them. Flow
// exchanges its own identity for short-lived credentials of the configured one and puts them into the same object; run
// elsewhere, the connector finds an identity in its environment.

import { branch, type ConfigOf, oneOfWith, optional, secret, text } from '@weir/schema/config';

function injected(title: string) {
  return { title, description: 'Set by the runtime.' };
}

export function awsIamBranch() {
  return branch(
    'AWSIAM',
    { title: 'AWS IAM' },
    {
      aws_region: text({ title: 'AWS Region', description: 'The AWS region of your database.', order: 1 }),
      aws_role_arn: text({
        title: 'AWS Role ARN',
        description: 'The AWS role with which to sign in to your database.',
        order: 2,
      }),
    },
    {
      aws_access_key_id: optional(text(injected('AWS Access Key ID'))),
      aws_secret_access_key: optional(secret(injected('AWS Secret Access Key'))),
      aws_session_token: optional(secret(injected('AWS Session Token'))),
    },
  );
}

export function gcpIamBranch() {
  return branch(
    'GCPIAM',
    { title: 'Google Cloud IAM' },
    {
      gcp_service_account_to_impersonate: text({
        title: 'Service Account',
        description: 'The Google Cloud service account to impersonate.',
        order: 1,
      }),
      gcp_workload_identity_pool_audience: text({
        title: 'Workload Identity Pool Audience',
        description: 'The audience of your workload identity pool.',
        order: 2,
      }),
    },
    { gcp_access_token: optional(secret(injected('Google Cloud Access Token'))) },
  );
}

export function azureIamBranch() {
  return branch(
    'AzureIAM',
    { title: 'Azure IAM' },
    {
      azure_client_id: text({
        title: 'Azure Client ID',
        description: 'The client ID of your Azure App registration.',
        order: 1,
      }),
      azure_tenant_id: text({
        title: 'Azure Tenant ID',
        description: 'The tenant ID of your Azure App registration.',
        order: 2,
      }),
    },
    { azure_access_token: optional(secret(injected('Azure Access Token'))) },
  );
}

/** Only for its type. */
function iamCredentials() {
  return oneOfWith('auth_type', { title: '', description: '' }, [
    awsIamBranch(),
    gcpIamBranch(),
    azureIamBranch(),
  ]);
}

/** What any of the three variants decodes to. */
export type IamCredentials = ConfigOf<ReturnType<typeof iamCredentials>>;
