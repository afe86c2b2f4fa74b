// The salted digest that stands for a redacted value. Equal values have equal digests, so joins on them still work.

import { createHash } from 'node:crypto';

import { canonicalJson, ExactNumber, type JsonValue } from '../json/index.ts';

const DIGEST = /^sha256:[0-9a-f]{64}$/u;
const LEAST = -(2n ** 63n);
const MOST = 2n ** 64n - 1n;

/** `sha256:` and 64 hexadecimal digits of the salt followed by the value's bytes. A digest is left alone. */
export function digest(value: JsonValue, salt: Buffer): string {
  if (typeof value === 'string' && DIGEST.test(value)) return value;
  return `sha256:${createHash('sha256').update(salt).update(bytesOf(value)).digest('hex')}`;
}

/** Strings as UTF-8, booleans as one byte, numbers as eight bytes little-endian, null as none, the rest as JSON text. */
function bytesOf(value: JsonValue): Buffer {
  if (value === null) return Buffer.alloc(0);
  if (typeof value === 'string') return Buffer.from(value);
  if (typeof value === 'boolean') return Buffer.from([value ? 1 : 0]);
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof ExactNumber)
    return numberBytes(value);
  return Buffer.from(canonicalJson(value));
}

/** Integers of up to 64 bits as such, all other numbers as a double. */
function numberBytes(value: number | bigint | ExactNumber): Buffer {
  const bytes = Buffer.alloc(8);
  const integer =
    typeof value === 'bigint' ? value : Number.isSafeInteger(value) ? BigInt(Number(value)) : undefined;
  if (integer !== undefined && integer >= LEAST && integer <= MOST)
    bytes.writeBigUInt64LE(BigInt.asUintN(64, integer));
  else bytes.writeDoubleLE(Number(value));
  return bytes;
}
