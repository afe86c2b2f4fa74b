// The string formats that Flow's schemas check. Every other format is an annotation.

import { fullFormats } from 'ajv-formats/dist/formats.js';

/** Strings that hold an integer of any size. */
export const integerFormat = /^[+-]?\d+$/;

/** Strings that hold a decimal number of any size, or one of the three values that are no numbers in JSON. */
export const numberFormat = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|NaN|-?Infinity)$/;

const standard = [
  'date',
  'time',
  'date-time',
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

export const checkedFormats = {
  ...Object.fromEntries(standard.map((name) => [name, fullFormats[name]])),
  integer: integerFormat,
  number: numberFormat,
};
