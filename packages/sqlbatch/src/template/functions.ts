// The functions of every template: comparisons and logic of Go's text/template, and `add`.

import { isList, isTrue, type TemplateFunction, type TemplateValue } from './evaluate.ts';

type Scalar = string | number | boolean;

function scalar(value: TemplateValue | undefined): Scalar {
  if (value === undefined) throw new TypeError('an argument is missing');
  if (typeof value === 'object') throw new TypeError('a list or record cannot be compared');
  return value;
}

function compare(a: TemplateValue | undefined, b: TemplateValue | undefined): number {
  const [left, right] = [scalar(a), scalar(b)];
  if (typeof left !== typeof right) {
    throw new TypeError(`a ${typeof left} and a ${typeof right} cannot be compared`);
  }
  if (typeof left === 'string' && typeof right === 'string') {
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  }
  return Number(left) - Number(right);
}

function ordered(test: (order: number) => boolean): TemplateFunction {
  return (...values) => {
    exactly(values, 2);
    if (typeof values[0] === 'boolean') throw new TypeError('true and false have no order');
    return test(compare(values[0], values[1]));
  };
}

function exactly(values: readonly TemplateValue[], count: number): void {
  if (values.length !== count) throw new TypeError(`it takes ${count} arguments, not ${values.length}`);
}

/** A text argument of a function of a database. */
export function textArgument(value: TemplateValue | undefined): string {
  if (typeof value !== 'string') throw new TypeError('its arguments are texts');
  return value;
}

function numberArgument(value: TemplateValue | undefined): number {
  if (typeof value !== 'number') throw new TypeError('its arguments are numbers');
  return value;
}

export const commonFunctions: readonly (readonly [string, TemplateFunction])[] = [
  [
    'eq',
    (first, ...others) => {
      if (others.length === 0) throw new TypeError('an argument is missing');
      return others.some((other) => compare(first, other) === 0);
    },
  ],
  [
    'ne',
    (...values) => {
      exactly(values, 2);
      return compare(values[0], values[1]) !== 0;
    },
  ],
  ['lt', ordered((order) => order < 0)],
  ['le', ordered((order) => order <= 0)],
  ['gt', ordered((order) => order > 0)],
  ['ge', ordered((order) => order >= 0)],
  // Evaluated before their arguments are; the entries only give the names.
  ['and', (...values) => values.at(-1) ?? ''],
  ['or', (...values) => values.at(-1) ?? ''],
  [
    'not',
    (...values) => {
      exactly(values, 1);
      return !isTrue(values[0] ?? '');
    },
  ],
  [
    'len',
    (...values) => {
      exactly(values, 1);
      const [value] = values;
      if (typeof value === 'string') return Buffer.byteLength(value);
      if (value === undefined || !isList(value)) throw new TypeError('it takes a text or a list');
      return value.length;
    },
  ],
  [
    'index',
    (list, at) => {
      if (list === undefined || !isList(list)) throw new TypeError('it takes a list and a position');
      const position = numberArgument(at);
      const item = list[position];
      if (item === undefined) throw new TypeError(`there is no item ${position}`);
      return item;
    },
  ],
  [
    'add',
    (...values) => {
      exactly(values, 2);
      return numberArgument(values[0]) + numberArgument(values[1]);
    },
  ],
];
