import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonBuffer } from '@weir/json-bytes';
import { readCopyTextRow, TupleView } from '@weir/pgwire';
import * as fc from 'fast-check';
import type { oids, PgType } from './pg-type.ts';
import { baseType, derivedType } from './test-types.ts';
import { compileValueWriter, type ValueOptions } from './value-writer.ts';

function json(type: PgType, text: string, options?: ValueOptions): string {
  const bytes = Buffer.from(`<${text}>`);
  const out = new JsonBuffer(1);
  compileValueWriter(type, options)(out, bytes, 1, bytes.length - 1);
  return out.view().toString();
}

/** What COPY does to a value in its text format. */
function copyEscaped(text: string): string {
  const letters: Record<string, string> = {
    '\b': 'b',
    '\f': 'f',
    '\n': 'n',
    '\r': 'r',
    '\t': 't',
    '\v': 'v',
    '\\': '\\',
  };
  return text.replaceAll(/[\b\f\n\r\t\v\\]/g, (character) => `\\${letters[character] ?? ''}`);
}

const cases: readonly (readonly [keyof typeof oids, string, unknown])[] = [
  ['bool', 't', 'true'],
  ['bool', 'f', 'false'],
  ['int8', '-9223372036854775808', '-9223372036854775808'],
  ['oid', '4294967295', '4294967295'],
  ['float8', '1e+20', '1e+20'],
  ['float8', '-0', '-0'],
  ['float4', '123.456', '123.456'],
  ['float8', 'NaN', '"NaN"'],
  ['float8', '-Infinity', '"-Infinity"'],
  ['numeric', '123456.7890', '"123456.7890"'],
  ['numeric', 'NaN', '"NaN"'],
  ['money', '-$999.99', '"-$999.99"'],
  ['text', 'a"\\\u0001é\u2028😀', '"a\\"\\\\\\u0001é\u2028😀"'],
  ['bpchar', 'ab  ', '"ab  "'],
  ['bytea', '\\x', '""'],
  ['bytea', '\\x00', '"AA=="'],
  ['bytea', '\\x00ff', '"AP8="'],
  ['bytea', '\\xDEADbeef42', '"3q2+70I="'],
  ['json', ' { "b" : 1.0 , "a" : "\\u0000" } ', '{"b":1.0,"a":"\\u0000"}'],
  ['json', '"\\ud800"', '"\\ufffd"'],
  ['jsonb', 'null', 'null'],
  ['uuid', '5f2e4b8a-0000-4000-8000-000000000000', '"5f2e4b8a-0000-4000-8000-000000000000"'],
  ['date', '2024-01-15', '"2024-01-15"'],
  ['date', 'infinity', '"9999-12-31"'],
  ['date', '-infinity', '"0000-01-01"'],
  ['date', '0044-03-15 BC', '"0000-01-01"'],
  ['date', '10000-01-01', '"0000-01-01"'],
  ['timestamp', '2024-01-15 14:30:45', '"2024-01-15T14:30:45Z"'],
  ['timestamp', '2024-01-15 14:30:45.123456', '"2024-01-15T14:30:45.123456Z"'],
  ['timestamp', 'infinity', '"9999-12-31T23:59:59Z"'],
  ['timestamp', '-infinity', '"0000-01-01T00:00:00Z"'],
  ['timestamp', '0044-03-15 00:00:00 BC', '"0000-01-01T00:00:00Z"'],
  ['timestamp', '294276-12-31 23:59:59.999999', '"0000-01-01T00:00:00Z"'],
  ['timestamptz', '2024-01-15 06:30:00-08', '"2024-01-15T06:30:00-08:00"'],
  ['timestamptz', '2024-01-15 06:30:00.5+05:30', '"2024-01-15T06:30:00.5+05:30"'],
  ['timestamptz', '2024-01-15 06:30:00+00', '"2024-01-15T06:30:00Z"'],
  ['timestamptz', '1880-01-01 00:00:00.25-04:56:02', '"1880-01-01T00:00:02.25-04:56"'],
  ['timestamptz', '1800-01-01 00:00:00+01:22:30', '"1799-12-31T23:59:30+01:22"'],
  ['timestamptz', 'infinity', '"9999-12-31T23:59:59Z"'],
  ['time', '23:59:59.999999', '"23:59:59.999999Z"'],
  ['time', '24:00:00', '"00:00:00Z"'],
  ['timetz', '14:30:00+05:30', '"14:30:00+05:30"'],
  ['timetz', '00:00:00+00', '"00:00:00Z"'],
  ['timetz', '14:30:00.5-08', '"14:30:00.5-08:00"'],
  ['timetz', '00:00:00-04:56:02', '"00:00:02-04:56"'],
  ['interval', '1 year 2 mons 3 days 04:05:06', '"1 year 2 mons 3 days 04:05:06"'],
  ['inet', '192.168.1.1', '"192.168.1.1/32"'],
  ['inet', '10.0.0.1/8', '"10.0.0.1/8"'],
  ['inet', '::1', '"::1/128"'],
  ['cidr', '2001:4f8:3:ba::/64', '"2001:4f8:3:ba::/64"'],
  ['int4range', '[1,10)', '"[1,10)"'],
  ['int4range', 'empty', '"empty"'],
  ['int8range', '(,5)', '"(,5)"'],
  ['numrange', '[1.50,)', '"[1.50,)"'],
  ['daterange', '[2024-01-01,2024-12-31)', '"[2024-01-01T00:00:00Z,2024-12-31T00:00:00Z)"'],
  ['daterange', '(,)', '"(,)"'],
  [
    'tsrange',
    '["2024-01-01 00:00:00","2024-12-31 00:00:00.5"]',
    '"[2024-01-01T00:00:00Z,2024-12-31T00:00:00.5Z]"',
  ],
  ['tsrange', '[-infinity,infinity)', '"[0000-01-01T00:00:00Z,9999-12-31T23:59:59Z)"'],
  ['tstzrange', '["2024-01-01 00:00:00-08",)', '"[2024-01-01T00:00:00-08:00,)"'],
  ['xid', '735', '735'],
];

