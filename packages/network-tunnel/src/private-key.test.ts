import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import ssh2 from 'ssh2';
import { readPrivateKey } from './private-key.ts';

const { parseKey } = ssh2.utils;
const ed25519 = generateKeyPairSync('ed25519').privateKey;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

function typeOf(text: string): string {
  const parsed = parseKey(readPrivateKey(text, parseKey));
  if (parsed instanceof Error) throw parsed;
  return [parsed].flat()[0]?.type ?? '';
}

test('keys in PKCS#8, PKCS#1 and SEC1 are read', () => {
  assert.equal(typeOf(ed25519.export({ type: 'pkcs8', format: 'pem' }).toString()), 'ssh-ed25519');
  assert.equal(typeOf(rsa.export({ type: 'pkcs8', format: 'pem' }).toString()), 'ssh-rsa');
  assert.equal(typeOf(ec.export({ type: 'pkcs8', format: 'pem' }).toString()), 'ecdsa-sha2-nistp256');
  assert.equal(typeOf(rsa.export({ type: 'pkcs1', format: 'pem' }).toString()), 'ssh-rsa');
  assert.equal(typeOf(ec.export({ type: 'sec1', format: 'pem' }).toString()), 'ecdsa-sha2-nistp256');
});

test('line ends of Windows, spelled-out ones, blanks around lines and a missing last one do no harm', () => {
  const pem = ec.export({ type: 'sec1', format: 'pem' }).toString();
  for (const text of [
    pem.trimEnd(),
    pem.replaceAll('\n', '\r\n'),
    pem.trim().replaceAll('\n', String.raw`\n`),
    `\n  ${pem.replaceAll('\n', '\n  ')}`,
  ]) {
    assert.equal(typeOf(text), 'ecdsa-sha2-nistp256');
  }
});

test('[G9] a key that cannot be used is refused with its own code, and no part of it is in the error', () => {
  const cipher = { cipher: 'aes-256-cbc', passphrase: 'x' };
  const encryptedPkcs1 = rsa.export({ type: 'pkcs1', format: 'pem', ...cipher }).toString();
  const encryptedPkcs8 = rsa.export({ type: 'pkcs8', format: 'pem', ...cipher }).toString();
  const pem = ec.export({ type: 'sec1', format: 'pem' }).toString();
  const x25519 = generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const cases: [string, string][] = [
    [encryptedPkcs1, 'TUNNEL_KEY_ENCRYPTED'],
    [encryptedPkcs8, 'TUNNEL_KEY_ENCRYPTED'],
    ['', 'TUNNEL_KEY_INVALID'],
    ['correct horse battery staple', 'TUNNEL_KEY_INVALID'],
    [pem.slice(0, 100), 'TUNNEL_KEY_INVALID'],
    [x25519, 'TUNNEL_KEY_INVALID'],
    ['-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----', 'TUNNEL_KEY_INVALID'],
    [
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl',
      'TUNNEL_KEY_INVALID',
    ],
  ];
  for (const [text, code] of cases) {
    assert.throws(
      () => readPrivateKey(text, parseKey),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, code, error.message);
        const words = text
          .split(/\s+/)
          .filter((word) => word.length > 4 && !/PRIVATE|BEGIN|ENCRYPTED/.test(word));
        for (const word of words) assert.ok(!JSON.stringify(error).includes(word), word);
        for (const word of words) assert.ok(!error.message.includes(word), word);
        assert.equal(error.cause, undefined);
        return true;
      },
      text,
    );
  }
});
