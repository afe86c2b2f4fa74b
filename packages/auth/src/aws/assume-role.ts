// Temporary credentials of a role, from AWS's Security Token Service.

import { type CloudContext, readCredentialFile } from '../cloud-context.ts';
import type { Expiring } from '../expiring.ts';
import { requestText, unexpectedAnswer } from '../token-request.ts';
import { type AwsCredentials, awsCredentials } from './aws-credentials.ts';
import { signRequest } from './sigv4.ts';

export interface RoleOptions {
  readonly roleArn: string;
  readonly region: string;
}

const SERVICE = "AWS's Security Token Service";
const SESSION_NAME = 'weir';
const VERSION = '2011-06-15';

/** Acts as the role by the web identity of AWS_WEB_IDENTITY_TOKEN_FILE; undefined when there is none. */
export async function assumeRoleByWebIdentity(
  role: RoleOptions,
  context: CloudContext,
): Promise<Expiring<AwsCredentials> | undefined> {
  const file = context.env['AWS_WEB_IDENTITY_TOKEN_FILE'];
  if (file === undefined || file === '') return undefined;
  const token = await readCredentialFile(file, 'AWS_WEB_IDENTITY_TOKEN_FILE');
  const body = form(role, 'AssumeRoleWithWebIdentity', { WebIdentityToken: token.trim() });
  return credentialsOf(await requestText({ service: SERVICE, url: endpoint(role, context), body, headers }));
}

/** Acts as the role, as somebody who may. */
export async function assumeRole(
  role: RoleOptions,
  credentials: AwsCredentials,
  context: CloudContext,
): Promise<Expiring<AwsCredentials>> {
  return credentialsOf(await signedRequest(role, form(role, 'AssumeRole', {}), credentials, context));
}

/** Whether these are credentials of the role already, as on an instance or in a container that runs as it. */
export async function isRole(
  role: RoleOptions,
  credentials: AwsCredentials,
  context: CloudContext,
): Promise<boolean> {
  const body = new URLSearchParams({ Action: 'GetCallerIdentity', Version: VERSION }).toString();
  const answer = await signedRequest(role, body, credentials, context);
  const own = /<Arn>\s*arn:[^:]*:sts::(\d+):assumed-role\/([^/<]+)\//.exec(answer);
  const wanted = /^arn:[^:]*:iam::(\d+):role\/(?:.*\/)?([^/]+)$/.exec(role.roleArn);
  return own !== null && wanted !== null && own[1] === wanted[1] && own[2] === wanted[2];
}

function signedRequest(
  role: RoleOptions,
  body: string,
  credentials: AwsCredentials,
  context: CloudContext,
): Promise<string> {
  const url = endpoint(role, context);
  const signed = signRequest(
    { method: 'POST', url, headers, body },
    { credentials, region: role.region, service: 'sts', now: context.now() },
  );
  // fetch sets the host itself, from the same URL.
  const { host: _, ...sent } = signed;
  return requestText({ service: SERVICE, url, body, headers: sent });
}

const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };

/** AWS_ENDPOINT_URL_STS is the name that AWS's own tools have for another address. */
function endpoint({ region }: RoleOptions, { env }: CloudContext): string {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return new URL('/', env['AWS_ENDPOINT_URL_STS'] ?? `https://sts.${region}.${domain}`).href;
}

function form(role: RoleOptions, action: string, more: Readonly<Record<string, string>>): string {
  const fields = {
    Action: action,
    Version: VERSION,
    RoleArn: role.roleArn,
    RoleSessionName: SESSION_NAME,
    ...more,
  };
  return new URLSearchParams(fields).toString();
}

/** The answer is XML whose values are free of markup. */
function credentialsOf(xml: string): Expiring<AwsCredentials> {
  const field = (name: string): string | undefined =>
    new RegExp(`<${name}>\\s*([^<]*?)\\s*</${name}>`).exec(xml)?.[1];
  const value = awsCredentials(field('AccessKeyId'), field('SecretAccessKey'), field('SessionToken'));
  const expiresAt = Date.parse(field('Expiration') ?? '');
  if (value === undefined || Number.isNaN(expiresAt)) throw unexpectedAnswer(SERVICE);
  return { value, expiresAt };
}