for (const [name, text, expected] of cases) {
  test(`${name} ${text} is ${String(expected)}`, () => {
    const written = json(baseType(name), text);
    assert.equal(written, expected);
    JSON.parse(written);
  });
}

test('a float of a key is a string of plain decimals', () => {
  const key = (text: string): string => json(baseType('float8'), text, { isKey: true });
  assert.equal(key('-1'), '"-1"');
  assert.equal(key('1e+20'), '"100000000000000000000"');
  assert.equal(key('-1.5e-07'), '"-0.00000015"');
  assert.equal(key('1.25e+01'), '"12.5"');
  assert.equal(key('Infinity'), '"Infinity"');
});

test('a plain decimal is the same number', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      // JavaScript prints negative zero without its sign, the server with it.
      const text = Object.is(number, -0) ? '-0' : String(number).replace(/e(\d)/, 'e+$1');
      assert.equal(Number(JSON.parse(json(baseType('float8'), text, { isKey: true }))), number);
    }),
  );
});

test('arrays are flat, whatever their dimensions and lower bounds', () => {
  const ints = derivedType('array', baseType('int4'));
  assert.equal(json(ints, '{}'), '[]');
  assert.equal(json(ints, '{1,NULL,3}'), '[1,null,3]');
  assert.equal(json(ints, '{{1,2},{3,4}}'), '[1,2,3,4]');
  assert.equal(json(ints, '[0:1][2:2]={{1},{2}}'), '[1,2]');
  const texts = derivedType('array', baseType('text'));
  assert.equal(
    json(texts, '{a,"b c","d\\"e\\\\f","NULL","",null}'),
    '["a","b c","d\\"e\\\\f","NULL","","null"]',
  );
  assert.equal(json(texts, '{"{","},"}'), '["{","},"]');
  assert.equal(
    json(derivedType('array', baseType('box')), '{(1,1),(0,0);(3,3),(2,2)}'),
    '["(1,1),(0,0)","(3,3),(2,2)"]',
  );
  assert.equal(
    json(derivedType('array', baseType('jsonb')), '{"{\\"a\\": [1, \\"x\\"]}",1}'),
    '[{"a":[1,"x"]},1]',
  );
  assert.equal(json(derivedType('array', baseType('bytea')), '{"\\\\x6162"}'), '["YWI="]');
  assert.equal(
    json(derivedType('array', baseType('timestamp')), '{"2024-01-15 00:00:00"}'),
    '["2024-01-15T00:00:00Z"]',
  );
});

