import { WeirError } from '@weir/protocol';
import type { CloudContext } from '../cloud-context.ts';
import { type Expiring, type Provider, renewing } from '../expiring.ts';
import { assumeRole, assumeRoleByWebIdentity, isRole, type RoleOptions } from './assume-role.ts';
import type { AwsCredentials } from './aws-credentials.ts';
import { environmentCredentials } from './environment-credentials.ts';

/** Credentials of a role, renewed in time, from whatever identity this process has at AWS. */
export function roleCredentials(role: RoleOptions, context: CloudContext): Provider<AwsCredentials> {
  return renewing(
    async () => (await assumeRoleByWebIdentity(role, context)) ?? (await assumedOrOwn(role, context)),
    context.now,
  );
}

/** A role may not assume itself unless it says so, and need not. */
async function assumedOrOwn(role: RoleOptions, context: CloudContext): Promise<Expiring<AwsCredentials>> {
  const own = await environmentCredentials(context);
  try {
    return await assumeRole(role, own.value, context);
  } catch (error) {
    if (!(error instanceof WeirError) || error.code !== 'AUTH_REFUSED') throw error;
    if (await isRole(role, own.value, context).catch(() => false)) return own;
    throw error;
  }
}
