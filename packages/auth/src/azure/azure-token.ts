// Access tokens of an app registration or a managed identity at Azure (Microsoft identity platform: "OAuth 2.0 client
// credentials flow"), by whatever proof the process has.

import { type CloudContext, readCredentialFile } from '../cloud-context.ts';
import { errors } from '../errors.ts';
import { type Expiring, type Provider, renewing } from '../expiring.ts';
import { requestJson, unexpectedAnswer } from '../token-request.ts';

export interface AzureIdentity {
  readonly clientId: string;
  readonly tenantId: string;
  /** What the token is for, ending in `/.default`. */
  readonly scope: string;
}

const SERVICE = "Azure's token service";
const INSTANCE_SERVICE = 'the metadata service of the virtual machine';

export function azureToken(identity: AzureIdentity, context: CloudContext): Provider<string> {
  return renewing(async () => {
    const proof = await clientProof(context);
    return proof === undefined ? managedToken(identity, context) : clientToken(identity, proof, context);
  }, context.now);
}

/** A secret, or a token of somebody whom the app registration trusts (workload identity). */
async function clientProof({ env }: CloudContext): Promise<Record<string, string> | undefined> {
  const secret = env['AZURE_CLIENT_SECRET'];
  if (secret) return { client_secret: secret };
  const file = env['AZURE_FEDERATED_TOKEN_FILE'];
  if (!file) return undefined;
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: (await readCredentialFile(file, 'AZURE_FEDERATED_TOKEN_FILE')).trim(),
  };
}

async function clientToken(
  { clientId, tenantId, scope }: AzureIdentity,
  proof: Record<string, string>,
  context: CloudContext,
): Promise<Expiring<string>> {
  const authority = context.env['AZURE_AUTHORITY_HOST'] ?? 'https://login.microsoftonline.com';
  const answer = await requestJson({
    service: SERVICE,
    url: new URL(`/${encodeURIComponent(tenantId)}/oauth2/v2.0/token`, authority).href,
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, scope, ...proof }),
  });
  return tokenOf(answer, SERVICE, context);
}

/** Of the virtual machine that this runs on. */
async function managedToken(
  { clientId, scope }: AzureIdentity,
  context: CloudContext,
): Promise<Expiring<string>> {
  const base = context.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] ?? 'http://169.254.169.254';
  const url = new URL('/metadata/identity/oauth2/token', base);
  url.searchParams.set('api-version', '2018-02-01');
  url.searchParams.set('resource', scope.replace(/\/\.default$/, ''));
  url.searchParams.set('client_id', clientId);
  try {
    const headers = { metadata: 'true' };
    return tokenOf(
      await requestJson({ service: INSTANCE_SERVICE, url: url.href, headers }),
      INSTANCE_SERVICE,
      context,
    );
  } catch (error) {
    throw errors.AUTH_NO_CREDENTIALS({
      message: 'no identity at Azure was found: no secret, no federated token, no managed identity',
      fix: 'Set AZURE_CLIENT_SECRET or AZURE_FEDERATED_TOKEN_FILE for the configured client.',
      cause: error,
    });
  }
}

function tokenOf(
  answer: Readonly<Record<string, unknown>>,
  service: string,
  context: CloudContext,
): Expiring<string> {
  const [token, seconds] = [answer['access_token'], Number(answer['expires_in'])];
  if (typeof token !== 'string' || token === '' || !(seconds > 0)) throw unexpectedAnswer(service);
  return { value: token, expiresAt: context.now() + seconds * 1000 };
}
