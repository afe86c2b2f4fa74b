import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import { checkedFormats } from './formats.ts';

const texts = [
  '2020-02-29',
  '2021-02-29',
  '2020-13-01',
  '2020-01-01T00:00:00Z',
  '2020-01-01t00:00:00.123456z',
  '2020-01-01 00:00:00+01:30',
  '2020-01-01T00:00:00',
  '2020-01-01T24:00:00Z',
  '2016-12-31T23:59:60Z',
  '2016-12-31T22:59:60Z',
  '23:59:59-05',
  '23:59:59.5Z',
  '23:59:60Z',
  '',
  'Z',
];

for (const name of ['date', 'time', 'date-time'] as const) {
  test(`the fast check of ${name} says what the validator's own says`, () => {
    const { validate } = fullFormats[name] as { readonly validate: (text: string) => boolean };
    for (const text of texts) assert.equal(checkedFormats[name](text), validate(text), text);
  });
}
