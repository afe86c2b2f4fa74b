import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packTuple, TuplePacker } from '@weir/protocol';
import * as fc from 'fast-check';
import { compileKeyPacker, keyParameters, repackKey } from './key-packer.ts';
import type { oids, PgType } from './pg-type.ts';
import { baseType, derivedType } from './test-types.ts';

function pack(...values: readonly (readonly [PgType, string])[]): Buffer {
  const packer = new TuplePacker();
  for (const [type, text] of values) {
    const bytes = Buffer.from(`(${text})`);
    compileKeyPacker(type)(packer, bytes, 1, bytes.length - 1);
  }
  return packer.copy();
}

function packOne(name: keyof typeof oids, text: string): Buffer {
  return pack([baseType(name), text]);
}

/** The values are given in the order of the server. */
function assertOrdered(name: keyof typeof oids, values: readonly string[]): void {
  const packed = values.map((value) => packOne(name, value));
  for (let index = 1; index < packed.length; index += 1) {
    assert.equal(
      Buffer.compare(packed[index - 1]!, packed[index]!),
      -1,
      `${name}: ${values[index - 1]} must come before ${values[index]}`,
    );
  }
  for (const value of values)
    assert.deepEqual(keyParameters([baseType(name)], packOne(name, value)).length, 1);
}

test('a key of two columns has the bytes that other captures of Flow give it', () => {
  assert.equal(pack([baseType('text'), 'B'], [baseType('int4'), '4']).toString('base64'), 'AkIAFQQ=');
});

test('integers over the whole range keep their order and their value', () => {
  const extremes = [
    -(2n ** 63n),
    -(2n ** 53n),
    -256n,
    -255n,
    -1n,
    0n,
    1n,
    255n,
    256n,
    2n ** 53n,
    2n ** 63n - 1n,
  ];
  assertOrdered('int8', extremes.map(String));
  const anyInt8 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
  fc.assert(
    fc.property(anyInt8, anyInt8, (a, b) => {
      const [packedA, packedB] = [packOne('int8', String(a)), packOne('int8', String(b))];
      assert.equal(Buffer.compare(packedA, packedB), a < b ? -1 : a > b ? 1 : 0);
      assert.deepEqual(keyParameters([baseType('int8')], packedA), [String(a)]);
    }),
  );
});

test('floats keep the order of the server, where NaN is the largest and -0 is 0', () => {
  assertOrdered('float8', ['-Infinity', '-1e+300', '-1.5', '-1e-300', '0', '1e-300', '1', 'Infinity', 'NaN']);
  assert.deepEqual(packOne('float8', '-0'), packOne('float8', '0'));
  assert.deepEqual(keyParameters([baseType('float4')], packOne('float4', '123.456')), ['123.456']);
});

test('numerics keep the order of the server, are one key whatever their scale, and come back', () => {
  assertOrdered('numeric', [
    '-Infinity',
    '-12345678901234567890',
    '-100',
    '-99.9',
    '-1.5',
    '-1',
    '-0.05',
    '-0.00001',
    '0',
    '0.00001',
    '0.05',
    '0.5',
    '1',
    '1.00001',
    '1.5',
    '9',
    '10',
    '99.9',
    '10000',
    '10000.0001',
    '12345678901234567890',
    'Infinity',
    'NaN',
  ]);
  const decimal = fc.tuple(fc.bigInt(-(10n ** 30n), 10n ** 30n), fc.nat(25)).map(([digits, scale]) => {
    const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
    const point = text.length - scale;
    const number = scale === 0 ? text : `${text.slice(0, point)}.${text.slice(point)}`;
    return { text: (digits < 0n ? '-' : '') + number, scaled: digits * 10n ** BigInt(25 - scale) };
  });
  fc.assert(
    fc.property(decimal, decimal, (a, b) => {
      const order = a.scaled < b.scaled ? -1 : a.scaled > b.scaled ? 1 : 0;
      const [packedA, packedB] = [packOne('numeric', a.text), packOne('numeric', b.text)];
      assert.equal(Buffer.compare(packedA, packedB), order, `${a.text} and ${b.text}`);
      const plain = a.text.includes('.') ? a.text.replace(/\.?0+$/, '') : a.text;
      assert.deepEqual(keyParameters([baseType('numeric')], packedA), [plain === '-0' ? '0' : plain]);
    }),
  );
});

