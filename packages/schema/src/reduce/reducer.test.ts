/* oxlint-disable unicorn/no-thenable -- a keyword of JSON Schema */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { WeirError } from '@weir/protocol';

import { ExactNumber, parseJson, stringifyJson } from '../json/index.ts';
import { compileReducer, type Reducer } from './index.ts';

type Schema = Record<string, unknown> | boolean;

const reducerOf = (schema: Schema): Reducer => compileReducer(JSON.stringify(schema));
const by = (strategy: string, options: object = {}): Schema => ({ reduce: { strategy, ...options } });
const merging = (properties: Record<string, Schema>, rest: object = {}): Schema => ({
  ...rest,
  ...(by('merge') as object),
  properties,
});

/** The text of a reduction's outcome, after checking that reducing bytes gives the same. */
function outcome(reducer: Reducer, left: string | undefined, right: string, full: boolean): string {
  const parsed = left === undefined ? undefined : parseJson(left);
  const result = reducer.reduce(parsed, parseJson(right), full);
  const bytes = reducer.reduceBytes(
    left === undefined ? undefined : Buffer.from(left),
    Buffer.from(right),
    full,
  );
  if (result === 'not-associative' || bytes === 'not-associative') {
    assert.equal(bytes, result);
    return 'not-associative';
  }
  assert.equal(bytes.deleted, result.deleted);
  assert.deepEqual(parseJson(bytes.value), result.value);
  return stringifyJson(result.value) + (result.deleted ? ' deleted' : '');
}

/** Each row: left, right, the full outcome, the partial outcome when it differs. */
type Row = readonly [left: string | undefined, right: string, full: string, partial?: string];

function check(schema: Schema, rows: readonly Row[]): void {
  const reducer = reducerOf(schema);
  // The same at the root and below a merged root, where an absent left side is reduced too.
  const nested = reducerOf(merging({ at: schema }));
  for (const [left, right, full, partial = full] of rows) {
    const label = `${left ?? 'nothing'} then ${right}`;
    if (left !== undefined) {
      assert.equal(outcome(reducer, left, right, true), full, `${label}, full`);
      assert.equal(outcome(reducer, left, right, false), partial, `${label}, partial`);
    }
    const inside = (value: string | undefined): string => (value === undefined ? '{}' : `{"at":${value}}`);
    const expected = (value: string): string => {
      if (value === 'not-associative') return value;
      return inside(value.endsWith(' deleted') ? undefined : value);
    };
    assert.equal(
      outcome(nested, inside(left), inside(right), true),
      expected(full),
      `${label}, nested, full`,
    );
    assert.equal(outcome(nested, inside(left), inside(right), false), expected(partial), `${label}, nested`);
  }
}

function problem(schema: Schema, left: string, right: string): string {
  const reducer = reducerOf(schema);
  const messages = [
    () => reducer.reduce(parseJson(left), parseJson(right), true),
    () => reducer.reduceBytes(Buffer.from(left), Buffer.from(right), true),
  ].map((reduce) => {
    try {
      reduce();
    } catch (error) {
      assert.ok(error instanceof WeirError && error.code === 'REDUCTION_FAILED');
      return error.message;
    }
    return assert.fail('reduced');
  });
  assert.equal(messages[0], messages[1]);
  return messages[0] ?? '';
}