test('domains are what they are over, enums and composites are text', () => {
  const domain = derivedType('domain', derivedType('domain', baseType('int4')));
  assert.equal(json(domain, '7'), '7');
  assert.equal(json(derivedType('array', domain), '{7,8}'), '[7,8]');
  assert.equal(json(derivedType('domain', derivedType('array', domain)), '{7}'), '[7]');
  const enumeration = derivedType('enum', undefined, 'mood');
  assert.equal(json(enumeration, 'so "so"'), '"so \\"so\\""');
  assert.equal(json(derivedType('array', enumeration), '{ok,"so so"}'), '["ok","so so"]');
  assert.equal(
    json(derivedType('composite', undefined), '(1234,"a ""b""")'),
    '"(1234,\\"a \\"\\"b\\"\\"\\")"',
  );
});

test('long text is cut at 8 MiB, at the start of a character, long bytes too, long JSON is replaced', () => {
  const limit = 8 * 1024 * 1024;
  assert.equal(json(baseType('text'), 'a'.repeat(limit + 1)).length, limit + 2);
  const cut: unknown = JSON.parse(json(baseType('text'), `a${'é'.repeat(limit / 2)}`));
  assert.ok(typeof cut === 'string');
  assert.equal(Buffer.byteLength(cut), limit - 1);
  assert.equal(json(baseType('xml'), 'a'.repeat(limit + 1)).length, limit + 3);
  const bytes: unknown = JSON.parse(json(baseType('bytea'), `\\x${'ab'.repeat(limit + 5)}`));
  assert.equal(Buffer.from(String(bytes), 'base64').length, limit);
  const text = JSON.stringify('x'.repeat(limit));
  assert.equal(json(baseType('json'), text), `{"flow_truncated":true,"original_size":${text.length}}`);
});

test('any text that passed through COPY is what JSON.stringify makes of it', () => {
  const write = compileValueWriter(baseType('text'));
  const tuple = new TupleView();
  const character = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom('\\', '\t', '\n', '\r', '\b', '\f', '\v', 'N', '"'),
  );
  const text = fc
    .array(character, { maxLength: 40 })
    .map((characters) => characters.join('').replaceAll('\0', ''));
  fc.assert(
    fc.property(fc.array(fc.option(text), { minLength: 1, maxLength: 6 }), (row) => {
      const line = row.map((value) => (value === null ? '\\N' : copyEscaped(value))).join('\t');
      const bytes = Buffer.from(`${line}\n`);
      readCopyTextRow(tuple, bytes, 0, bytes.length);
      const written = Array.from({ length: tuple.count }, (_, column) => {
        if (tuple.kinds[column] === 0x6e) return null;
        const out = new JsonBuffer(1);
        write(out, bytes, tuple.starts[column] ?? 0, tuple.ends[column] ?? 0);
        return out.view().toString();
      });
      assert.deepEqual(
        written,
        row.map((value) => (value === null ? null : JSON.stringify(value))),
      );
    }),
  );
});

test('random bytes survive as base64', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (value) => {
      const hex = Buffer.from(value).toString('hex');
      assert.equal(
        json(baseType('bytea'), `\\x${hex}`),
        JSON.stringify(Buffer.from(value).toString('base64')),
      );
    }),
  );
});