test('dates and timestamps keep their order in time, in UTC, from BC to after the year 9999', () => {
  assertOrdered('date', [
    '-infinity',
    '4713-01-01 BC',
    '0044-03-15 BC',
    '0001-01-01',
    '2024-01-15',
    '9999-12-31',
    '10000-01-01',
    'infinity',
  ]);
  assertOrdered('timestamptz', [
    '-infinity',
    '2024-01-15 01:00:00+02',
    '2024-01-14 23:00:00.000001+00',
    '2024-01-14 15:00:00.5-08',
    '2024-01-15 05:00:00+05:30',
    'infinity',
  ]);
  const parameter = (name: 'date' | 'timestamp' | 'timestamptz', text: string): string | null | undefined =>
    keyParameters([baseType(name)], packOne(name, text))[0];
  assert.equal(parameter('timestamptz', '2024-01-15 01:00:00.25+02'), '2024-01-14T23:00:00.250000000Z');
  assert.equal(parameter('date', '2024-01-15'), '2024-01-15T00:00:00.000000000Z');
  assert.equal(parameter('timestamp', '0044-03-15 12:00:00 BC'), '0044-03-15 12:00:00.000000000+00 BC');
  assert.equal(parameter('timestamp', '12345-03-15 12:00:00'), '12345-03-15 12:00:00.000000000+00');
  assert.equal(parameter('timestamp', 'infinity'), 'infinity');
});

test('booleans, bytes, texts and domains come back as parameters', () => {
  assert.deepEqual(keyParameters([baseType('bool')], packOne('bool', 't')), ['true']);
  assert.deepEqual(keyParameters([baseType('bytea')], packOne('bytea', '\\x00ff')), ['\\x00ff']);
  assert.deepEqual(keyParameters([baseType('text')], packOne('text', 'é "x"')), ['é "x"']);
  assert.deepEqual(
    keyParameters(
      [derivedType('domain', baseType('int4'))],
      pack([derivedType('domain', baseType('int4')), '-5']),
    ),
    ['-5'],
  );
});

test('keys of a state that another capture of Flow wrote become those that are packed here', () => {
  const single = Buffer.concat([Buffer.from([0x20]), Buffer.from('bfc00000', 'hex')]);
  assert.deepEqual(repackKey([baseType('float4')], single), packOne('float4', '1.5'));
  const wire = Buffer.from('0002000000000002000c1388', 'hex');
  assert.deepEqual(
    repackKey([baseType('numeric')], packTuple([['N', [20_002, Buffer.from('125'), wire]]])),
    packOne('numeric', '12.5'),
  );
  for (const text of ['2024-01-15T06:30:00.123456000-08:00', '2024-01-15T14:30:00.123456000Z']) {
    assert.deepEqual(
      repackKey([baseType('timestamptz')], packTuple([text])),
      packOne('timestamptz', '2024-01-15 14:30:00.123456+00'),
    );
  }
  const mixed = [baseType('bpchar'), baseType('int8'), baseType('bytea'), baseType('bool'), baseType('text')];
  assert.deepEqual(
    repackKey(mixed, packTuple(['a  ', 2n ** 62n, Buffer.from([0, 1]), true, null])),
    packTuple(['a', 2n ** 62n, Buffer.from([0, 1]), true, null]),
  );
});

test('values of domains that were packed as texts become those of their types', () => {
  const values = [
    ['int4', '-12'],
    ['int8', '9223372036854775807'],
    ['numeric', '12.50'],
    ['bool', 'true'],
    ['float8', '-1.5'],
    ['uuid', '00000000-0000-4000-8000-000000000001'],
  ] as const;
  for (const [name, text] of values) {
    const domain = derivedType('domain', baseType(name));
    assert.deepEqual(repackKey([domain], packTuple([text])), packOne(name, text), name);
  }
});

test('what was packed here stays as it is', () => {
  const types = [baseType('numeric'), baseType('timestamptz'), baseType('float8'), baseType('date')];
  const key = pack(
    [types[0] ?? baseType('numeric'), '-12.500'],
    [types[1] ?? baseType('timestamptz'), '44-03-15 12:00:00+01 BC'],
    [types[2] ?? baseType('float8'), '-0.5'],
    [types[3] ?? baseType('date'), '5874897-12-31'],
  );
  assert.deepEqual(repackKey(types, key), key);
});
