// Where the server is.

/** `host`, `host:port`, `[::1]:port` or `::1`; the host without its brackets. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^(\[[^\]]+\]|[^:]*):([0-9]+)$/.exec(address);
  const [host, port] = match === null ? [address, 3306] : [match[1] ?? '', Number(match[2])];
  return { host: host.replaceAll(/^\[|\]$/g, ''), port };
}
