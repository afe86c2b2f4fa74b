// Errors of the SSH tunnel. None of them carries the private key or a part of it.

import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  TUNNEL_ENDPOINT_INVALID: {
    summary: 'The address of the SSH server is not of the form ssh://user@host:port.',
    fix: 'Write /networkTunnel/sshForwarding/sshEndpoint as ssh://user@host or ssh://user@host:port.',
    retry: 'never',
  },
  TUNNEL_TARGET_INVALID: {
    summary: 'The address to reach through the tunnel is no host and port.',
    fix: 'Give the host and the port as the SSH server reaches them, or do without the tunnel.',
    retry: 'never',
  },
  TUNNEL_HOST_KEY_INVALID: {
    summary: 'The pinned host key of the SSH server is neither a fingerprint nor a public key.',
    fix: 'Write /networkTunnel/sshForwarding/hostKey as SHA256:…, or as the line of a known_hosts file.',
    retry: 'never',
  },
  TUNNEL_KEY_INVALID: {
    summary: 'The private key for the SSH server is in no format that is known, or damaged.',
    fix: 'Paste the whole file of the private key, from its BEGIN line to its END line.',
    retry: 'never',
  },
  TUNNEL_KEY_ENCRYPTED: {
    summary: 'The private key for the SSH server is protected by a passphrase.',
    fix: 'Make a key without one: ssh-keygen -p -N "" -f <file>.',
    retry: 'never',
  },
  TUNNEL_UNREACHABLE: {
    summary: 'No SSH server answered at the configured address.',
    fix: 'Check /networkTunnel/sshForwarding/sshEndpoint, and that a firewall lets this machine through.',
    retry: 'backoff',
  },
  TUNNEL_HANDSHAKE_FAILED: {
    summary: 'What answered at the address of the SSH server could not agree with us on a connection.',
    fix: 'Check that an SSH server listens at /networkTunnel/sshForwarding/sshEndpoint, and read its log.',
    retry: 'backoff',
  },
  TUNNEL_HOST_KEY_MISMATCH: {
    summary: 'The SSH server presented another host key than the pinned one, so it may be an impostor.',
    fix: 'Ask the owner of the SSH server whether its host key was changed before you change the pin.',
    retry: 'never',
  },
  TUNNEL_AUTH_REFUSED: {
    summary: 'The SSH server refused the user or the private key.',
    fix: 'Add the public key to ~/.ssh/authorized_keys of that user on the SSH server.',
    retry: 'never',
  },
  TUNNEL_FORWARD_REFUSED: {
    summary: 'The SSH server does not allow connections to be forwarded to the address.',
    fix: 'Allow it in the sshd_config of the SSH server (AllowTcpForwarding, PermitOpen, authorized_keys).',
    retry: 'never',
  },
  TUNNEL_TARGET_UNREACHABLE: {
    summary: 'The SSH server could not connect to the address to reach through the tunnel.',
    fix: 'Check the address: it is looked up and connected to by the SSH server, not by this machine.',
    retry: 'backoff',
  },
  TUNNEL_LOST: {
    summary: 'The connection to the SSH server broke, and with it every connection through the tunnel.',
    fix: 'The task starts again by itself. If this goes on, look at the log of the SSH server.',
    retry: 'backoff',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
