// From the element of a packed tuple to a field's text, bytes to bytes. Dialects combine these into their types.

import { JsonBuffer } from '@weir/json-bytes';
import type { TupleCursor } from '@weir/protocol';
import type { RowBuffer } from './row-buffer.ts';

/** Writes the element under the cursor, which is not null. */
export type FieldWriter = (element: TupleCursor, rows: RowBuffer) => void;

const json = new JsonBuffer();

/** Bytes of a string as they are: JSON objects come as bytes, texts as text. */
function payload(element: TupleCursor, rows: RowBuffer): void {
  if (!element.hasZeros) rows.escaped(element.packed, element.start, element.end);
  else {
    const bytes = element.payload();
    rows.escaped(bytes, 0, bytes.length);
  }
}

function scalar(element: TupleCursor, rows: RowBuffer): void {
  switch (element.kind) {
    case 'true':
    case 'false':
      rows.ascii(element.kind);
      break;
    case 'integer': {
      const value = element.integer();
      if (typeof value === 'number') rows.integer(value);
      else rows.ascii(String(value));
      break;
    }
    case 'float':
    case 'double':
      rows.ascii(plainNumber(element.double()));
      break;
    default:
      throw new TypeError(`a value of kind ${element.kind} is no scalar`);
  }
}

/** Without exponent, in the fewest digits that mean the same double. */
export function plainNumber(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const short = String(value);
  const size = Math.abs(value);
  // ECMAScript, Number::toString: only outside of these bounds there is an exponent.
  if (size >= 1e-6 && size < 1e21) return short;
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(short);
  if (match === null) return short;
  const [, sign = '', whole = '', fraction = '', exponent = ''] = match;
  const point = whole.length + Number(exponent);
  const digits = whole + fraction;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, '0').slice(0, point)}${digits.length > point ? `.${digits.slice(point)}` : ''}`;
}

/** Any value as plain text; objects and arrays as their JSON. */
export const textField: FieldWriter = (element, rows) => {
  if (element.kind === 'text' || element.kind === 'bytes') payload(element, rows);
  else scalar(element, rows);
};

/** Any value as JSON. */
export const jsonField: FieldWriter = (element, rows) => {
  if (element.kind === 'bytes') payload(element, rows);
  else if (element.kind !== 'text') scalar(element, rows);
  else {
    json.reset();
    const text = element.payload();
    json.readFrom(text);
    json.string(text, 0, text.length);
    rows.escaped(json.view(), 0, json.length);
  }
};

/** Numbers as numbers; a double that is whole has no fraction. Texts pass as they are. */
export const numberField: FieldWriter = (element, rows) => {
  if (element.kind === 'double' || element.kind === 'float') {
    const value = element.double();
    if (Number.isSafeInteger(value)) rows.integer(value);
    else rows.ascii(Number.isInteger(value) ? String(BigInt(value)) : plainNumber(value));
  } else textField(element, rows);
};

const fractionOfZeros = /^[+-]?\d+(?=\.)/;

/** A text that spells an integer, perhaps with a fraction, which is cut off: `-14.0` is −14. */
export const integerTextField: FieldWriter = (element, rows) => {
  if (element.kind !== 'text') numberField(element, rows);
  else {
    const text = element.payload().toString('utf8');
    rows.text(fractionOfZeros.exec(text)?.[0] ?? text);
  }
};

/** The text of a value, changed by `change`; what is no text passes. */
export function changedText(change: (text: string) => string): FieldWriter {
  return (element, rows) => {
    if (element.kind === 'text') rows.text(change(element.payload().toString('utf8')));
    else textField(element, rows);
  };
}
