export { catalogue, errors } from './errors.ts';
export { hostKeyFingerprint, type HostKeyPins, parseHostKeyPins } from './host-key.ts';
export { parseSshEndpoint, type SshEndpoint } from './ssh-endpoint.ts';
export {
  checkSshTunnel,
  openSshTunnel,
  type SshTunnel,
  type SshTunnelOptions,
  type TunnelTarget,
} from './ssh-tunnel.ts';
export { networkTunnelField, type NetworkTunnelConfig, withoutEmptyTunnel } from './tunnel-field.ts';
