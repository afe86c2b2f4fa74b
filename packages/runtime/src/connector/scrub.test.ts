import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJson } from '@weir/schema';
import { scrubber, scrubLog, secretsOf } from './scrub.ts';

const schema = {
  properties: {
    user: { type: 'string' },
    pin: { type: 'string', secret: true },
    credentials: {
      oneOf: [{ properties: { kind: { const: 'a' }, value: { type: 'string', airbyte_secret: true } } }],
    },
  },
};

test('secrets are what the schema marks, in any branch, and what is named like one', () => {
  const config = {
    user: 'ann',
    pin: 'p1',
    credentials: { kind: 'a', value: 'v1' },
    api_key: 'k1',
    tableKey: 'id',
  };
  assert.deepEqual(secretsOf(config, schema), ['p1', 'v1', 'k1']);
});

test('a password that is also the name of the user is no secret in a log', () => {
  assert.deepEqual(secretsOf({ user: 'postgres', password: 'postgres' }, schema), []);
});

test('[G9] numbers are secrets like texts: where the schema marks them, and where a name says so', () => {
  const marked = { properties: { pin: { type: 'integer', secret: true } } };
  const text =
    '{"pin":40077,"port":5432,"password":12345678901234567890,"api_keys":["k-1",2.5],"token":true}';
  const secrets = secretsOf(parseJson(text), marked);
  assert.deepEqual(secrets, ['40077', '12345678901234567890', 'k-1', '2.5']);
  const log = {
    ts: '',
    level: 'info',
    message: 'pin 40077 at 5432, 12345678901234567890',
    fields: { pin: 40_077, port: 5432, url: 'h?k=2.5' },
  } as const;
  const { message, fields } = scrubLog(log, scrubber(secrets));
  assert.deepEqual([message, fields], ['pin *** at 5432, ***', { pin: '***', port: 5432, url: 'h?k=***' }]);
});

test('[G9] a secret disappears in its plain, URL and JSON spelling', () => {
  const scrub = scrubber(['s3cr"t/%']);
  assert.equal(
    scrub('s3cr"t/% postgres://u:s3cr%22t%2F%25@h {"p":"s3cr\\"t/%"}'),
    '*** postgres://u:***@h {"p":"***"}',
  );
});

test('a short secret disappears only as a word of its own', () => {
  assert.equal(scrubber(['ab'])('ab cab ab! table'), '*** cab ***! table');
});

test('the lines of a private key disappear one by one', () => {
  const key = '-----BEGIN-----\nMIIEvQIBADANBgkqhkiG\n-----END-----';
  assert.equal(scrubber([key])('read MIIEvQIBADANBgkqhkiG'), 'read ***');
});

test('[G9] messages and nested fields of a log are scrubbed', () => {
  const log = {
    ts: '',
    level: 'info',
    message: 'pw hunter2',
    fields: { a: [{ b: 'hunter2' }], n: 1 },
  } as const;
  assert.deepEqual(scrubLog(log, scrubber(['hunter2'])), {
    ...log,
    message: 'pw ***',
    fields: { a: [{ b: '***' }], n: 1 },
  });
});