describe('strategies', () => {
  test('without an annotation the newer document replaces the older one', () => {
    check({}, [
      ['{"a":1}', '{"b":2}', '{"b":2}'],
      [undefined, '1', '1'],
    ]);
    check({ properties: { a: by('sum') } }, [['{"a":1}', '{"a":2}', '{"a":2}']]);
  });

  test('firstWriteWins keeps the older value', () => {
    check(by('firstWriteWins'), [
      ['1', '2', '1'],
      [undefined, '2', '2'],
      ['null', '2', 'null'],
    ]);
  });

  test('lastWriteWins takes the newer value, and deletes in a full reduction when it says so', () => {
    check(by('lastWriteWins'), [['1', '2', '2']]);
    check(by('lastWriteWins', { delete: true }), [['1', 'null', 'null deleted', 'null']]);
  });

  test('lastWriteWins that is not associative combines only equal values without the root', () => {
    check(by('lastWriteWins', { associative: false }), [
      ['1', '2', '2', 'not-associative'],
      ['{"a":[1.0]}', '{"a":[1]}', '{"a":[1]}'],
    ]);
    check(by('lastWriteWins', { associative: false }), [[undefined, '2', '2', 'not-associative']]);
  });

  test('merge combines objects property by property and keeps what only the older one has', () => {
    check(merging({ n: by('sum'), o: merging({ l: by('append') }) }), [
      ['{"a":1,"n":1}', '{"b":2,"n":2}', '{"a":1,"b":2,"n":3}'],
      ['{"o":{"k":1,"l":[1]}}', '{"o":{"l":[2]}}', '{"o":{"k":1,"l":[1,2]}}'],
      ['{}', '{"n":5,"o":{"l":[1]}}', '{"n":5,"o":{"l":[1]}}'],
      ['{"z":1,"b":1}', '{"y":2,"a":2}', '{"a":2,"b":1,"y":2,"z":1}'],
    ]);
  });

  test('merge without a key combines arrays by position and keeps the longer tail', () => {
    check({ ...(by('merge') as object), items: by('sum') }, [
      ['[1,2,3]', '[10]', '[11,2,3]'],
      ['[1]', '[10,20]', '[11,20]'],
    ]);
  });

  test('merge with a key joins sorted arrays', () => {
    check({ ...(by('merge', { key: ['/k'] }) as object), items: merging({ n: by('sum') }) }, [
      [
        '[{"k":1,"n":1},{"k":3,"n":1}]',
        '[{"k":2,"n":5},{"k":3,"n":5}]',
        '[{"k":1,"n":1},{"k":2,"n":5},{"k":3,"n":6}]',
      ],
    ]);
    check(by('merge', { key: [''] }), [['["a","c"]', '["b","c","d"]', '["a","b","c","d"]']]);
    check(by('merge', { key: ['/k'] }), [
      ['[{"x":1},{"k":null}]', '[{"k":0}]', '[{"x":1},{"k":null},{"k":0}]'],
    ]);
  });

  test('merge into a value of another type needs the root', () => {
    check(merging({}), [
      ['[1]', '{"a":1}', '{"a":1}', 'not-associative'],
      ['null', '{"a":1}', '{"a":1}', 'not-associative'],
      [undefined, '{"a":1}', '{"a":1}'],
    ]);
  });

  test('a delete below the root drops the property or item in a full reduction only', () => {
    const nulls: Schema = { if: { type: 'null' }, then: by('lastWriteWins', { delete: true }) };
    check({ ...(by('merge') as object), additionalProperties: nulls }, [
      ['{"a":1,"b":2}', '{"a":null,"c":3}', '{"b":2,"c":3}', '{"a":null,"b":2,"c":3}'],
    ]);
    check({ ...(by('merge') as object), items: nulls }, [['[1,2]', '[null]', '[2]', '[null,2]']]);
    check(merging({ gone: by('merge', { delete: true }) }), [
      ['{"gone":{"a":1}}', '{"gone":{"b":1}}', '{}', '{"gone":{"a":1,"b":1}}'],
      ['{}', '{"gone":{"b":1}}', '{}', '{"gone":{"b":1}}'],
    ]);
  });

  test('sum adds integers exactly within 64 bits, doubles as doubles and long decimals as decimals', () => {
    check(by('sum'), [
      ['1', '2', '3'],
      [undefined, '2', '2'],
      ['9007199254740991', '1', '9007199254740992'],
      ['9223372036854775807', '9223372036854775808', '18446744073709551615'],
      ['9007199254740993', '-9007199254740992', '1'],
      ['0.1', '0.2', '0.30000000000000004'],
      ['1', '0.5', '1.5'],
      ['0.12345678901234567890', '1', '1.12345678901234567890'],
    ]);
  });

  test('sum of numeric strings has any precision and is a string', () => {
    check(by('sum'), [
      ['"1"', '0', '"1"'],
      [undefined, '"1.10"', '"1.10"'],
      ['"99999999999999999999999999"', '"1.50"', '"100000000000000000000000000.50"'],
      ['1', '"-0.25"', '"0.75"'],
      ['"1e3"', '0.5', '"1000.5"'],
    ]);
  });

  test('minimize and maximize compare whole values', () => {
    check(by('minimize'), [
      ['1', '2', '1'],
      ['2', '1', '1'],
      [undefined, '1', '1'],
      ['null', '1', 'null'],
    ]);
    check(by('maximize'), [
      ['"a"', '"b"', '"b"'],
      ['9007199254740993', '9007199254740992', '9007199254740993'],
    ]);
  });

  test('minimize and maximize by key keep the winner, and merge on a tie', () => {
    check(
      {
        ...(by('maximize', { key: ['/k'] }) as object),
        properties: { n: by('sum') },
      },
      [
        ['{"k":2,"n":1}', '{"k":1,"n":5}', '{"k":2,"n":1}'],
        ['{"k":1,"n":1}', '{"k":2,"n":5}', '{"k":2,"n":5}'],
        ['{"a":1,"k":2,"n":1}', '{"k":2,"n":5}', '{"a":1,"k":2,"n":6}'],
        ['{"n":1}', '{"k":null,"n":5}', '{"k":null,"n":5}'],
        [undefined, '{"k":1,"n":5}', '{"k":1,"n":5}'],
      ],
    );
    check(by('minimize', { key: ['/k'] }), [
      ['{"k":1}', '{"k":null}', '{"k":null}'],
      ['{"n":1}', '{"k":1}', '{"n":1}'],
    ]);
  });

  test('append concatenates, and a null stays', () => {
    check(by('append'), [
      ['[1]', '[2,3]', '[1,2,3]'],
      [undefined, '[1]', '[1]'],
      ['null', '[1]', 'null'],
    ]);
  });

  test('set composes changes, and a full reduction keeps only what is in the set', () => {
    check(by('set', { key: [''] }), [
      [
        '{"add":["a","b"]}',
        '{"remove":["a"],"add":["c"]}',
        '{"add":["b","c"]}',
        '{"add":["b","c"],"remove":["a"]}',
      ],
      [
        '{"add":["a","b"]}',
        '{"intersect":["b","c"]}',
        '{"add":["b"]}',
        '{"add":["b"],"intersect":["b","c"]}',
      ],
      [
        '{"intersect":["x","y"],"add":["a"]}',
        '{"remove":["x"],"add":["b"]}',
        '{"add":["a","b"]}',
        '{"add":["a","b"],"intersect":["y"]}',
      ],
      [
        '{"remove":["x"],"add":["a"]}',
        '{"intersect":["a","x","y"]}',
        '{"add":["a"]}',
        '{"add":["a"],"intersect":["a","y"]}',
      ],
    ]);
    check({ ...(by('set') as object), properties: { add: { additionalProperties: by('sum') } } }, [
      ['{"add":{"a":1,"b":1}}', '{"add":{"b":2,"c":2}}', '{"add":{"a":1,"b":3,"c":2}}'],
      ['{"add":{"a":1,"b":1}}', '{"remove":{"a":0}}', '{"add":{"b":1}}', '{"add":{"b":1},"remove":{"a":0}}'],
    ]);
    check(by('set'), [
      [undefined, '{"remove":{"a":1},"add":{"b":1}}', '{"add":{"b":1}}', '{"remove":{"a":1},"add":{"b":1}}'],
    ]);
  });
});

