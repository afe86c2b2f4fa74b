// The checkpoint that says "read everything again, whatever the runtime remembers". Flow's own form is an unknown
// protobuf field (number 2^29-1, true), which the JSON codec cannot carry; there we write a checkpoint of one source
// that no runtime has, which starts every real source from nothing in the same way.

import { EXPLICIT_ZERO_CHECKPOINT } from './materialize.ts';

export const EXPLICIT_ZERO_BYTES: Buffer = Buffer.from('f8ffffff0f01', 'hex');

const EXPLICIT_ZERO_SOURCE = 'explicit-zero;none';

export const EXPLICIT_ZERO_JSON = `{"sources":{"${EXPLICIT_ZERO_SOURCE}":{}}}`;

export function isExplicitZero(value: unknown): boolean {
  return value === EXPLICIT_ZERO_CHECKPOINT;
}

/** Whether a decoded checkpoint is the JSON form of the explicit zero. */
export function standsForExplicitZero(checkpoint: Readonly<Record<string, unknown>>): boolean {
  const { sources } = checkpoint;
  if (typeof sources !== 'object' || sources === null) return false;
  const names = Object.keys(sources);
  return names.length === 1 && names[0] === EXPLICIT_ZERO_SOURCE;
}
