import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointAddress, parseSshEndpoint } from './ssh-endpoint.ts';

test('an SSH endpoint is a user, a host and a port, which is 22 if it is left out', () => {
  assert.deepEqual(parseSshEndpoint('ssh://me@bastion.example.com'), {
    user: 'me',
    host: 'bastion.example.com',
    port: 22,
  });
  assert.deepEqual(parseSshEndpoint(' ssh://me%40corp@[2001:db8::1]:2222/ '), {
    user: 'me@corp',
    host: '2001:db8::1',
    port: 2222,
  });
  assert.equal(endpointAddress({ host: '2001:db8::1', port: 22 }), '[2001:db8::1]:22');
});

test('what is no SSH endpoint is refused with the reason, and a password in it is not repeated', () => {
  const cases: [string, RegExp][] = [
    ['', /no ssh:\/\/ address/],
    ['bastion.example.com', /no ssh:\/\/ address/],
    ['https://me@bastion', /no ssh:\/\/ address/],
    ['ssh://bastion', /no user/],
    ['ssh://me@', /no host|no ssh:\/\/ address/],
    ['ssh://me@bastion:0', /port 0/],
    ['ssh://me@bastion:99999', /no ssh:\/\/ address/],
    ['ssh://me@bastion/some/path', /follows the port/],
    ['ssh://me:hunter2@bastion', /holds a password/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseSshEndpoint(text), { code: 'TUNNEL_ENDPOINT_INVALID', message }, text);
    try {
      parseSshEndpoint(text);
    } catch (error) {
      assert.doesNotMatch(String(error), /hunter2/);
    }
  }
});