describe('jsonSchemaMerge', () => {
  const reducer = reducerOf(by('jsonSchemaMerge'));
  const merged = (left: object | boolean, right: object | boolean): unknown => {
    const text = outcome(reducer, JSON.stringify(left), JSON.stringify(right), true);
    assert.equal(outcome(reducer, JSON.stringify(left), JSON.stringify(right), false), text);
    return JSON.parse(text);
  };

  test('is the union of what two schemas allow', () => {
    const left = {
      type: 'object',
      required: ['a', 'b'],
      properties: { a: { type: 'integer' }, b: { type: 'string' } },
    };
    const right = { type: 'object', required: ['a'], properties: { a: { type: 'null' } } };
    const union = merged(left, right) as { required: string[]; properties: { a: { type: string[] } } };
    assert.deepEqual(union.required, ['a']);
    assert.deepEqual([...union.properties.a.type].sort(), ['integer', 'null']);
  });

  test('takes the later of two generations as it is', () => {
    const older = {
      type: 'object',
      properties: { a: { type: 'string' } },
      'x-collection-generation-id': '00000000000000aa',
    };
    const newer = {
      type: 'object',
      properties: { b: { type: 'string' } },
      'x-collection-generation-id': '00000000000000bb',
    };
    assert.deepEqual(merged(older, newer), newer);
    assert.deepEqual(merged(newer, older), newer);
  });

  test('expects schemas', () => {
    const message = "reduction failed at location '': jsonSchemaMerge expects JSON schemas";
    assert.equal(problem(by('jsonSchemaMerge'), '1', '{}'), message);
    assert.equal(problem(by('jsonSchemaMerge'), '{}', '"x"'), message);
  });
});

