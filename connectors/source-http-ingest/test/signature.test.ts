// The cases of upstream's own tests of signatures, by what they are about. Age, future and vendors' headers are tested with the
// kit as well (packages/cdk/src/webhook/signatures.test.ts).

import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import type { Verification } from '@weir/cdk';
import { decodeConfig } from '@weir/schema';
import { verificationOf } from '../src/signature.ts';
import { spec } from '../src/spec.ts';

const NOW = Date.parse('2024-05-05T05:00:00Z');
const NOW_S = String(NOW / 1000);
const BODY = '{"hello":"world"}';
const WRONG = 'the signature is not that of the request';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const der = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

function verification(signatureConfig: object): Verification {
  const text = JSON.stringify({ signatureConfig });
  const config = decodeConfig(spec.configSchema, text, { what: 'the configuration' });
  const made = verificationOf(config.signatureConfig);
  assert.ok(made !== undefined);
  return made;
}

function said(check: Verification, headers: Record<string, string>, body = BODY): string | undefined {
  const lower = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const request = { method: 'POST', target: '/in', path: '/in', query: new URLSearchParams() };
  return check({ ...request, headers: lower, body: Buffer.from(body), receivedMs: NOW }, NOW);
}

const custom = { provider: 'custom', signatureHeader: 'X-Signature' } as const;
const timed = { timestampHeader: 'X-Timestamp' } as const;
const ecdsa = { ...custom, algorithm: 'ecdsa', publicKey: pem } as const;
const hmac = { ...custom, algorithm: 'hmac_sha256', secret: 'the key' } as const;
const signedBy = (text: string, encoding: 'hex' | 'base64' = 'base64'): string =>
  sign('sha256', Buffer.from(text), privateKey).toString(encoding);
const mac = (text: string, encoding: 'hex' | 'base64' = 'base64', key = 'the key'): string =>
  createHmac('sha256', key).update(text).digest(encoding);

const algorithms = [
  ['ECDSA', ecdsa, signedBy],
  ['HMAC', hmac, mac],
] as const;

for (const [name, config, signs] of algorithms) {
  test(`${name}: with and without a time, as base64 and as hex, a right signature is accepted`, () => {
    assert.equal(said(verification(config), { 'X-Signature': signs(BODY) }), undefined);
    const time = { 'X-Timestamp': NOW_S };
    assert.equal(
      said(verification({ ...config, ...timed }), { ...time, 'X-Signature': signs(NOW_S + BODY) }),
      undefined,
    );
    const hex = verification({ ...config, signatureEncoding: 'hex' });
    assert.equal(said(hex, { 'X-Signature': signs(BODY, 'hex') }), undefined);
    assert.equal(said(hex, { 'X-Signature': signs(BODY) }), WRONG);
  });

  test(`${name}: a signature of something else, a missing one, a missing time, and what is no encoding, are refused`, () => {
    const check = verification(config);
    assert.equal(said(check, { 'X-Signature': signs('another body') }), WRONG);
    assert.equal(said(check, {}), 'the signature is missing');
    const withTime = verification({ ...config, ...timed });
    assert.equal(said(withTime, { 'X-Signature': signs(BODY) }), 'the time of the signature is missing');
    assert.equal(said(check, { 'X-Signature': 'not-valid-base64!!!' }), WRONG);
    const hex = verification({ ...config, signatureEncoding: 'hex' });
    for (const text of ['zz', 'abc', '']) assert.equal(said(hex, { 'X-Signature': text }), WRONG, text);
    // Well encoded, and no signature.
    const broken = Buffer.from([0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]).toString('base64');
    assert.equal(said(check, { 'X-Signature': broken }), WRONG);
  });

  test(`${name}: how old a signature may be is configured; one of the future is none`, () => {
    const at = (offsetS: number, maxSignatureAge: number): string | undefined => {
      const time = String(NOW / 1000 + offsetS);
      const check = verification({ ...config, ...timed, maxSignatureAge });
      return said(check, { 'X-Timestamp': time, 'X-Signature': signs(time + BODY) });
    };
    assert.equal(at(-3600, 3600), undefined);
    assert.equal(at(-3601, 3600), 'the signature is too old');
    assert.equal(at(-2, 1), 'the signature is too old');
    assert.equal(at(16, 3600), 'the signature is from the future');
  });

  test(`${name}: the template says what is signed, in any order and with texts between`, () => {
    for (const [template, text] of [
      ['v1:{TIMESTAMP}:{PAYLOAD}', `v1:${NOW_S}:${BODY}`],
      ['{PAYLOAD}.{TIMESTAMP}', `${BODY}.${NOW_S}`],
      ['{PAYLOAD}{TIMESTAMP}end', `${BODY}${NOW_S}end`],
    ] as const) {
      const check = verification({ ...config, ...timed, signingStringTemplate: template });
      const headers = { 'X-Timestamp': NOW_S };
      assert.equal(said(check, { ...headers, 'X-Signature': signs(text) }), undefined, template);
      assert.equal(said(check, { ...headers, 'X-Signature': signs(NOW_S + BODY) }), WRONG, template);
    }
    const alone = verification({ ...config, signingStringTemplate: '<{PAYLOAD}>' });
    assert.equal(said(alone, { 'X-Signature': signs(`<${BODY}>`) }), undefined);
    for (const [template, header] of [
      ['', true],
      ['{PAYLOAD}', true],
      ['literal', false],
      ['{TIMESTAMP}', true],
      ['{TIMESTAMP}{PAYLOAD}', false],
    ] as const) {
      const options = { ...config, ...(header ? timed : {}), signingStringTemplate: template };
      // An empty one is none.
      if (template === '') verification(options);
      else assert.throws(() => verification(options), { code: 'HTTP_INGEST_SIGNATURE_INVALID' }, template);
    }
  });

  test(`${name}: a request without a body is refused, as nothing of it is signed`, () => {
    assert.equal(
      said(verification(config), { 'X-Signature': signs('') }, ''),
      'a signed request needs a body',
    );
  });
}

