import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { WeirError } from '@weir/protocol';
import { compareJson, compareStrings, equalJson } from './compare.ts';
import { MAX_DEPTH, parseJson } from './parse.ts';
import { formatPointer, parsePointer, resolvePointer, setPointer } from './pointer.ts';
import { canonicalJson, stringifyJson } from './stringify.ts';
import { ExactNumber, isJsonObject, type JsonValue } from './value.ts';

/** Any JSON numeral, with the ones that doubles cannot hold well represented. */
const numeral = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.bigInt({ min: 0n, max: 10n ** 40n }), fc.nat().map(BigInt)),
    fc.oneof(fc.constant(''), fc.stringMatching(/^\.\d{1,30}$/)),
    fc.oneof({ weight: 3, arbitrary: fc.constant('') }, fc.stringMatching(/^[eE][+-]?\d{1,3}$/)),
  )
  .map(([sign, integer, fraction, exponent]) => `${sign}${integer}${fraction}${exponent}`);

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof WeirError) return error.code;
    throw error;
  }
  return 'none';
}

/** The value of a numeral as a ratio, by an independent route: scaled big integers. */
function scaled(text: string): bigint {
  const [, sign, integer = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const digits = BigInt(integer + fraction) * (sign === '-' ? -1n : 1n);
  return digits * 10n ** BigInt(1100 + Number(power) - fraction.length);
}

describe('exact JSON', () => {
  it('keeps the value of every numeral through parse and print', () => {
    fc.assert(
      fc.property(numeral, (text) => {
        const printed = stringifyJson(parseJson(`{"n":[${text}]}`));
        assert.equal(scaled(printed.slice(6, -2)), scaled(text));
      }),
      { numRuns: 500 },
    );
  });

  it('orders numerals by their exact value', () => {
    fc.assert(
      fc.property(numeral, numeral, (left, right) => {
        const expected = scaled(left) < scaled(right) ? -1 : scaled(left) > scaled(right) ? 1 : 0;
        assert.equal(Math.sign(compareJson(parseJson(left), parseJson(right))), expected);
      }),
      { numRuns: 500 },
    );
  });

  it('uses plain numbers where JavaScript prints an equal value, bigint for other integers, ExactNumber for the rest', () => {
    assert.deepEqual(
      parseJson('[9007199254740991, 9007199254740992, -9007199254740993, 1.0, 1e3, 0.30000000000000004]'),
      [9007199254740991, 9007199254740992n, -9007199254740993n, 1, 1000, 0.30000000000000004],
    );
    assert.deepEqual(parseJson('[0.1234567890123456789, 1e400, 1e-400]'), [
      new ExactNumber('0.1234567890123456789'),
      new ExactNumber('1e400'),
      new ExactNumber('1e-400'),
    ]);
  });

  it('agrees with JSON.parse on text without risky numerals, whichever parser reads it', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const viaExact = parseJson(`[${text}, 12345678901234567890]`) as JsonValue[];
        assert.ok(equalJson(viaExact[0] as JsonValue, parseJson(text)));
      }),
    );
  });

  it('rejects what JSON.parse rejects, in the exact parser too', () => {
    for (const bad of [
      '[12345678901234567890',
      '[12345678901234567890,]',
      '{"a":12345678901234567890,}',
      '[012345678901234567890]',
      '[12345678901234567890."]',
      '["\u0001",12345678901234567890]',
      '[12345678901234567890] x',
      '["\\x",12345678901234567890]',
      '{a:12345678901234567890}',
      '["12345678901234567890',
      '[nul,12345678901234567890]',
      '',
      '{"a":1,}',
    ]) {
      assert.equal(
        codeOf(() => parseJson(bad)),
        'JSON_INVALID',
        bad,
      );
      assert.throws(() => JSON.parse(bad), bad);
    }
  });

  it('takes __proto__ as an ordinary property in both parsers', () => {
    for (const text of ['{"__proto__":{"polluted":1}}', '{"__proto__":{"polluted":12345678901234567890}}']) {
      const value = parseJson(text);
      assert.ok(isJsonObject(value) && Object.hasOwn(value, '__proto__'));
      assert.equal(Object.getPrototypeOf(value), Object.prototype);
      assert.equal(stringifyJson(value), text);
      assert.equal(canonicalJson(value), text);
    }
  });

  it('refuses documents deeper than the limit and reads documents at the limit, in both parsers', () => {
    for (const leaf of ['1', '12345678901234567890']) {
      const nest = (depth: number): string => '['.repeat(depth) + leaf + ']'.repeat(depth);
      assert.equal(stringifyJson(parseJson(nest(MAX_DEPTH))), nest(MAX_DEPTH));
      assert.equal(
        codeOf(() => parseJson(nest(MAX_DEPTH + 1))),
        'JSON_TOO_DEEP',
      );
    }
  });

  it('reads many siblings, which are not depth', () => {
    const text = `[${Array(2000).fill('{}').join(',')}]`;
    assert.equal(stringifyJson(parseJson(Buffer.from(text))), text);
  });
});

