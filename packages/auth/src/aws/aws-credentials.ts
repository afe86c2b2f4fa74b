export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string;
}

/** Made from what may be absent; undefined without the key or its secret. */
export function awsCredentials(
  accessKeyId: unknown,
  secretAccessKey: unknown,
  sessionToken: unknown,
): AwsCredentials | undefined {
  if (!isText(accessKeyId) || !isText(secretAccessKey)) return undefined;
  return { accessKeyId, secretAccessKey, ...(isText(sessionToken) ? { sessionToken } : {}) };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