describe('where strategies come from', () => {
  const cdc: Schema = {
    $defs: {
      Row: {
        type: 'object',
        $anchor: 'Row',
        required: ['id'],
        properties: { id: { type: 'integer' }, name: { type: ['string', 'null'] } },
      },
    },
    allOf: [
      {
        if: { properties: { _meta: { properties: { op: { const: 'd' } } } } },
        then: { reduce: { strategy: 'merge', delete: true } },
        else: { reduce: { strategy: 'merge' } },
        type: 'object',
        required: ['_meta'],
        properties: {
          _meta: {
            type: 'object',
            required: ['op'],
            properties: {
              op: { enum: ['c', 'd', 'u'] },
              before: { $ref: '#Row', reduce: { strategy: 'firstWriteWins' } },
            },
            reduce: { strategy: 'merge' },
          },
        },
      },
      { $ref: '#Row' },
    ],
  };

  test('a change of a table row is merged, keeps the first before, and a delete is flagged', () => {
    const reducer = reducerOf(cdc);
    const first =
      '{"_meta":{"before":{"id":1},"op":"u"},"big":9007199254740993,"id":1,"name":"a","old":1.50}';
    const second = '{"_meta":{"before":{"id":1,"name":"a"},"op":"u","source":{"t":1}},"id":1,"name":"b"}';
    assert.equal(
      outcome(reducer, first, second, true),
      '{"_meta":{"before":{"id":1},"op":"u","source":{"t":1}},"big":9007199254740993,"id":1,"name":"b","old":1.5}',
    );
    const gone = '{"_meta":{"op":"d"},"id":1}';
    assert.equal(
      outcome(reducer, '{"_meta":{"op":"u"},"id":1,"name":"a"}', gone, true),
      '{"_meta":{"op":"d"},"id":1,"name":"a"} deleted',
    );
    assert.equal(outcome(reducer, '{"_meta":{"op":"u"},"id":1}', gone, false), '{"_meta":{"op":"d"},"id":1}');
    assert.equal(
      outcome(reducer, '{"_meta":{"op":"d"},"id":1}', '{"_meta":{"op":"c"},"id":1}', true),
      '{"_meta":{"op":"c"},"id":1}',
    );
    assert.equal(outcome(reducer, undefined, gone, true), '{"_meta":{"op":"d"},"id":1}');
  });

  test('columns of a table row are copied as they are written', () => {
    const reducer = reducerOf(cdc);
    const left = '{"_meta":{"op":"c"},"a":1.50,"b":"\\u00e9"}';
    const merged = reducer.reduceBytes(
      Buffer.from(left),
      Buffer.from('{"_meta":{"op":"u"},"c":1e2 , "d" : [ 1 ]}'),
      true,
    );
    assert.ok(merged !== 'not-associative');
    assert.equal(merged.value.toString(), '{"_meta":{"op":"u"},"a":1.50,"b":"\\u00e9","c":1e2,"d" : [ 1 ]}');
  });

  test('a row whose root is replaced comes back as the same bytes', () => {
    const right = Buffer.from('{"b":1, "a":2}');
    const result = reducerOf({ type: 'object' }).reduceBytes(Buffer.from('{}'), right, true);
    assert.ok(result !== 'not-associative' && result.value === right);
  });

  test('history mode retains every change event', () => {
    const schema: Schema = merging({
      _meta: merging({ source: by('lastWriteWins', { associative: false }) }),
    });
    const reducer = reducerOf(schema);
    const event = (loc: number): string => `{"_meta":{"source":{"loc":[${loc}]}},"id":1}`;
    assert.equal(outcome(reducer, event(1), event(2), false), 'not-associative');
    assert.equal(outcome(reducer, event(1), event(2), true), event(2));
    assert.equal(outcome(reducer, event(2), event(2), false), event(2));
  });

  test('the newer document decides between branches', () => {
    const schema: Schema = {
      oneOf: [
        { properties: { op: { const: 'add' } }, ...(merging({ n: by('sum') }) as object) },
        { properties: { op: { const: 'reset' } }, ...(by('lastWriteWins') as object) },
      ],
    };
    const branches = (schema as { oneOf: { properties: object }[] }).oneOf;
    branches[0]!.properties = { op: { const: 'add' }, n: by('sum') };
    const reducer = reducerOf(schema);
    assert.equal(outcome(reducer, '{"n":1,"op":"reset"}', '{"n":2,"op":"add"}', true), '{"n":3,"op":"add"}');
    assert.equal(
      outcome(reducer, '{"n":3,"op":"add"}', '{"n":2,"op":"reset"}', true),
      '{"n":2,"op":"reset"}',
    );
    const choice = reducerOf({
      ...(by('merge') as object),
      additionalProperties: { anyOf: [{ type: 'string' }, { type: 'number', ...(by('sum') as object) }] },
    });
    assert.equal(outcome(choice, '{"a":1,"b":"x"}', '{"a":2,"b":"y"}', true), '{"a":3,"b":"y"}');
  });

  test('references lead to strategies, also recursive and external ones', () => {
    const reducer = compileReducer(JSON.stringify({ allOf: [{ $ref: 'flow://write-schema' }] }), {
      refs: { 'flow://write-schema': JSON.stringify(merging({ child: { $ref: '#' }, n: by('sum') })) },
    });
    assert.equal(
      outcome(reducer, '{"child":{"child":{"n":1},"n":1},"n":1}', '{"child":{"child":{"n":2}}}', true),
      '{"child":{"child":{"n":3},"n":1},"n":1}',
    );
    const within = reducerOf({
      $defs: { a: { b: 1, ...(by('sum') as object) } },
      ...(merging({ n: { $ref: '#/$defs/a' } }) as object),
    });
    assert.equal(outcome(within, '{"n":1}', '{"n":2}', true), '{"n":3}');
  });

  test("Flow's schema of connector states reduces like a merge patch", () => {
    const reducer = reducerOf({
      $id: 'flow://merge-patch-schema',
      oneOf: [
        { type: 'object', reduce: { strategy: 'merge' }, additionalProperties: { $ref: '#' } },
        { type: 'null', reduce: { strategy: 'lastWriteWins', delete: true } },
        { type: ['array', 'boolean', 'number', 'string'] },
      ],
    });
    assert.equal(
      outcome(reducer, '{"a":{"b":1,"c":2},"d":3}', '{"a":{"b":null,"e":4}}', true),
      '{"a":{"c":2,"e":4},"d":3}',
    );
    assert.equal(outcome(reducer, '{"a":1}', '{"a":{"b":null,"c":1}}', true), '{"a":{"c":1}}');
    assert.equal(outcome(reducer, '{"a":1}', '{"a":{"b":null}}', false), 'not-associative');
    assert.equal(outcome(reducer, '{"a":1}', 'null', true), 'null deleted');
  });
});

