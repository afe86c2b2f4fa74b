// Where a document or a part of a source belongs in the key space that shards divide: RangeSpec's keyBegin to keyEnd.

import type { RangeSpec } from './flow-spec.ts';
import { highwayHash32, highwayHash64, highwayKey } from './highway-hash.ts';

// Fixed by Flow; every shard of every runtime must agree on them.
const documentKey = highwayKey(
  Buffer.from('ba737e89155238d47d8067c35aad4d25ecdd1c3488227e011ffa480c022bd3ba', 'hex'),
);
const captureKey = highwayKey(
  Buffer.from('332757d16f0fb1cf2d4f676f85e34c6a8b85aa58f42bb081449d8eb2e4ed529f', 'hex'),
);

/** Of a document, by its packed key. Unsigned 32 bits. */
export function keyHash(packedKey: Uint8Array): number {
  return highwayHash32(documentKey, packedKey);
}

/** Of a part of a captured source (a file, a partition), by its name. Unsigned 32 bits. */
export function captureKeyHash(partition: Uint8Array): number {
  return highwayHash32(captureKey, partition);
}

/** All 64 bits of `captureKeyHash`. */
export function captureKeyHash64(partition: Uint8Array): bigint {
  return highwayHash64(captureKey, partition);
}

/** Whether a hash belongs to a shard; both ends are inclusive. */
export function rangeIncludes(range: RangeSpec, hash: number): boolean {
  return hash >= range.keyBegin && hash <= range.keyEnd;
}
