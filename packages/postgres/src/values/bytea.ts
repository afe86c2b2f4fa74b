// `\x6162` (bytea_output=hex) as base64, three bytes at a time.

import type { JsonBuffer } from '@weir/json-bytes';
import { MAX_VALUE_BYTES } from './text.ts';

const alphabet = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const nibbles = new Uint8Array(256);
for (let value = 0; value < 16; value += 1) {
  nibbles[value.toString(16).charCodeAt(0)] = value;
  nibbles[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

export function writeBytea(out: JsonBuffer, bytes: Buffer, start: number, end: number): void {
  const first = start + 2;
  const count = Math.min((end - first) >> 1, MAX_VALUE_BYTES);
  out.reserve(2 + 4 * Math.ceil(count / 3));
  const target = out.bytes;
  let position = out.length;
  target[position++] = 0x22;
  for (let index = 0; index < count; index += 3) {
    const left = count - index;
    const at = first + 2 * index;
    const a = byteAt(bytes, at);
    const b = left > 1 ? byteAt(bytes, at + 2) : 0;
    const c = left > 2 ? byteAt(bytes, at + 4) : 0;
    target[position++] = alphabet[a >> 2] ?? 0;
    target[position++] = alphabet[((a & 3) << 4) | (b >> 4)] ?? 0;
    target[position++] = left > 1 ? (alphabet[((b & 15) << 2) | (c >> 6)] ?? 0) : 0x3d;
    target[position++] = left > 2 ? (alphabet[c & 63] ?? 0) : 0x3d;
  }
  target[position++] = 0x22;
  out.length = position;
}

function byteAt(bytes: Buffer, at: number): number {
  return ((nibbles[bytes[at] ?? 0] ?? 0) << 4) | (nibbles[bytes[at + 1] ?? 0] ?? 0);
}
