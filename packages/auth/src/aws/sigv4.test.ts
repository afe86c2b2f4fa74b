// Expected values are those that AWS published: the Signature Version 4 test suite, the examples of its documentation,
// and the test of its Python client for RDS tokens.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rdsAuthToken } from './rds-auth-token.ts';
import { signingKey, signRequest, type SignableRequest } from './sigv4.ts';

const suiteScope = {
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
  region: 'us-east-1',
  service: 'service',
  now: Date.UTC(2015, 7, 30, 12, 36, 0),
};

function signatureOf(request: SignableRequest, scope = suiteScope): string {
  return /Signature=(\w+)$/.exec(signRequest(request, scope)['authorization'] ?? '')?.[1] ?? '';
}

describe('AWS Signature Version 4', () => {
  test('signs the requests of the published suite as it says', () => {
    const url = 'https://example.amazonaws.com/';
    const cases: [string, SignableRequest, string][] = [
      [
        'get-vanilla',
        { method: 'GET', url },
        '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
      ],
      [
        'get-vanilla-query-order-key-case',
        { method: 'GET', url: `${url}?Param2=value2&Param1=value1` },
        'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
      ],
      [
        'get-vanilla-query-unreserved',
        {
          method: 'GET',
          url: `${url}?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz`,
        },
        '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
      ],
      [
        'get-header-value-trim',
        { method: 'GET', url, headers: { 'My-Header1': ' value1', 'My-Header2': ' "a   b   c"' } },
        'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
      ],
      [
        'post-vanilla',
        { method: 'POST', url },
        '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
      ],
      [
        'post-x-www-form-urlencoded',
        {
          method: 'POST',
          url,
          headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
          body: 'Param1=value1',
        },
        'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
      ],
    ];
    for (const [name, request, signature] of cases) assert.equal(signatureOf(request), signature, name);
  });

  test('signs the example of the documentation: ListUsers of IAM', () => {
    const request = {
      method: 'GET',
      url: 'https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    };
    assert.equal(
      signRequest(request, { ...suiteScope, service: 'iam' })['authorization'],
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    );
    assert.equal(
      signingKey({ ...suiteScope, service: 'iam' }).toString('hex'),
      'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9',
    );
  });

  test('a session token is sent and signed with the rest', () => {
    const credentials = { ...suiteScope.credentials, sessionToken: 'a token' };
    const headers = signRequest(
      { method: 'GET', url: 'https://example.amazonaws.com/' },
      { ...suiteScope, credentials },
    );
    assert.equal(headers['x-amz-security-token'], 'a token');
    assert.match(headers['authorization'] ?? '', /SignedHeaders=host;x-amz-date;x-amz-security-token,/);
  });
});

describe('the password of an RDS user', () => {
  const options = {
    host: 'prod-instance.us-east-1.rds.amazonaws.com',
    port: 3306,
    user: 'someusername',
    region: 'us-east-1',
    credentials: { accessKeyId: 'akid', secretAccessKey: 'skid' },
    now: Date.UTC(2016, 10, 7, 17, 39, 33),
  };

  test('is what the client of AWS makes', () => {
    assert.equal(
      rdsAuthToken(options),
      'prod-instance.us-east-1.rds.amazonaws.com:3306/?Action=connect&DBUser=someusername' +
        '&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=akid%2F20161107%2Fus-east-1%2Frds-db%2Faws4_request' +
        '&X-Amz-Date=20161107T173933Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host' +
        '&X-Amz-Signature=d1138cdbc0ca63eec012ec0fc6c2267e03642168f5884a7795320d4c18374c61',
    );
  });

  test('depends on host, port, user, region, key and time, and on nothing else', () => {
    const tokens = [
      {},
      { host: 'other.us-east-1.rds.amazonaws.com' },
      { port: 5432 },
      { port: 443 },
      { user: 'jürgen+x' },
      { region: 'eu-west-1' },
      { credentials: { accessKeyId: 'akid', secretAccessKey: 'other' } },
      { credentials: { ...options.credentials, sessionToken: 'a/b+c=' } },
      { now: options.now + 1000 },
    ].map((changes) => rdsAuthToken({ ...options, ...changes }));
    assert.equal(new Set(tokens).size, tokens.length);
    assert.equal(rdsAuthToken({ ...options, now: options.now + 999 }), tokens[0]);
    assert.match(tokens[3] ?? '', /^prod-instance\.us-east-1\.rds\.amazonaws\.com:443\/\?Action=connect&/);
    assert.match(tokens[4] ?? '', /&DBUser=j%C3%BCrgen%2Bx&/);
    assert.match(tokens[7] ?? '', /&X-Amz-Security-Token=a%2Fb%2Bc%3D&X-Amz-SignedHeaders=host&/);
    assert.ok(!tokens.some((token) => token.includes('skid')));
  });
});
