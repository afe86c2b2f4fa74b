import type { CloudContext } from '../cloud-context.ts';
import { type Provider, renewing } from '../expiring.ts';
import { assumeRole, assumeRoleByWebIdentity, type RoleOptions } from './assume-role.ts';
import type { AwsCredentials } from './aws-credentials.ts';
import { environmentCredentials } from './environment-credentials.ts';

/** Credentials of a role, renewed in time, from whatever identity this process has at AWS. */
export function roleCredentials(role: RoleOptions, context: CloudContext): Provider<AwsCredentials> {
  const own = renewing(() => environmentCredentials(context), context.now);
  return renewing(
    async () =>
      (await assumeRoleByWebIdentity(role, context)) ?? (await assumeRole(role, await own(), context)),
    context.now,
  );
}
