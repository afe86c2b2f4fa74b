// Inferred bounds are powers of ten, so that a schema does not change with every document that is a little larger.

/** 1, 10, 100, … as the doubles nearest to them. */
const powers: readonly number[] = Array.from({ length: 309 }, (_, exponent) => Number(`1e${exponent}`));

/** The least of …, −100, −10, −1, 0, 1, 10, 100, … that is not below the value; Infinity when there is none. */
export function roundUp(value: number | bigint): number {
  return value > 0 ? powerNotBelow(value) : -powerNotAbove(-value) || 0;
}

/** The greatest of …, −100, −10, −1, 0, 1, 10, 100, … that is not above the value; -Infinity when there is none. */
export function roundDown(value: number | bigint): number {
  return value < 0 ? -powerNotBelow(-value) : powerNotAbove(value);
}

/** For a positive value. Comparing a bigint with a double is exact. */
function powerNotBelow(value: number | bigint): number {
  return powers.find((power) => power >= value) ?? Infinity;
}

/** For a value that is not negative; 0 below 1. */
function powerNotAbove(value: number | bigint): number {
  return powers.findLast((power) => power <= value) ?? 0;
}
