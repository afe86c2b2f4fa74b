// What MySQL wants otherwise than the text of a value: see @weir/materialize-sql for the rest.

import {
  changedText,
  type Column,
  type FieldWriter,
  integerTextField,
  isBase64,
  numberField,
  textField,
} from '@weir/materialize-sql';
import { dateText, dateTimeText, timeText } from './temporal-text.ts';
import type { TimeZone } from './time-zone.ts';

export const booleanField: FieldWriter = (element, rows) => {
  if (element.kind === 'true') rows.ascii('1');
  else if (element.kind === 'false') rows.ascii('0');
  else textField(element, rows);
};

/** Base64, which the server decodes (see `isEncoded`): the bytes themselves need not be valid in any character set. */
export const base64Field: FieldWriter = (element, rows) => {
  if (element.kind !== 'text') throw new TypeError(`a value of kind ${element.kind} is no base64`);
  const text = element.payload().toString('latin1');
  if (!isBase64(text)) throw new TypeError('it is no base64');
  rows.ascii(text);
};

/** A column whose field holds base64 of what goes into it. */
export function isEncoded({ type }: Column<FieldWriter>): boolean {
  return type.convert === base64Field;
}

/** A column of doubles has no place for what is no number: it becomes null, and stays in the document. */
export const finiteNumberField: FieldWriter = (element, rows) => {
  if (element.kind === 'text' && /^[+-]?(?:nan|inf(?:inity)?)$/i.test(element.payload().toString('latin1')))
    rows.null();
  else numberField(element, rows);
};

/** Digits of an integer, whose fraction is cut off where it is a text. */
export const wholeNumberField: FieldWriter = integerTextField;

export const dateField: FieldWriter = changedText(dateText);

export function dateTimeField(zone: TimeZone): FieldWriter {
  return changedText((text) => dateTimeText(text, zone));
}

export function timeField(zone: TimeZone): FieldWriter {
  return changedText((text) => timeText(text, zone));
}
