import { createHash } from 'node:crypto';

function md5(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** AuthenticationMD5Password: `md5` + md5(md5(password + user) + salt), in hexadecimal. */
export function md5Password(user: string, password: string, salt: Buffer): string {
  return `md5${md5(md5(password, user), salt)}`;
}
