import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientFinal, clientFirst, verifyServerFinal } from './scram.ts';

// RFC 7677 §3, whose client names the user; ours leaves the name empty.
const nonce = 'rOprNGfwEbeRWgbNEkqO';
const first = { ...clientFirst({ kind: 'unsupported' }, nonce), bare: `n=user,r=${nonce}` };
const challenge = `r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;

test('the proof of the RFC’s example exchange is ours', async () => {
  const final = await clientFinal(first, challenge, 'pencil');
  assert.equal(
    final.message,
    `c=biws,r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
  );
  verifyServerFinal(final, 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
});

test('a server that does not know the password is refused', async () => {
  const final = await clientFinal(first, challenge, 'pencil');
  assert.throws(() => verifyServerFinal(final, 'v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='), {
    kind: 'auth',
  });
  assert.throws(() => verifyServerFinal(final, 'e=other-error'), { kind: 'auth' });
});

test('a challenge that does not extend our nonce is refused', async () => {
  await assert.rejects(clientFinal(first, 'r=somebodyelse,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096', 'pencil'), {
    kind: 'auth',
  });
  await assert.rejects(clientFinal(first, `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`, 'pencil'), {
    kind: 'auth',
  });
  await assert.rejects(clientFinal(first, `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0`, 'pencil'), {
    kind: 'auth',
  });
});

test('the channel binding is announced and part of the exchange', () => {
  assert.equal(clientFirst({ kind: 'not-offered' }, 'x').message, 'y,,n=,r=x');
  const bound = clientFirst({ kind: 'bound', data: Buffer.from('hash') }, 'x');
  assert.equal(bound.message, 'p=tls-server-end-point,,n=,r=x');
  assert.equal(bound.channelInput.toString(), 'p=tls-server-end-point,,hash');
});
