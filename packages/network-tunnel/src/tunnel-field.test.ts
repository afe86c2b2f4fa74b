import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema, decodeConfig, lintConfigSchema } from '@weir/schema';
import { networkTunnelField, withoutEmptyTunnel } from './tunnel-field.ts';

const schema = configSchema(
  { id: 'https://example.com/config', title: 'Example' },
  { networkTunnel: networkTunnelField() },
);

test('the field follows the guidelines, and hides its key', () => {
  assert.deepEqual(lintConfigSchema(schema), []);
  const forwarding = { sshEndpoint: 'ssh://me@bastion', privateKey: 'a key' };
  const config = decodeConfig(schema, JSON.stringify({ networkTunnel: { sshForwarding: forwarding } }), {
    what: 'the config',
  });
  assert.equal(config.networkTunnel?.sshForwarding?.privateKey.reveal(), 'a key');
  assert.doesNotMatch(JSON.stringify(config), /a key/);
});

test('a tunnel whose form was left empty is no tunnel, and half a tunnel stays', () => {
  for (const networkTunnel of [
    null,
    {},
    { sshForwarding: {} },
    { sshForwarding: { sshEndpoint: '', privateKey: '' } },
  ]) {
    assert.deepEqual(withoutEmptyTunnel({ address: 'a', networkTunnel }), { address: 'a' });
  }
  for (const raw of [
    { address: 'a' },
    { networkTunnel: { sshForwarding: { sshEndpoint: 'ssh://a@b', privateKey: '' } } },
    { networkTunnel: { sshForwarding: { privateKey: 'k' } } },
    { networkTunnel: { sshforwarding: {} } },
  ]) {
    assert.equal(withoutEmptyTunnel(raw), raw);
  }
});
