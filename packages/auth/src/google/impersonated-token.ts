import type { CloudContext } from '../cloud-context.ts';
import { type Provider, renewing } from '../expiring.ts';
import { requestJson, unexpectedAnswer } from '../token-request.ts';
import { googleAccessToken, ownServiceAccount } from './google-credentials.ts';

export interface ImpersonationOptions {
  /** The e-mail address of the service account to act as. */
  readonly serviceAccount: string;
  /** Of the workload identity pool, where the file of credentials names none. */
  readonly audience: string;
  /** OAuth scopes of the token. */
  readonly scopes: readonly string[];
}

const SERVICE = "Google's IAM credentials service";
const IMPERSONATION_SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];

/**
 * Access tokens of a service account, renewed in time: the account's own key if that is what the process has, else by
 * impersonation (IAM documentation: "Create short-lived credentials for a service account").
 */
export function serviceAccountToken(options: ImpersonationOptions, context: CloudContext): Provider<string> {
  const { serviceAccount, audience, scopes } = options;
  return renewing(async () => {
    if ((await ownServiceAccount(context)) === serviceAccount)
      return googleAccessToken({ scopes, audience }, context);
    const own = await googleAccessToken({ scopes: IMPERSONATION_SCOPES, audience }, context);
    const answer = await requestJson({
      service: SERVICE,
      url: new URL(
        `/v1/projects/-/serviceAccounts/${encodeURIComponent(serviceAccount)}:generateAccessToken`,
        // The name that gcloud has for another address.
        context.env['CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS'] ??
          'https://iamcredentials.googleapis.com',
      ).href,
      headers: { authorization: `Bearer ${own.value}` },
      body: { scope: scopes, lifetime: '3600s' },
    });
    const [value, expiresAt] = [answer['accessToken'], Date.parse(String(answer['expireTime']))];
    if (typeof value !== 'string' || Number.isNaN(expiresAt)) throw unexpectedAnswer(SERVICE);
    return { value, expiresAt };
  }, context.now);
}
