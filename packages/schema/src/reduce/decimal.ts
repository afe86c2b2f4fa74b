// Decimal numbers of any size as scaled integers: value = units × 10^−scale.

export interface Decimal {
  readonly units: bigint;
  /** Digits after the point; never negative. */
  readonly scale: number;
}

const GRAMMAR = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/u;
/** A text of a few bytes must not ask for gigabytes of digits. */
const MAX_EXPONENT = 10_000;

/** A decimal numeral, with or without fraction and exponent; undefined for other text and for absurd exponents. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = GRAMMAR.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', power = '0'] = match;
  const exponent = Number(power);
  if (whole + fraction === '' || Math.abs(exponent) > MAX_EXPONENT) return undefined;
  const digits = BigInt(whole + fraction);
  const scale = fraction.length - exponent;
  const units = sign === '-' ? -digits : digits;
  return scale >= 0 ? { units, scale } : { units: units * 10n ** BigInt(-scale), scale: 0 };
}

/** Exact; the sum has as many fraction digits as the longer operand. */
export function addDecimals(left: Decimal, right: Decimal): Decimal {
  const scale = Math.max(left.scale, right.scale);
  const raise = (each: Decimal): bigint => each.units * 10n ** BigInt(scale - each.scale);
  return { units: raise(left) + raise(right), scale };
}

/** Plain notation, keeping every fraction digit. */
export function formatDecimal({ units, scale }: Decimal): string {
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = scale === 0 ? '' : `.${digits.slice(digits.length - scale)}`;
  return `${negative ? '-' : ''}${whole}${fraction}`;
}
