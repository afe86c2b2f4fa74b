// Decimal numerals as digits and a power of ten, so that numbers of any size compare exactly.

/** value = ±0.d1d2d3… × 10^exponent. Zero has no digits. */
export interface Numeral {
  readonly negative: boolean;
  /** Without leading or trailing zeros. */
  readonly digits: string;
  readonly exponent: number;
}

const grammar = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Reads a JSON number, or what JavaScript prints for a finite number or a bigint. Throws a RangeError for other text. */
export function normalizeNumeral(text: string): Numeral {
  const match = grammar.exec(text);
  if (match === null) throw new RangeError(`not a decimal numeral: ${text}`);
  const [, sign = '', integer = '', fraction = '', power = '0'] = match;
  const all = integer + fraction;
  let start = 0;
  while (start < all.length && all.charCodeAt(start) === 48) start++;
  let end = all.length;
  while (end > start && all.charCodeAt(end - 1) === 48) end--;
  if (start === end) return { negative: false, digits: '', exponent: 0 };
  return {
    negative: sign === '-',
    digits: all.slice(start, end),
    exponent: integer.length - start + Number(power),
  };
}

/** Negative, zero or positive, by value. */
export function compareNumerals(left: Numeral, right: Numeral): number {
  const leftSign = signOf(left);
  const rightSign = signOf(right);
  if (leftSign !== rightSign) return leftSign - rightSign;
  if (leftSign === 0) return 0;
  if (left.exponent !== right.exponent) return left.exponent < right.exponent ? -leftSign : leftSign;
  if (left.digits === right.digits) return 0;
  return left.digits < right.digits ? -leftSign : leftSign;
}

function signOf(numeral: Numeral): number {
  if (numeral.digits === '') return 0;
  return numeral.negative ? -1 : 1;
}
