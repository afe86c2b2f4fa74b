// The property `networkTunnel` of an endpoint configuration: the same in every connector that has one.

import { type ConfigOf, optional, secret, section, text } from '@weir/schema/config';

export function networkTunnelField() {
  return optional(
    section(
      {
        title: 'Network Tunnel',
        description:
          'Connect to your system through an SSH server that acts as a bastion host for your network.',
      },
      {
        sshForwarding: optional(
          section(
            { title: 'SSH Forwarding', description: 'The SSH server to connect through.' },
            {
              sshEndpoint: text({
                title: 'SSH Endpoint',
                description: 'Endpoint of the remote SSH server, such as ssh://user@hostname:port.',
                pattern: '^ssh://.+@.+$',
              }),
              privateKey: secret({
                title: 'SSH Private Key',
                description: 'Private key to connect to the remote SSH server.',
                multiline: true,
              }),
              hostKey: optional(
                text({
                  title: 'SSH Host Key',
                  description:
                    'The fingerprint (SHA256:…) or the public key of the SSH server; any key is accepted if you give none.',
                }),
              ),
            },
          ),
        ),
      },
    ),
  );
}

export type NetworkTunnelConfig = ConfigOf<ReturnType<typeof networkTunnelField>>;

/** A form that was opened and left empty asks for no tunnel: such a section is taken out of the raw configuration. */
export function withoutEmptyTunnel(raw: Record<string, unknown>): Record<string, unknown> {
  const { networkTunnel, ...rest } = raw;
  const forwarding = propertyOf(networkTunnel, 'sshForwarding');
  const isEmpty =
    isBlank(propertyOf(forwarding, 'sshEndpoint')) && isBlank(propertyOf(forwarding, 'privateKey'));
  return networkTunnel !== undefined && isEmpty && isBareTunnel(networkTunnel) ? rest : raw;
}

/** Anything else inside is a mistake to be named by the decoding. */
function isBareTunnel(networkTunnel: unknown): boolean {
  if (networkTunnel === null) return true;
  return (
    typeof networkTunnel === 'object' && Object.keys(networkTunnel).every((name) => name === 'sshForwarding')
  );
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}
