// The string formats that inference detects. Each check is stricter than, or equal to, the validator's check of the
// same format, so that a document always validates against the schema inferred from it. They run on every string of
// every document: plain loops over character codes, no allocation.

import { checkedFormats } from '../validate/formats.ts';
import { isDate, isDateTime, isDigit, isTime, skipDigits } from '../validate/time-text.ts';

/** The format of a string, or ''. The formats are disjoint, except that every integer is a number; the narrower one is given. */
export function detectFormat(text: string): string {
  const first = text.charCodeAt(0);
  const isHexStart = isDigit(first) || (first >= 65 && first <= 70) || (first >= 97 && first <= 102);
  if (!isHexStart && first !== MINUS) return '';
  if (isIntegerText(text)) return 'integer';
  if (isNumberText(text)) return 'number';
  if (isDate(text, text.length)) return 'date';
  if (isDateTime(text)) return 'date-time';
  if (isTime(text, 0)) return 'time';
  return isUuid(text) ? 'uuid' : '';
}

/** Whether a string is of the format. Formats that nobody checks hold for every string. */
export function hasFormat(text: string, format: string): boolean {
  switch (format) {
    case 'integer':
      return isIntegerText(text);
    case 'number':
      return isNumberText(text);
    case 'date':
      return isDate(text, text.length);
    case 'date-time':
      return isDateTime(text);
    case 'time':
      return isTime(text, 0);
    case 'uuid':
      return isUuid(text);
    default:
      return passesValidator(text, format);
  }
}

/** The format of strings of either format. */
export function unionFormats(left: string, right: string): string {
  if (left === right) return left;
  const isNumeric = (left === 'integer' || left === 'number') && (right === 'integer' || right === 'number');
  return isNumeric ? 'number' : '';
}

function passesValidator(text: string, format: string): boolean {
  const check: unknown = (checkedFormats as Readonly<Record<string, unknown>>)[format];
  if (check instanceof RegExp) return check.test(text);
  if (typeof check === 'function') return Boolean(check(text));
  const validate = (check as { validate?: unknown } | undefined)?.validate;
  if (validate instanceof RegExp) return validate.test(text);
  return typeof validate === 'function' ? Boolean(validate(text)) : true;
}

const MINUS = 45;
const PLUS = 43;
const DOT = 46;

/** The end of a JSON-like integer part, or -1. Leading zeros mean a code (`01234`), not a number. */
function integerPartEnd(text: string): number {
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  const end = skipDigits(text, start);
  if (end === start || (text.charCodeAt(start) === 48 && end > start + 1)) return -1;
  return end;
}

function isIntegerText(text: string): boolean {
  return integerPartEnd(text) === text.length;
}

function isNumberText(text: string): boolean {
  let at = integerPartEnd(text);
  if (at === -1) return false;
  if (text.charCodeAt(at) === DOT) {
    const end = skipDigits(text, at + 1);
    if (end === at + 1) return false;
    at = end;
  }
  const exponent = text.charCodeAt(at) | 32;
  if (at < text.length && exponent === 101) {
    const sign = text.charCodeAt(at + 1);
    const start = sign === MINUS || sign === PLUS ? at + 2 : at + 1;
    const end = skipDigits(text, start);
    if (end === start) return false;
    at = end;
  }
  return at === text.length;
}

function isUuid(text: string): boolean {
  if (text.length !== 36) return false;
  for (let at = 0; at < 36; at++) {
    const code = text.charCodeAt(at);
    if (at === 8 || at === 13 || at === 18 || at === 23) {
      if (code !== MINUS) return false;
    } else if (!isDigit(code) && !((code | 32) >= 97 && (code | 32) <= 102)) {
      return false;
    }
  }
  return true;
}