describe('documents written in unusual ways', () => {
  const reducer = reducerOf(merging({ n: by('sum') }));

  test('unsorted, spaced, escaped and repeated names reduce like any other', () => {
    assert.equal(
      outcome(reducer, ' { "z" : 1 , "n":\t1 }\n', '{"n":2,"a":[{"x":"}\\""}]}', true),
      '{"a":[{"x":"}\\""}],"n":3,"z":1}',
    );
    assert.equal(outcome(reducer, '{"\\u006e":1}', '{"n":2}', true), '{"n":3}');
    assert.equal(outcome(reducer, '{"n":1,"n":5}', '{"n":2}', true), '{"n":7}');
    assert.equal(outcome(reducer, '{"😀":1,"\uffff":1}', '{"é":2}', true), '{"é":2,"\uffff":1,"😀":1}');
  });

  test('names of inherited properties are ordinary names', () => {
    assert.equal(
      outcome(reducer, '{"__proto__":1,"constructor":1}', '{"toString":2}', true),
      '{"__proto__":1,"constructor":1,"toString":2}',
    );
  });

  test('numbers that no double holds survive', () => {
    const result = reducer.reduce(
      { a: 9007199254740993n, b: new ExactNumber('0.1000000000000000000001') },
      { n: 1 },
      true,
    );
    assert.ok(result !== 'not-associative');
    assert.equal(stringifyJson(result.value), '{"a":9007199254740993,"b":0.1000000000000000000001,"n":1}');
  });

  test('more properties than expected are no problem', () => {
    const wide = (from: number): string =>
      JSON.stringify(
        Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`p${from + index}`, index])),
      );
    const merged = JSON.parse(outcome(reducer, wide(0), wide(200), true)) as object;
    assert.equal(Object.keys(merged).length, 500);
  });
});

