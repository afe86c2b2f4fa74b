import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** A program of that name that keeps what it was called with, answers `answer` and ends with `status`. */
async function withSops(
  answer: string,
  status: number,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-sops-'));
  const path = process.env['PATH'];
  const script = `#!/bin/sh
for a in "$@"; do printf '%s\\n' "$a"; done > '${folder}/arguments'
cat > '${folder}/stdin'
${answer}
exit ${status}
`;
  writeFileSync(join(folder, 'sops'), script, { mode: 0o755 });
  process.env['PATH'] = `${folder}:${path}`;
  try {
    await body(folder);
  } finally {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true });
  }
}

test('sops (a fake that shows how it is called) gets the config as written on stdin, as JSON in and out', async () => {
  const encrypted = '{"z":1, "a_sops":"ENC[x]","sops":{"encrypted_suffix":"_sops"}}';
  await withSops(`printf '%s' '{"z":1,"a_sops":"clear"}'`, 0, async (folder) => {
    const opened = await openConfig({ config: encrypted, secrets: {} });
    assert.deepEqual(opened, { config: '{"z":1,"a":"clear"}', secrets: ['clear'] });
    assert.equal(readFileSync(join(folder, 'stdin'), 'utf8'), encrypted);
    assert.equal(
      readFileSync(join(folder, 'arguments'), 'utf8'),
      '--decrypt\n--input-type\njson\n--output-type\njson\n/dev/stdin\n',
    );
  });
});

test('what sops says when it fails is told', async () => {
  await withSops(`echo 'no key could be found' >&2`, 128, async () => {
    await assert.rejects(openConfig({ config: '{"sops":{}}', secrets: {} }), {
      code: 'CONFIG_DECRYPTION_FAILED',
      message: /sops could not decrypt the config: no key could be found$/,
    });
  });
});

test('secrets of the control plane cannot be resolved here', async () => {
  await assert.rejects(openConfig({ config: '{}', secrets: { '/password': 'acme/pw' } }), {
    code: 'CONFIG_SECRET_UNAVAILABLE',
    message: /\/password/,
  });
});
