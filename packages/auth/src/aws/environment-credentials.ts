// The identity of this process at AWS, looked for where AWS's own tools look (AWS SDKs and tools reference guide:
// "Standardized credential providers"): environment, shared credentials file, container, instance.

import { join } from 'node:path';
import { type CloudContext, readCredentialFile, readFileIfPresent } from '../cloud-context.ts';
import type { Expiring } from '../expiring.ts';
import { errors } from '../errors.ts';
import { requestJson, requestText, unexpectedAnswer } from '../token-request.ts';
import { type AwsCredentials, awsCredentials } from './aws-credentials.ts';

/** Credentials that were written down end when the process does. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** Throws AUTH_NO_CREDENTIALS when there is nothing anywhere. */
export async function environmentCredentials(context: CloudContext): Promise<Expiring<AwsCredentials>> {
  const { env } = context;
  const fixed =
    awsCredentials(env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY'], env['AWS_SESSION_TOKEN']) ??
    (await sharedFileCredentials(context));
  if (fixed !== undefined) return { value: fixed, expiresAt: NEVER };
  return (await containerCredentials(context)) ?? instanceCredentials(context);
}

/** Keys of the profile AWS_PROFILE, or `default`, in ~/.aws/credentials. */
async function sharedFileCredentials({
  env,
  homeDirectory,
}: CloudContext): Promise<AwsCredentials | undefined> {
  const named = env['AWS_SHARED_CREDENTIALS_FILE'];
  const text =
    named === undefined || named === ''
      ? await readFileIfPresent(join(homeDirectory, '.aws', 'credentials'))
      : await readCredentialFile(named, 'AWS_SHARED_CREDENTIALS_FILE');
  if (text === undefined) return undefined;
  const wanted = env['AWS_PROFILE'] ?? 'default';
  const profile: Record<string, string> = {};
  let section = '';
  for (const line of text.split(/\r?\n/)) {
    section = /^\s*\[([^\]]*)\]/.exec(line)?.[1]?.trim() ?? section;
    const [, name, value] = /^\s*([a-z_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === wanted && name !== undefined && value !== undefined) profile[name] = value;
  }
  return awsCredentials(
    profile['aws_access_key_id'],
    profile['aws_secret_access_key'],
    profile['aws_session_token'],
  );
}

const CONTAINER_SERVICE = 'the credentials service of the container';

async function containerCredentials({ env }: CloudContext): Promise<Expiring<AwsCredentials> | undefined> {
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
  const url = relative ? `http://169.254.170.2${relative}` : env['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
  if (url === undefined || url === '') return undefined;
  const file = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
  const token = file
    ? (await readCredentialFile(file, 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE')).trim()
    : env['AWS_CONTAINER_AUTHORIZATION_TOKEN'];
  const answer = await requestJson({
    service: CONTAINER_SERVICE,
    url,
    headers: token ? { authorization: token } : {},
  });
  return fromAnswer(answer, CONTAINER_SERVICE);
}

const INSTANCE_SERVICE = 'the metadata service of the instance';

/** Version 2 of the instance metadata service: a session token first, then the role's credentials. */
async function instanceCredentials({ env }: CloudContext): Promise<Expiring<AwsCredentials>> {
  const base = env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] ?? 'http://169.254.169.254';
  const ask = { service: INSTANCE_SERVICE };
  let token: string;
  try {
    if (env['AWS_EC2_METADATA_DISABLED'] === 'true') throw new Error('AWS_EC2_METADATA_DISABLED is true');
    token = await requestText({
      ...ask,
      url: new URL('/latest/api/token', base).href,
      method: 'PUT',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
    });
  } catch (error) {
    throw errors.AUTH_NO_CREDENTIALS({
      message:
        'no identity at AWS was found: not in the environment, not in ~/.aws/credentials, not from a container or an instance',
      fix: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_WEB_IDENTITY_TOKEN_FILE.',
      cause: error,
    });
  }
  const headers = { 'x-aws-ec2-metadata-token': token };
  const roles = new URL('/latest/meta-data/iam/security-credentials/', base).href;
  const role = (await requestText({ ...ask, url: roles, headers })).split('\n')[0]?.trim() ?? '';
  const answer = await requestJson({ ...ask, url: `${roles}${role}`, headers });
  return fromAnswer(answer, INSTANCE_SERVICE);
}

function fromAnswer(answer: Readonly<Record<string, unknown>>, service: string): Expiring<AwsCredentials> {
  const value = awsCredentials(answer['AccessKeyId'], answer['SecretAccessKey'], answer['Token']);
  const expiresAt = Date.parse(String(answer['Expiration']));
  if (value === undefined || Number.isNaN(expiresAt)) throw unexpectedAnswer(service);
  return { value, expiresAt };
}
