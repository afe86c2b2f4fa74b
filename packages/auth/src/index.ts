export { type AwsCredentials } from './aws/aws-credentials.ts';
export { rdsAuthToken, type RdsAuthTokenOptions } from './aws/rds-auth-token.ts';
export { roleCredentials } from './aws/role-credentials.ts';
export { presign, type SignableRequest, signRequest, type SigningScope } from './aws/sigv4.ts';
export { azureToken, type AzureIdentity } from './azure/azure-token.ts';
export { type CloudContext, processContext } from './cloud-context.ts';
export {
  checkIamCredentials,
  databasePassword,
  type DatabaseLogin,
  type DatabaseTokens,
} from './database-password.ts';
export { catalogue, errors } from './errors.ts';
export { type Expiring, type Provider, renewing } from './expiring.ts';
export { type ImpersonationOptions, serviceAccountToken } from './google/impersonated-token.ts';
export { awsIamBranch, azureIamBranch, gcpIamBranch, type IamCredentials } from './iam-branches.ts';
