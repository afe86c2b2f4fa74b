import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { Secret } from '@weir/schema';
import {
  github,
  hubspot,
  knock,
  sendgrid,
  shopify,
  slack,
  standardWebhooks,
  stripe,
  twilio,
  zendesk,
  zoom,
} from './signatures.ts';
import { basicPassword, ecdsa, headerSecret, hmac, type Verification } from './verification.ts';
import type { WebhookRequest } from './webhook-request.ts';

const NOW = Date.parse('2024-05-05T05:00:00Z');
const secret = new Secret('the key');

function request(
  headers: Record<string, string>,
  body = '{"a":1}',
  target = '/in?x=1',
  method = 'POST',
): WebhookRequest {
  const [path = '', query = ''] = target.split('?');
  return {
    method,
    target,
    path,
    query: new URLSearchParams(query),
    headers,
    body: Buffer.from(body),
    receivedMs: NOW,
  };
}

test('the examples of vendors’ own guides are accepted', () => {
  const github_ = github(new Secret("It's a Secret to Everybody"));
  const hello = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
  assert.equal(github_(request({ 'x-hub-signature-256': hello }, 'Hello, World!'), NOW), undefined);

  const command =
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
  const slacked = request(
    {
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    },
    command,
  );
  assert.equal(slack(new Secret('8f742231b10e8888abcd99yyyzzz85a5'))(slacked, 1_531_420_618_000), undefined);

  const called =
    'Digits=1234&To=%2B18005551212&From=%2B14158675309&Caller=%2B14158675309&CallSid=CA1234567890ABCDE';
  const phoned = request(
    { 'x-twilio-signature': 'RSOYDt4T1cUTdK1PDd93/VVr8B8=' },
    called,
    '/myapp.php?foo=1&bar=2',
  );
  assert.equal(twilio(new Secret('12345'), 'https://mycompany.com')(phoned, NOW), undefined);

  const svixed = request(
    {
      'svix-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'svix-timestamp': '1614265330',
      'svix-signature':
        'v1,bm9ldHUjKzFob2VudXRob2VodWUzMjRvdWVvdW9ldQo= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
    '{"test": 2432232314}',
  );
  const svix = standardWebhooks(new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'), 'svix');
  assert.equal(svix(svixed, 1_614_265_330_000), undefined);
});

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const der = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const mac = (text: string, encoding: 'hex' | 'base64', key: string | Buffer = 'the key'): string =>
  createHmac('sha256', key).update(text).digest(encoding);

/** What a vendor sends with a body at a time. */
type Signer = (body: string, atMs: number) => Record<string, string>;

const seconds = (atMs: number): string => String(Math.floor(atMs / 1000));
const aged: Readonly<Record<string, { readonly verify: Verification; readonly sign: Signer }>> = {
  stripe: {
    verify: stripe(secret),
    sign: (body, at) => ({
      'stripe-signature': `t=${seconds(at)},v1=${'0'.repeat(64)},v1=${mac(`${seconds(at)}.${body}`, 'hex')},v0=x`,
    }),
  },
  slack: {
    verify: slack(secret),
    sign: (body, at) => ({
      'x-slack-request-timestamp': seconds(at),
      'x-slack-signature': `v0=${mac(`v0:${seconds(at)}:${body}`, 'hex')}`,
    }),
  },
  zoom: {
    verify: zoom(secret),
    sign: (body, at) => ({
      'x-zm-request-timestamp': seconds(at),
      'x-zm-signature': `v0=${mac(`v0:${seconds(at)}:${body}`, 'hex')}`,
    }),
  },
  knock: {
    verify: knock(secret),
    sign: (body, at) => ({ 'x-knock-signature': `t=${at},s=${mac(`${at}.${body}`, 'base64')}` }),
  },
  zendesk: {
    verify: zendesk(secret),
    sign: (body, at) => ({
      'x-zendesk-webhook-signature-timestamp': new Date(at).toISOString(),
      'x-zendesk-webhook-signature': mac(`${new Date(at).toISOString()}${body}`, 'base64'),
    }),
  },
  hubspot: {
    verify: hubspot(secret, 'https://me.example'),
    sign: (body, at) => ({
      'x-hubspot-request-timestamp': String(at),
      'x-hubspot-signature-v3': mac(`POSThttps://me.example/in?x=1${body}${at}`, 'base64'),
    }),
  },
  'standard webhooks': {
    verify: standardWebhooks(new Secret(`whsec_${Buffer.from('the key').toString('base64')}`)),
    sign: (body, at) => ({
      'webhook-id': 'm1',
      'webhook-timestamp': seconds(at),
      'webhook-signature': `v1,${mac(`m1.${seconds(at)}.${body}`, 'base64')}`,
    }),
  },
  sendgrid: {
    verify: sendgrid(new Secret(der)),
    sign: (body, at) => ({
      'x-twilio-email-event-webhook-timestamp': seconds(at),
      'x-twilio-email-event-webhook-signature': sign(
        'sha256',
        Buffer.from(`${seconds(at)}${body}`),
        privateKey,
      ).toString('base64'),
    }),
  },
};

for (const [vendor, { verify, sign: signs }] of Object.entries(aged)) {
  test(`${vendor}: what was signed is accepted, and nothing else: another body, another time, none, garbage`, () => {
    const good = signs('{"a":1}', NOW);
    assert.equal(verify(request(good), NOW), undefined);
    assert.equal(verify(request(good, '{"a":2}'), NOW), 'the signature is not that of the request');
    assert.match(verify(request({}), NOW) ?? '', /missing/);
    assert.match(verify(request(good, ''), NOW) ?? '', /needs a body/);
    for (const name of Object.keys(good).filter((header) => /signature(-v3)?$/.test(header))) {
      const spoilt = { ...good, [name]: (good[name] ?? '').replaceAll(/[=,]?[A-Za-z0-9+/]{20,}=*/g, ',x') };
      assert.notEqual(verify(request(spoilt), NOW), undefined, name);
    }
  });

  test(`${vendor}: a signature holds for five minutes, and 15 seconds before its time`, () => {
    const at = (offsetMs: number): string | undefined =>
      verify(request(signs('{"a":1}', NOW + offsetMs)), NOW);
    assert.equal(at(-300_000), undefined);
    assert.equal(at(-301_000), 'the signature is too old');
    assert.equal(at(15_000), undefined);
    assert.equal(at(16_000), 'the signature is from the future');
  });
}

test('github and shopify: the body alone is signed', () => {
  const hub = { 'x-hub-signature-256': `sha256=${mac('{"a":1}', 'hex')}` };
  const shop = { 'x-shopify-hmac-sha256': mac('{"a":1}', 'base64') };
  for (const [verify, headers] of [
    [github(secret), hub],
    [shopify(secret), shop],
  ] as const) {
    assert.equal(verify(request(headers), NOW), undefined);
    assert.equal(verify(request(headers, '{"a":1} '), NOW), 'the signature is not that of the request');
    assert.equal(verify(request({}), NOW), 'the signature is missing');
  }
  assert.equal(
    github(secret)(request({ 'x-hub-signature-256': mac('{"a":1}', 'hex') }), NOW),
    'the signature is missing',
  );
});

test('twilio: a body that is no form is known by its digest in the URL', () => {
  const target = '/in?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862';
  const signature = createHmac('sha1', 'the key').update(`https://me.example${target}`).digest('base64');
  const check = twilio(secret, 'https://me.example');
  const headers = { 'x-twilio-signature': signature };
  assert.equal(check(request(headers, '{"a":1}', target), NOW), undefined);
  assert.equal(check(request(headers, '{"a":2}', target), NOW), 'the body is not the one that was signed');
});

test('a key of ECDSA may be PEM, DER in base64, or an error that says so', () => {
  const body = '{"a":1}';
  const signature = sign('sha256', Buffer.from(body), privateKey).toString('base64');
  const options = {
    encoding: 'base64',
    signatures: ({ headers }: WebhookRequest) => [headers['x-sig'] ?? ''],
  } as const;
  for (const key of [pem, der]) {
    assert.equal(ecdsa({ ...options, publicKey: key })(request({ 'x-sig': signature }), NOW), undefined);
  }
  assert.throws(() => ecdsa({ ...options, publicKey: 'no key' }), { code: 'CDK_WEBHOOK_INVALID' });
  const { publicKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const rsaPem = rsa.export({ type: 'spki', format: 'pem' }).toString();
  assert.throws(() => ecdsa({ ...options, publicKey: rsaPem }), { code: 'CDK_WEBHOOK_INVALID' });
});

test('passwords and secret headers are compared whole, and are marked as what no document may hold', () => {
  const token = headerSecret('X-Token', secret);
  assert.equal(token(request({ 'x-token': 'the key' }), NOW), undefined);
  assert.notEqual(token(request({ 'x-token': 'the key ' }), NOW), undefined);
  assert.notEqual(token(request({}), NOW), undefined);
  assert.deepEqual(token.hides, ['x-token']);
  const password = basicPassword('me', secret);
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  assert.equal(password(request(basic('me:the key')), NOW), undefined);
  assert.notEqual(password(request(basic('me:the')), NOW), undefined);
});

test('what a refusal says does not hold the key, nor the right signature', () => {
  const verify = hmac({ secret, encoding: 'hex', signatures: ({ headers }) => [headers['x-sig'] ?? ''] });
  const said = verify(request({ 'x-sig': '00' }), NOW) ?? '';
  assert.equal(said, 'the signature is not that of the request');
});
