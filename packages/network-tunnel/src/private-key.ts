// The private key of the configuration, in the form that ssh2 reads. People paste keys in every condition: with line
// ends of Windows, without the last one, with `\n` spelled out, in PKCS#8. Errors never repeat any of it.

import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { ParseKey } from 'ssh2';
import { errors } from './errors.ts';

/** Throws TUNNEL_KEY_ENCRYPTED and TUNNEL_KEY_INVALID. */
export function readPrivateKey(text: string, parseKey: ParseKey): string {
  const key = fromPkcs8(tidy(text));
  const parsed = parseKey(key);
  if (parsed instanceof Error) {
    if (/encrypted|passphrase/i.test(parsed.message)) throw encrypted();
    throw errors.TUNNEL_KEY_INVALID({ message: `the SSH private key cannot be read: ${parsed.message}` });
  }
  const [first] = [parsed].flat();
  if (first?.isPrivateKey() !== true) {
    throw errors.TUNNEL_KEY_INVALID({
      message: 'what is given as the SSH private key is a public key',
      fix: 'Paste the other file of the pair, the one without .pub.',
    });
  }
  return key;
}

function tidy(text: string): string {
  const trimmed = text.trim().replaceAll(/\r\n?/g, '\n');
  const lines = trimmed.includes('\n') ? trimmed : trimmed.replaceAll(String.raw`\n`, '\n');
  return `${lines
    .split('\n')
    .map((line) => line.trim())
    .join('\n')}\n`;
}

function encrypted() {
  return errors.TUNNEL_KEY_ENCRYPTED({ message: 'the SSH private key is protected by a passphrase' });
}

/** ssh2 knows the older PEM forms and OpenSSH's, but not PKCS#8, which OpenSSH reads as well. */
function fromPkcs8(key: string): string {
  if (key.startsWith('-----BEGIN ENCRYPTED PRIVATE KEY-----')) throw encrypted();
  if (!key.startsWith('-----BEGIN PRIVATE KEY-----')) return key;
  let object: KeyObject;
  try {
    object = createPrivateKey(key);
  } catch {
    throw errors.TUNNEL_KEY_INVALID({ message: 'the SSH private key is no valid PKCS#8' });
  }
  switch (object.asymmetricKeyType) {
    case 'rsa':
      return object.export({ type: 'pkcs1', format: 'pem' }).toString();
    case 'ec':
      return object.export({ type: 'sec1', format: 'pem' }).toString();
    case 'ed25519':
      return openSshEd25519(object);
    default:
      throw errors.TUNNEL_KEY_INVALID({
        message: `SSH has no use for a private key of type ${object.asymmetricKeyType ?? 'unknown'}`,
      });
  }
}

/** OpenSSH's own format (PROTOCOL.key), unencrypted. */
function openSshEd25519(key: KeyObject): string {
  const { d = '', x = '' } = key.export({ format: 'jwk' });
  const [seed, point] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')];
  const publicKey = Buffer.concat([text('ssh-ed25519'), text(point)]);
  const check = Buffer.alloc(8);
  const secret = Buffer.concat([check, publicKey, text(Buffer.concat([seed, point])), text('')]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, (8 - (secret.length % 8)) % 8);
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    text('none'),
    text('none'),
    text(''),
    Buffer.from([0, 0, 0, 1]),
    text(publicKey),
    text(Buffer.concat([secret, padding])),
  ]);
  const lines = file.toString('base64').match(/.{1,70}/g) ?? [];
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

/** A string of the SSH protocol: its length in four bytes, and its bytes. */
function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
