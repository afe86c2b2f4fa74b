import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openConfig } from './open-config.ts';

test('a plain config is not touched', async () => {
  const opened = await openConfig({ config: '{"a": 1.50}', secrets: {} }, () => assert.fail('called sops'));
  assert.deepEqual(opened, { config: '{"a": 1.50}', secrets: [] });
});

test('the suffix of encrypted properties is stripped everywhere, once, and what was encrypted is secret', async () => {
  const encrypted = JSON.stringify({
    z: 1,
    password_sops: 'ENC[…]',
    list: [{ key_sops_sops: 'ENC[…]' }],
    n_sops: 'ENC[…]',
    sops: { encrypted_suffix: '_sops' },
  });
  const opened = await openConfig({ config: encrypted, secrets: {} }, async (text) => {
    assert.equal(text, encrypted);
    return '{"z":1,"password_sops":"p","list":[{"key_sops_sops":"k"}],"n_sops":12345678901234567890}';
  });
  assert.deepEqual(opened, {
    config: '{"z":1,"password":"p","list":[{"key_sops":"k"}],"n":12345678901234567890}',
    secrets: ['p', 'k', '12345678901234567890'],
  });
});

test('without a suffix, what was encrypted is secret all the same', async () => {
  const encrypted = '{"open":"o","deep":{"pin":"ENC[…]"},"sops":{"encrypted_regex":"^pin$"}}';
  const opened = await openConfig({ config: encrypted, secrets: {} }, () =>
    Promise.resolve('{"open":"o","deep":{"pin":"1234"}}'),
  );
  assert.deepEqual(opened, { config: '{"open":"o","deep":{"pin":"1234"}}', secrets: ['1234'] });
});

test('an encrypted config without the program sops says what is missing', async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = '/nonexistent';
  try {
    await assert.rejects(openConfig({ config: '{"sops":{}}', secrets: {} }), {
      code: 'CONFIG_DECRYPTION_FAILED',
      message: /the program `sops` is not installed/,
    });
  } finally {
    process.env['PATH'] = path;
  }
});

test('secrets of the control plane cannot be resolved here', async () => {
  await assert.rejects(openConfig({ config: '{}', secrets: { '/password': 'acme/pw' } }), {
    code: 'CONFIG_SECRET_UNAVAILABLE',
    message: /\/password/,
  });
});
