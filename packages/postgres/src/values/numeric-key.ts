// Numerics as tuple elements whose byte order is the order of the numbers: ("N", (exponent, digits, value)).
// exponent: the number of digits before the point plus a bias, negated for negative numbers, 0 for zero.
// digits: decimal digits without zeros at either end; of negative numbers nine's complements and a byte above '9', so
// that -1.5 comes before -1. value: the number as `numeric_send` prints it, to read it back, without zeros at its end:
// 1.0 and 1.00 are one key to the server.

import type { TupleElement, TuplePacker } from '@weir/protocol';

const EXPONENT_BIAS = 20_000;
/** Beyond every finite exponent: a numeric has at most 131072 digits before its point. */
const INFINITE_EXPONENT = 200_000;
const NOT_A_NUMBER_EXPONENT = 200_001;

const wireSign = {
  positive: 0x0000,
  negative: 0x4000,
  nan: 0xc000,
  infinity: 0xd000,
  negativeInfinity: 0xf000,
} as const;

const specials: Readonly<Record<string, { exponent: number; sign: number }>> = {
  NaN: { exponent: NOT_A_NUMBER_EXPONENT, sign: wireSign.nan },
  Infinity: { exponent: INFINITE_EXPONENT, sign: wireSign.infinity },
  '-Infinity': { exponent: -INFINITE_EXPONENT, sign: wireSign.negativeInfinity },
};

export function packNumeric(packer: TuplePacker, text: string): void {
  const { exponent, digits, wire } = encodeNumeric(text);
  packer.nested((outer) => {
    outer.string('N');
    outer.nested((inner) => {
      inner.integer(exponent);
      inner.bytes(digits);
      inner.bytes(wire);
    });
  });
}

/** The number that was packed, as text; undefined when the element is something else. */
export function numericText(element: TupleElement): string | undefined {
  if (!Array.isArray(element) || element[0] !== 'N' || !Array.isArray(element[1])) return undefined;
  const wire: unknown = element[1][2];
  return Buffer.isBuffer(wire) ? fromWire(wire) : undefined;
}

function encodeNumeric(text: string): { exponent: number; digits: Buffer; wire: Buffer } {
  const special = specials[text];
  if (special !== undefined) {
    return { exponent: special.exponent, digits: Buffer.alloc(0), wire: wireBytes([], 0, special.sign, 0) };
  }
  const negative = text.startsWith('-');
  const [whole = '', decimals = ''] = (negative ? text.slice(1) : text).split('.');
  const fraction = decimals.replace(/0+$/, '');
  const all = whole + fraction;
  const leading = /^0*/.exec(all)?.[0].length ?? 0;
  const significant = all.slice(leading).replace(/0+$/, '');
  const wire = toWire(whole, fraction, negative);
  if (significant === '') return { exponent: 0, digits: Buffer.alloc(0), wire };
  const exponent = whole.length - leading + EXPONENT_BIAS;
  if (!negative) return { exponent, digits: Buffer.from(significant), wire };
  const complements = Uint8Array.from(significant, (digit) => 0x39 - Number(digit));
  return { exponent: -exponent, digits: Buffer.from([...complements, 0x3a]), wire };
}

/** numeric_send: Int16 groups, Int16 weight of the first, UInt16 sign, UInt16 scale, then groups of four digits. */
function toWire(whole: string, fraction: string, negative: boolean): Buffer {
  const paddedWhole = whole.padStart(Math.ceil(whole.length / 4) * 4, '0');
  const padded = paddedWhole + fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  const groups = (padded.match(/\d{4}/g) ?? []).map(Number);
  let weight = paddedWhole.length / 4 - 1;
  while (groups[0] === 0) {
    groups.shift();
    weight -= 1;
  }
  while (groups.at(-1) === 0) groups.pop();
  if (groups.length === 0) return wireBytes([], 0, wireSign.positive, fraction.length);
  return wireBytes(groups, weight, negative ? wireSign.negative : wireSign.positive, fraction.length);
}

function wireBytes(groups: readonly number[], weight: number, sign: number, scale: number): Buffer {
  const wire = Buffer.alloc(8 + 2 * groups.length);
  wire.writeInt16BE(groups.length, 0);
  wire.writeInt16BE(weight, 2);
  wire.writeUInt16BE(sign, 4);
  wire.writeUInt16BE(scale, 6);
  for (const [index, group] of groups.entries()) wire.writeInt16BE(group, 8 + 2 * index);
  return wire;
}

function fromWire(wire: Buffer): string {
  const count = wire.readInt16BE(0);
  const weight = wire.readInt16BE(2);
  const sign = wire.readUInt16BE(4);
  const scale = wire.readUInt16BE(6);
  for (const [text, special] of Object.entries(specials)) if (special.sign === sign) return text;
  const group = (index: number): string =>
    index < 0 || index >= count ? '0000' : String(wire.readInt16BE(8 + 2 * index)).padStart(4, '0');
  let whole = '';
  for (let index = 0; index <= weight; index += 1) whole += group(index);
  let fraction = '';
  for (let index = weight + 1; fraction.length < scale; index += 1) fraction += group(index);
  whole = whole.replace(/^0+(?=\d)/, '');
  return `${sign === wireSign.negative ? '-' : ''}${whole === '' ? '0' : whole}${scale === 0 ? '' : `.${fraction.slice(0, scale)}`}`;
}
