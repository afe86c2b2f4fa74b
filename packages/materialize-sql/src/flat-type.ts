// A collection's location may hold several JSON types; a column has one. The flat type is what decides the column.
// Source: the typing rules that Flow's SQL materializations share.

import type { Projection } from '@weir/protocol';

export type FlatType =
  | 'never'
  | 'boolean'
  | 'integer'
  | 'number'
  | 'string'
  | 'binary'
  | 'object'
  | 'array'
  /** A string, or an integer, of digits only. */
  | 'string-integer'
  /** A string, or a number, that spells a number. */
  | 'string-number'
  | 'multiple';

function isFormattedNumeric(
  { inference, isPrimaryKey }: Projection,
  format: string,
  numeric: string,
): boolean {
  return (
    !isPrimaryKey &&
    inference.string?.format === format &&
    inference.types.includes('string') &&
    inference.types.every((type) => type === 'null' || type === 'string' || type === numeric)
  );
}

function isBinary({ inference }: Projection): boolean {
  const mediaType = inference.string?.contentType ?? '';
  return (
    inference.string?.contentEncoding === 'base64' &&
    (mediaType === '' || mediaType === 'application/octet-stream')
  );
}

export function flatType(projection: Projection): FlatType {
  if (isFormattedNumeric(projection, 'integer', 'integer')) return 'string-integer';
  if (isFormattedNumeric(projection, 'number', 'number')) return 'string-number';
  const types = projection.inference.types.filter((type) => type !== 'null');
  const [only] = types;
  if (only === undefined) return 'never';
  if (types.length > 1) return 'multiple';
  if (only === 'fractional') return 'number';
  if (only === 'string' && isBinary(projection)) return 'binary';
  return only;
}

/** Every document has the location, and it is never null. */
export function mustExist({ inference }: Projection): boolean {
  return inference.exists === 'MUST' && !inference.types.includes('null');
}

/** An integer location whose inferred bounds leave the signed 64-bit integers; bounds are inferred as powers of ten. */
export function exceedsInt64({ inference }: Projection): boolean {
  const { numeric } = inference;
  if (numeric === undefined) return false;
  return (
    (numeric.hasMinimum && numeric.minimum < -(2 ** 63)) || (numeric.hasMaximum && numeric.maximum >= 2 ** 63)
  );
}