describe('errors', () => {
  test('name the location and the reason', () => {
    const at = (schema: Schema): Schema => merging({ 'a/b': { ...(by('merge') as object), items: schema } });
    const failing = (schema: Schema, left: string, right: string): string =>
      problem(at(schema), `{"a/b":[${left}]}`, `{"a/b":[${right}]}`);
    const prefix = "reduction failed at location '/a~1b/0': ";
    assert.equal(failing(by('sum'), '1', 'true'), `${prefix}sum expects numbers`);
    assert.equal(failing(by('sum'), '"x"', '1'), `${prefix}sum expects numbers`);
    assert.equal(failing(by('sum'), '18446744073709551615', '1'), `${prefix}numeric overflow`);
    assert.equal(failing(by('sum'), '1.7e308', '1.7e308'), `${prefix}numeric overflow`);
    assert.equal(failing(by('sum'), '"1e99999999"', '1'), `${prefix}sum expects numbers`);
    assert.equal(failing(by('append'), '[]', '1'), `${prefix}append expects arrays`);
    assert.equal(failing(by('append'), '1', '[]'), `${prefix}append expects arrays`);
    assert.equal(failing(by('merge'), '1', '2'), `${prefix}merge expects objects or arrays`);
    assert.match(
      failing(by('set'), '{"add":[]}', '{"add":{}}'),
      /set expects an object of add, intersect and remove/,
    );
    assert.match(failing(by('set'), '{}', '{"other":[]}'), /set expects an object/);
    assert.match(failing(by('set'), '{}', '{"intersect":[],"remove":[]}'), /not both/);
    const conflict: Schema = { allOf: [by('sum'), by('append')] };
    assert.equal(failing(conflict, '1', '1'), `${prefix}the schema applies conflicting strategies`);
  });

  test('the same strategy given twice is no conflict', () => {
    check({ allOf: [by('sum'), by('sum')] }, [['1', '2', '3']]);
  });

  test('an annotation or reference that cannot be used is refused with its place', () => {
    const refused: [Schema, RegExp][] = [
      [
        { properties: { a: by('summ') } },
        /'\/properties\/a' of the schema needs a strategy out of firstWriteWins/,
      ],
      [by('sum', { key: [''] }), /has the option 'key', which sum does not know/],
      [by('merge', { key: ['k'] }), /key that is no JSON pointer/],
      [by('merge', { key: [] }), /not a list of JSON pointers/],
      [by('merge', { delete: 1 }), /not a boolean/],
      [{ reduce: 'merge' }, /is not an object/],
      [{ $ref: '#/$defs/none' }, /'#\/\$defs\/none', which does not exist/],
      [
        { if: { unevaluatedProperties: false }, then: by('merge') },
        /unevaluatedProperties, which is not supported/,
      ],
    ];
    for (const [schema, message] of refused) {
      assert.throws(
        () => reducerOf(schema),
        (error: WeirError) => error.code === 'SCHEMA_INVALID' && message.test(error.message),
      );
    }
  });
});

test('a document says by itself whether it deletes its key, also when nothing came before it', () => {
  const cdc: Schema = {
    type: 'object',
    if: { required: ['op'], properties: { op: { const: 'd' } } },
    then: { reduce: { strategy: 'merge', delete: true } },
    else: { reduce: { strategy: 'merge' } },
  };
  assert.equal(reducerOf(cdc).deletes({ id: 1, op: 'd' }), true);
  assert.equal(reducerOf(cdc).deletes({ id: 1, op: 'u' }), false);
  assert.equal(reducerOf({ type: 'object' }).deletes({ op: 'd' }), false);
  assert.equal(reducerOf({ reduce: { strategy: 'sum' } }).deletes(1), false);
});
