import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { JsonArrayCursor, JsonObjectCursor, skipJsonValue, skipJsonWhitespace } from './json-slice.ts';

/** JSON text with blanks wherever JSON allows them. */
function spaced(value: unknown, blank: string): string {
  return JSON.stringify(value, null, blank);
}

test('the end of a value is found whatever the value and whatever follows', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom('', ' ', '\t\t'),
      fc.constantFrom(',', '}', ']', ' ', '\n', ''),
      (value, blank, behind) => {
        const text = Buffer.from(spaced(value, blank));
        const bytes = Buffer.concat([Buffer.from('  '), text, Buffer.from(behind)]);
        assert.equal(skipJsonValue(bytes, 2), 2 + text.length);
      },
    ),
    { numRuns: 1000 },
  );
});

test('the members of an object are found with their values', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()),
      fc.constantFrom('', ' '),
      (object, blank) => {
        const bytes = Buffer.from(` ${spaced(object, blank)} `);
        const cursor = new JsonObjectCursor(bytes);
        const found: [unknown, unknown][] = [];
        while (cursor.next()) {
          found.push([
            JSON.parse(bytes.toString('utf8', cursor.keyStart - 1, cursor.keyEnd + 1)),
            JSON.parse(bytes.toString('utf8', cursor.valueStart, cursor.valueEnd)),
          ]);
        }
        const expected: unknown = JSON.parse(JSON.stringify(Object.entries(object)));
        assert.deepEqual(found, expected);
        assert.equal(skipJsonWhitespace(bytes, cursor.position), bytes.length);
      },
    ),
    { numRuns: 500 },
  );
});

test('the elements of an array are found', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom('', '  '), (array, blank) => {
      const bytes = Buffer.from(spaced(array, blank));
      const cursor = new JsonArrayCursor(bytes);
      const found: unknown[] = [];
      while (cursor.next())
        found.push(JSON.parse(bytes.toString('utf8', cursor.valueStart, cursor.valueEnd)));
      const expected: unknown = JSON.parse(JSON.stringify(array));
      assert.deepEqual(found, expected);
    }),
  );
});

for (const text of ['"abc', '"a\\"', '{"a":1', '[1,2', '{"a":"}', '']) {
  test(`${text} has no end, and the scanner does not look past the range it was given`, () => {
    const bytes = Buffer.from(`${text}"}]`);
    assert.throws(() => skipJsonValue(bytes, 0, text.length), { code: 'PROTOCOL_MALFORMED' });
  });
}
