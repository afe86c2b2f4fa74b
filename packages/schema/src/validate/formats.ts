// The string formats that Flow's schemas check. Every other format is an annotation.

import { fullFormats } from 'ajv-formats/dist/formats.js';
import { isDate, isDateTime, isTime } from './time-text.ts';

/** Strings that hold an integer of any size. */
export const integerFormat = /^[+-]?\d+$/;

/** Strings that hold a decimal number of any size, or one of the three values that are no numbers in JSON. */
export const numberFormat = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|NaN|-?Infinity)$/;

const standard = [
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'json-pointer',
  'regex',
  'relative-json-pointer',
  'uri',
  'uri-reference',
  'uri-template',
  'uuid',
] as const;

type Check = (text: string) => boolean;

/** Most times are written plainly, which is seen fast; leap seconds and rarer spellings are left to ajv's check. */
function plainOr(isPlain: Check, name: 'date' | 'time' | 'date-time'): Check {
  const { validate } = fullFormats[name] as { readonly validate: Check };
  return (text) => isPlain(text) || validate(text);
}

export const checkedFormats = {
  ...Object.fromEntries(standard.map((name) => [name, fullFormats[name]])),
  date: plainOr((text) => isDate(text, text.length), 'date'),
  time: plainOr((text) => isTime(text, 0), 'time'),
  'date-time': plainOr(isDateTime, 'date-time'),
  integer: integerFormat,
  number: numberFormat,
};
