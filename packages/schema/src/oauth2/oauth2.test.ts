import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OAuth2 } from '@weir/protocol';
import { authorizationUrl, mappedAnswer, renderTemplate, tokenRequest } from './index.ts';

const now = Date.parse('2024-05-05T05:00:00Z');

test('a template has the values of the flow and of the configuration, raw or encoded', () => {
  const values = { client_id: 'a&b', state: 's/1', config: { tenant: { name: 'acme' }, sandbox: true } };
  for (const [template, expected] of [
    ['{{{client_id}}}', 'a&b'],
    ['{{#urlencode}}{{{client_id}}}{{/urlencode}}', 'a%26b'],
    ['https://{{{config.tenant.name}}}.example.com', 'https://acme.example.com'],
    ['{{#config.sandbox}}test{{/config.sandbox}}{{^config.sandbox}}login{{/config.sandbox}}', 'test'],
    ['{{#basicauth}}{{{client_id}}}:{{{state}}}{{/basicauth}}', `Basic ${btoa('a&b:s/1')}`],
    ['{{{code}}}', ''],
  ] as const) {
    assert.equal(renderTemplate(template, values, now), expected);
  }
});

const oauth2: OAuth2 = {
  provider: 'sample',
  authUrlTemplate:
    'https://{{{config.site}}}/authorize?client_id={{#urlencode}}{{{client_id}}}{{/urlencode}}',
  accessTokenUrlTemplate: 'https://{{{config.site}}}/token',
  accessTokenMethod: '',
  accessTokenBody: '{"code":"{{{code}}}","verifier":"{{{code_verifier}}}"}',
  accessTokenHeaders: { 'X-Client': '"{{{client_id}}}"' },
  accessTokenResponseMap: {
    refresh_token: '"/tokens/refresh"',
    access_token_expires_at: '"{{#now_plus}}{{ expires_in }}{{/now_plus}}"',
    site: '"/site"',
  },
  refreshTokenUrlTemplate: '',
  refreshTokenMethod: '',
  refreshTokenBody: '',
  refreshTokenHeaders: {},
  refreshTokenResponseMap: {},
};

test('the user is sent to the provider, the code is exchanged, and the answer becomes credentials', () => {
  const values = { client_id: 'me', code: 'c', code_verifier: 'v', config: { site: 'acme.example.com' } };
  assert.equal(authorizationUrl(oauth2, values, now), 'https://acme.example.com/authorize?client_id=me');
  assert.deepEqual(tokenRequest(oauth2, values, now), {
    method: 'POST',
    url: 'https://acme.example.com/token',
    headers: { accept: 'application/json', 'content-type': 'application/json', 'x-client': 'me' },
    body: '{"code":"c","verifier":"v"}',
  });
  const answer = { tokens: { refresh: 'r' }, expires_in: 3600 };
  assert.deepEqual(mappedAnswer(oauth2.accessTokenResponseMap, answer, now), {
    refresh_token: 'r',
    access_token_expires_at: '2024-05-05T06:00:00.000Z',
  });
  assert.deepEqual(mappedAnswer({}, answer, now), answer);
});