test('HMAC: a secret of another account is refused', () => {
  assert.equal(said(verification(hmac), { 'X-Signature': mac(BODY, 'base64', 'another') }), WRONG);
});

test('a public key may be PEM or base64 of its DER; what is neither is refused before anything listens', () => {
  const check = verification({ ...ecdsa, publicKey: der });
  assert.equal(said(check, { 'X-Signature': signedBy(BODY) }), undefined);
  for (const key of ['not-valid-base64', Buffer.from('this is not DER').toString('base64')]) {
    assert.throws(() => verification({ ...ecdsa, publicKey: key }), { code: 'CDK_WEBHOOK_INVALID' }, key);
    assert.throws(() => verification({ provider: 'twilio', publicKey: key }), {
      code: 'CDK_WEBHOOK_INVALID',
    });
  }
});

test('Zoom and Knock: the header has to be of their form', () => {
  const zoom = verification({ provider: 'zoom', secret: 'the key' });
  const signature = mac(`v0:${NOW_S}:${BODY}`, 'hex');
  const time = { 'X-Zm-Request-Timestamp': NOW_S };
  assert.equal(said(zoom, { ...time, 'X-Zm-Signature': `v0=${signature}` }), undefined);
  for (const text of [signature, `v1=${signature}`])
    assert.equal(said(zoom, { ...time, 'X-Zm-Signature': text }), 'the signature is missing');
  const knock = verification({ provider: 'knock', secret: 'the key' });
  const own = mac(`${NOW}.${BODY}`);
  assert.equal(said(knock, { 'X-Knock-Signature': `t=${NOW},s=${own}` }), undefined);
  for (const text of [own, `s=${own}`, `s=${own},t=${NOW}`, `t=x,s=${own}`])
    assert.equal(said(knock, { 'X-Knock-Signature': text }), 'the signature is missing', text);
  const old = NOW - 301_000;
  const late = `t=${old},s=${mac(`${old}.${BODY}`)}`;
  assert.equal(said(knock, { 'X-Knock-Signature': late }), 'the signature is too old');
});

test('without a signature nothing is checked', () => {
  assert.equal(verificationOf(undefined), undefined);
  const none = decodeConfig(spec.configSchema, '{"signatureConfig":{"provider":"none"}}', { what: 'it' });
  assert.equal(verificationOf(none.signatureConfig), undefined);
});
