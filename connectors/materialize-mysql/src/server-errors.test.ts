import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainConnect } from './server-errors.ts';

test('a server that goes down during the TLS handshake is not an error of TLS', () => {
  const handshake = (message: string) => Object.assign(new Error(message), { code: 'HANDSHAKE_SSL_ERROR' });
  const codeOf = (message: string) =>
    (explainConnect(handshake(message), 'db:3306') as { code: string }).code;
  assert.equal(codeOf('read ECONNRESET'), 'MYSQL_UNREACHABLE');
  assert.equal(codeOf('write EPIPE'), 'MYSQL_UNREACHABLE');
  assert.equal(codeOf('self-signed certificate'), 'MYSQL_TLS_FAILED');
});
