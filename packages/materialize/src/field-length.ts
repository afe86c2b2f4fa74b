import type { FieldVerdict } from './constrained-binding.ts';
import { errors } from './errors.ts';

/** Forbids fields whose names the endpoint cannot take; throws when that leaves a required location without a field. */
export function withoutLongNames(
  verdicts: readonly FieldVerdict[],
  maxLength: number,
  collection: string,
): readonly FieldVerdict[] {
  if (maxLength === 0) return verdicts;
  const isTooLong = ({ projection }: FieldVerdict): boolean =>
    Array.from(projection.field).length > maxLength;
  for (const verdict of verdicts) {
    const isRequired = verdict.type === 'FIELD_REQUIRED' || verdict.type === 'LOCATION_REQUIRED';
    if (!isRequired || !isTooLong(verdict)) continue;
    const others = verdict.type === 'LOCATION_REQUIRED' ? verdicts : [];
    if (others.some((other) => other.projection.ptr === verdict.projection.ptr && !isTooLong(other)))
      continue;
    throw errors.MATERIALIZE_FIELD_NAME_TOO_LONG({
      message: `The field "${verdict.projection.field}" of ${collection} has to be materialized, and is longer than ${maxLength} characters.`,
    });
  }
  return verdicts.map((verdict) =>
    isTooLong(verdict)
      ? {
          projection: verdict.projection,
          type: 'FIELD_FORBIDDEN' as const,
          reason: `Names of fields have at most ${maxLength} characters; add a projection with a shorter name`,
        }
      : verdict,
  );
}
