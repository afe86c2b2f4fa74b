/** Reads the text of a WAL position, such as `16/B374D848`. Throws `TypeError` on anything else. */
export function parseLsn(text: string): bigint {
  const match = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i.exec(text);
  if (match === null) throw new TypeError(`not a WAL position: ${JSON.stringify(text)}`);
  return (BigInt(`0x${match[1] ?? ''}`) << 32n) | BigInt(`0x${match[2] ?? ''}`);
}

/** The server's own spelling: `0x16B374D848n` is `16/B374D848`. */
export function formatLsn(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffff_ffffn).toString(16).toUpperCase()}`;
}