describe('the order of JSON values', () => {
  it('puts types in the order null, boolean, number, string, array, object', () => {
    const ordered: JsonValue[] = [
      null,
      false,
      true,
      -1,
      0.5,
      2n ** 60n,
      '',
      'a',
      [],
      [1],
      [1, 2],
      [2],
      {},
      { a: 1 },
      { a: 1, b: 1 },
      { a: 2 },
      { b: 0 },
    ];
    for (const [i, left] of ordered.entries()) {
      for (const [j, right] of ordered.entries()) {
        assert.equal(Math.sign(compareJson(left, right)), Math.sign(i - j), `${i} ${j}`);
      }
    }
  });

  it('compares strings as their UTF-8 bytes do', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'é', '\uffff', '\ue000', '😀', '𐀀', '\ud7ff'),
      maxLength: 4,
    });
    fc.assert(
      fc.property(text, text, (left, right) => {
        assert.equal(
          Math.sign(compareStrings(left, right)),
          Buffer.compare(Buffer.from(left), Buffer.from(right)),
        );
      }),
    );
  });

  it('does not depend on the order of properties', () => {
    assert.ok(equalJson({ a: 1, b: [2] }, { b: [2], a: 1 }));
    assert.equal(canonicalJson({ b: 1, a: { d: 1, c: 2 } }), '{"a":{"c":2,"d":1},"b":1}');
  });
});

describe('JSON pointers', () => {
  it('come back from parsing as they were printed', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (tokens) => {
        assert.deepEqual(parsePointer(formatPointer(tokens)), tokens);
      }),
    );
  });

  it('find what they set', () => {
    const tokens = fc.array(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'a/b', 'm~n', '0')), {
      minLength: 1,
    });
    fc.assert(
      fc.property(tokens, (pointer) => {
        assert.equal(resolvePointer(setPointer({}, pointer, 'x'), pointer), 'x');
      }),
    );
  });

  it('see only own properties and canonical indexes', () => {
    assert.equal(resolvePointer({}, ['constructor']), undefined);
    assert.equal(resolvePointer([1, 2], ['1']), 2);
    assert.equal(resolvePointer([1, 2], ['01']), undefined);
    assert.equal(resolvePointer('text', ['0']), undefined);
  });

  it('append to arrays but do not reach past their end or into scalars', () => {
    assert.deepEqual(setPointer({ a: [1] }, ['a', '-'], 2), { a: [1, 2] });
    assert.equal(
      codeOf(() => setPointer({ a: [1] }, ['a', '3'], 2)),
      'POINTER_UNREACHABLE',
    );
    assert.equal(
      codeOf(() => setPointer({ a: 1 }, ['a', 'b'], 2)),
      'POINTER_UNREACHABLE',
    );
    assert.equal(
      codeOf(() => parsePointer('a')),
      'POINTER_INVALID',
    );
  });
});
