import type { AwsCredentials } from './aws-credentials.ts';
import { presign } from './sigv4.ts';

export interface RdsAuthTokenOptions {
  /** The server's own address, also where the connection goes through a tunnel. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly region: string;
  readonly credentials: AwsCredentials;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const VALID_SECONDS = 900;

/**
 * The password of a database user who has `rds_iam`: a presigned request without its scheme, good for 15 minutes to
 * open a connection (Amazon RDS user guide: "IAM database authentication"). Nothing is sent to AWS.
 */
export function rdsAuthToken({ host, port, user, region, credentials, now }: RdsAuthTokenOptions): string {
  const url = `https://${host}:${port}/?Action=connect&DBUser=${encodeURIComponent(user)}`;
  const scope = { credentials, region, service: 'rds-db', now };
  return presign(url, scope, VALID_SECONDS).slice('https://'.length);
}
