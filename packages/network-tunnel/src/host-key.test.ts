import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostKeyFingerprint, hostKeyType, parseHostKeyPins } from './host-key.ts';

// The host keys of github.com, whose fingerprints GitHub publishes.
const ed25519 = 'AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';
const ed25519Fingerprint = 'SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU';
const ecdsa =
  'AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=';
const ecdsaFingerprint = 'SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM';

test('fingerprints are those that OpenSSH prints and GitHub publishes', () => {
  assert.equal(hostKeyFingerprint(Buffer.from(ed25519, 'base64')), ed25519Fingerprint);
  assert.equal(hostKeyFingerprint(Buffer.from(ecdsa, 'base64')), ecdsaFingerprint);
  assert.equal(hostKeyType(Buffer.from(ecdsa, 'base64')), 'ecdsa-sha2-nistp256');
  assert.equal(hostKeyType(Buffer.from('xx')), '');
});

test('a pin is a fingerprint, a line of ssh-keygen -l, of known_hosts or of a .pub file', () => {
  for (const pin of [
    ed25519Fingerprint,
    `${ed25519Fingerprint}=`,
    `256 ${ed25519Fingerprint} github.com (ED25519)`,
  ]) {
    assert.deepEqual(parseHostKeyPins(pin), { fingerprints: [ed25519Fingerprint], algorithms: undefined });
  }
  for (const pin of [
    `ssh-ed25519 ${ed25519}`,
    `ssh-ed25519 ${ed25519} a comment`,
    `github.com,140.82.121.4 ssh-ed25519 ${ed25519}`,
    `# scanned today\r\n\r\n[github.com]:22 ssh-ed25519 ${ed25519}\r\n`,
  ]) {
    assert.deepEqual(parseHostKeyPins(pin), {
      fingerprints: [ed25519Fingerprint],
      algorithms: ['ssh-ed25519'],
    });
  }
});

test('several pins may each match, and the server is asked for their types only if all are known', () => {
  const both = `ssh-ed25519 ${ed25519}\necdsa-sha2-nistp256 ${ecdsa}`;
  assert.deepEqual(parseHostKeyPins(both).algorithms, ['ssh-ed25519', 'ecdsa-sha2-nistp256']);
  assert.equal(parseHostKeyPins(`${both}\n${ecdsaFingerprint}`).algorithms, undefined);
});

test('anything else is refused', () => {
  for (const pin of [
    '',
    '# nothing',
    'MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48',
    'SHA256:short',
    'ssh-ed25519',
    'ssh-ed25519 not-base64',
    `ssh-rsa ${ed25519}`,
  ]) {
    assert.throws(() => parseHostKeyPins(pin), { code: 'TUNNEL_HOST_KEY_INVALID' }, pin);
  }
});
