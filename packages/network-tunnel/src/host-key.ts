// Host keys of an SSH server: their fingerprints as OpenSSH prints them, and the pins of the configuration.

import { createHash } from 'node:crypto';
import { errors } from './errors.ts';

export interface HostKeyPins {
  readonly fingerprints: readonly string[];
  /** What to ask the server for, if every pin says of which type its key is. */
  readonly algorithms: readonly string[] | undefined;
}

const keyType = /^(?:ssh|ecdsa|sk)-[a-z0-9@.-]+$/;

/** `SHA256:` and the digest in base64 without padding, as `ssh-keygen -l` prints it. */
export function hostKeyFingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type inside a key as the wire has it (RFC 4253, section 6.6): `ssh-ed25519`. '' for something else. */
export function hostKeyType(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0;
  const type = key.subarray(4, 4 + length).toString('latin1');
  return keyType.test(type) ? type : '';
}

/**
 * Reads pins, one a line, each of which may match: a fingerprint (`SHA256:…`, or the line of `ssh-keygen -l`), or a
 * public key (a line of known_hosts, of ssh-keyscan or of a .pub file). Throws TUNNEL_HOST_KEY_INVALID.
 */
export function parseHostKeyPins(text: string): HostKeyPins {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const pins = lines.filter((line) => line !== '' && !line.startsWith('#')).map(parsePin);
  if (pins.length === 0) throw errors.TUNNEL_HOST_KEY_INVALID({ message: 'the pinned host key is empty' });
  const types = pins.map(({ type }) => type);
  const algorithms = types.includes(undefined) ? undefined : types.flatMap((type) => signatures(type ?? ''));
  return { fingerprints: pins.map(({ fingerprint }) => fingerprint), algorithms };
}

function parsePin(line: string): { readonly fingerprint: string; readonly type: string | undefined } {
  const words = line.split(/\s+/);
  const fingerprint = words.find((word) => /^SHA256:[A-Za-z0-9+/]{43}=?$/.test(word));
  if (fingerprint !== undefined) return { fingerprint: fingerprint.replace(/=$/, ''), type: undefined };
  const at = words.findIndex((word) => keyType.test(word));
  const key = Buffer.from(words[at + 1] ?? '', 'base64');
  const type = hostKeyType(key);
  if (at >= 0 && type !== '' && type === words[at]) return { fingerprint: hostKeyFingerprint(key), type };
  throw errors.TUNNEL_HOST_KEY_INVALID({
    message: `the pinned host key ${JSON.stringify(line.slice(0, 40))} is neither a SHA256 fingerprint nor a public key`,
  });
}

/** The signature algorithms of a type of key (RFC 8332 for RSA). */
function signatures(type: string): readonly string[] {
  return type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type];
}
