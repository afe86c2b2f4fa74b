// What a projection's inferred types come to for a column: one of few flat types.

import type { InferenceType, Projection } from '@weir/protocol';

/** `string_integer` and `string_number` are strings whose format promises a number. */
export type FlatType =
  | 'never'
  | 'boolean'
  | 'object'
  | 'array'
  | 'integer'
  | 'number'
  | 'string'
  | 'binary'
  | 'string_integer'
  | 'string_number'
  | 'multiple';

/** The flat type of a projection; `null` among its types does not count, as columns may be null. */
export function flatType(
  projection: Projection,
  options: { readonly isKey: boolean; readonly castToString: boolean },
): FlatType {
  if (options.castToString) return 'string';
  const types = typesBesideNull(projection);
  const [only] = types;
  if (only === undefined) return 'never';
  const formatted = options.isKey ? undefined : formattedNumeric(projection);
  if (formatted !== undefined) return formatted;
  if (types.length > 1) return 'multiple';
  if (only === 'fractional') return 'number';
  if (only === 'string' && isBinary(projection)) return 'binary';
  return only === 'null' ? 'never' : only;
}

export function typesBesideNull(projection: Projection): readonly InferenceType[] {
  return projection.inference.types.filter((type) => type !== 'null');
}

/** A location that is always there and never null. */
export function mustExist({ inference }: Projection): boolean {
  return inference.exists === 'MUST' && !inference.types.includes('null');
}

/** Strings of format `integer` or `number`, alone or beside numbers of that kind. Collection keys stay what they are. */
export function formattedNumeric(projection: Projection): 'string_integer' | 'string_number' | undefined {
  const { isPrimaryKey, inference } = projection;
  const types = typesBesideNull(projection);
  if (isPrimaryKey || !types.includes('string')) return undefined;
  if (
    inference.string?.format === 'integer' &&
    types.every((type) => type === 'string' || type === 'integer')
  ) {
    return 'string_integer';
  }
  if (
    inference.string?.format === 'number' &&
    types.every((type) => type === 'string' || type === 'number')
  ) {
    return 'string_number';
  }
  return undefined;
}

function isBinary({ inference }: Projection): boolean {
  const { contentEncoding = '', contentType = '' } = inference.string ?? {};
  return contentEncoding === 'base64' && (contentType === '' || contentType === 'application/octet-stream');
}
