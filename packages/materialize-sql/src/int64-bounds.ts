import type { Projection } from '@weir/protocol';

/** An integer location whose inferred bounds leave the signed 64-bit integers; bounds are inferred as powers of ten. */
export function exceedsInt64({ inference }: Projection): boolean {
  const { numeric } = inference;
  if (numeric === undefined) return false;
  return (
    (numeric.hasMinimum && numeric.minimum < -(2 ** 63)) || (numeric.hasMaximum && numeric.maximum >= 2 ** 63)
  );
}
