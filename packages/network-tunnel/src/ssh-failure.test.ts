import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forwardFailure } from './ssh-failure.ts';

const endpoint = { user: 'me', host: 'bastion', port: 22 };

test('what the SSH server will never do is told apart from what it could not do now', () => {
  const cases: [number | string, string, string][] = [
    [1, 'TUNNEL_FORWARD_REFUSED', 'never'],
    [2, 'TUNNEL_TARGET_UNREACHABLE', 'backoff'],
    [3, 'TUNNEL_FORWARD_REFUSED', 'never'],
    [4, 'TUNNEL_TARGET_UNREACHABLE', 'backoff'],
    ['', 'TUNNEL_TARGET_UNREACHABLE', 'backoff'],
  ];
  for (const [reason, code, retry] of cases) {
    const refusal = Object.assign(new Error('(SSH) Channel open failure: because'), { reason });
    const error = forwardFailure(refusal, endpoint, 'db:5432');
    assert.deepEqual([error.code, error.retry], [code, retry]);
    assert.match(error.message, /bastion:22 .* db:5432: because$/);
  }
});
