// Golden vectors, worked out by hand from the protobuf encoding and the protocol's field numbers, and what readers
// of the JSON codec must put up with.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { createDecoder, createEncoder } from './codec.ts';
import type { CodecName, DecoderOptions, Messages } from './codec.ts';
import { EXPLICIT_ZERO_CHECKPOINT } from './materialize.ts';

function encode<D extends keyof Messages>(direction: D, codec: CodecName, message: Messages[D]): Buffer {
  const encoder = createEncoder(direction, codec);
  encoder.write(message);
  return encoder.take();
}

function decode<D extends keyof Messages>(
  direction: D,
  codec: CodecName,
  bytes: Buffer | string,
  options?: DecoderOptions,
): Messages[D] | undefined {
  const decoder = createDecoder(direction, codec, options);
  decoder.push(Buffer.from(bytes));
  return decoder.next();
}

function golden<D extends keyof Messages>(
  direction: D,
  message: Messages[D],
  wire: { readonly proto: string; readonly json: string },
): void {
  test(`${direction} ${message.kind} is ${wire.json}`, () => {
    const proto = wire.proto.replaceAll(' ', '');
    assert.equal(encode(direction, 'proto', message).toString('hex'), proto);
    assert.equal(encode(direction, 'json', message).toString(), `${wire.json}\n`);
    const decoded = decode(direction, 'proto', Buffer.from(proto, 'hex'));
    // A Store of this codec makes its buffers when they are asked for.
    const members = Object.keys(message) as (keyof typeof message)[];
    assert.deepEqual(Object.fromEntries(members.map((name) => [name, decoded?.[name]])), message);
    assert.deepEqual(decode(direction, 'json', `${wire.json}\n`), message);
  });
}

golden(
  'capture.Response',
  { kind: 'captured', binding: 1, doc: Buffer.from('{"id":1}') },
  { proto: '0e000000 320c 0801 1208 7b226964223a317d', json: '{"captured":{"binding":1,"doc":{"id":1}}}' },
);
golden(
  'capture.Response',
  { kind: 'captured', binding: 0, doc: Buffer.from('{}') },
  { proto: '06000000 3204 1202 7b7d', json: '{"captured":{"doc":{}}}' },
);
golden(
  'capture.Response',
  { kind: 'checkpoint', state: { updated: '{"a":1}', mergePatch: true } },
  {
    proto: '0f000000 3a0d 0a0b 0a07 7b2261223a317d 1001',
    json: '{"checkpoint":{"state":{"updated":{"a":1},"mergePatch":true}}}',
  },
);
golden(
  'capture.Response',
  { kind: 'sourcedSchema', binding: 300, schema: '{}' },
  { proto: '09000000 4207 08ac02 1202 7b7d', json: '{"sourcedSchema":{"binding":300,"schema_json":{}}}' },
);
golden(
  'capture.Response',
  { kind: 'opened', explicitAcknowledgements: true },
  { proto: '04000000 2a02 0801', json: '{"opened":{"explicitAcknowledgements":true}}' },
);
golden(
  'capture.Request',
  { kind: 'acknowledge', checkpoints: 2 },
  { proto: '04000000 3202 0802', json: '{"acknowledge":{"checkpoints":2}}' },
);
golden(
  'capture.Request',
  { kind: 'spec', connectorType: 'IMAGE', config: '{}' },
  { proto: '08000000 0a06 0807 1202 7b7d', json: '{"spec":{"connectorType":"IMAGE","config":{}}}' },
);
golden(
  'materialize.Request',
  { kind: 'load', binding: 1, keyPacked: Buffer.from('1501', 'hex') },
  { proto: '08000000 2a06 0801 1a02 1501', json: '{"load":{"binding":1,"keyPacked":"FQE="}}' },
);
golden('materialize.Request', { kind: 'flush' }, { proto: '02000000 3200', json: '{"flush":{}}' });
golden(
  'materialize.Request',
  { kind: 'acknowledge' },
  { proto: '02000000 4a00', json: '{"acknowledge":{}}' },
);
golden(
  'materialize.Request',
  {
    kind: 'store',
    binding: 0,
    keyPacked: Buffer.from('1501', 'hex'),
    valuesPacked: Buffer.from('02686900', 'hex'),
    doc: Buffer.from('{}'),
    exists: true,
    delete: false,
  },
  {
    proto: '12000000 3a10 1a02 1501 2a04 02686900 3202 7b7d 3801',
    json: '{"store":{"keyPacked":"FQE=","valuesPacked":"AmhpAA==","doc":{},"exists":true}}',
  },
);
golden(
  'materialize.Request',
  {
    kind: 'startCommit',
    runtimeCheckpoint: {
      sources: {
        'j;s': {
          readThrough: 300n,
          producers: [{ id: Buffer.from('010203040506', 'hex'), lastAck: 1n, begin: -1n }],
        },
      },
      ackIntents: {},
    },
  },
  {
    proto:
      '30000000 422e 0a2c 0a2a 0a03 6a3b73 1223 08ac02 121e 0a06 010203040506 1214 09 0100000000000000 10 ffffffffffffffffff01',
    json: '{"startCommit":{"runtimeCheckpoint":{"sources":{"j;s":{"readThrough":"300","producers":[{"id":"AQIDBAUG","state":{"lastAck":"1","begin":"-1"}}]}}}}}',
  },
);
golden(
  'materialize.Response',
  { kind: 'loaded', binding: 2, doc: Buffer.from('[1]') },
  { proto: '09000000 2a07 0802 1203 5b315d', json: '{"loaded":{"binding":2,"doc":[1]}}' },
);
golden(
  'materialize.Response',
  { kind: 'opened', runtimeCheckpoint: EXPLICIT_ZERO_CHECKPOINT, disableLoadOptimization: true },
  {
    proto: '0c000000 220a 0a06 f8ffffff0f01 1001',
    json: '{"opened":{"runtimeCheckpoint":{"sources":{"explicit-zero;none":{}}},"disableLoadOptimization":true}}',
  },
);
golden(
  'materialize.Response',
  {
    kind: 'validated',
    bindings: [
      {
        constraints: [
          { field: 'id', constraint: { type: 'LOCATION_REQUIRED', reason: 'k', foldedField: '' } },
        ],
        resourcePath: ['t'],
        deltaUpdates: false,
        caseInsensitiveFields: true,
      },
    ],
  },
  {
    // constraints #1 { #1 field, #2 { #2 type, #3 reason } }, resourcePath #2, caseInsensitiveFields #5
    proto: '16000000 1214 0a12 0a0b 0a02 6964 1205 1002 1a01 6b 1201 74 2801',
    json: '{"validated":{"bindings":[{"resourcePath":["t"],"caseInsensitiveFields":true,"projectionConstraints":[{"field":"id","constraint":{"type":"LOCATION_REQUIRED","reason":"k"}}]}]}}',
  },
);

test('a checkpoint of nothing has no bytes, and the explicit zero has its own', () => {
  assert.equal(encodeCheckpoint({ sources: {}, ackIntents: {} }).length, 0);
  assert.equal(encodeCheckpoint(EXPLICIT_ZERO_CHECKPOINT).toString('hex'), 'f8ffffff0f01');
  assert.equal(decodeCheckpoint(Buffer.from('f8ffffff0f01', 'hex')), EXPLICIT_ZERO_CHECKPOINT);
  assert.deepEqual(decodeCheckpoint(Buffer.alloc(0)), { sources: {}, ackIntents: {} });
});

function reads<D extends keyof Messages>(
  what: string,
  direction: D,
  line: string,
  message: Messages[D] | undefined,
): void {
  test(`a JSON reader accepts ${what}`, () => {
    assert.deepEqual(decode(direction, 'json', `${line}\n`), message);
  });
}

const captured = { kind: 'captured', binding: 7, doc: Buffer.from('{"a":1}') } as const;
reads('snake_case names', 'capture.Response', '{"captured":{"binding":7,"doc_json":{"a":1}}}', captured);
reads(
  'any order and blanks',
  'capture.Response',
  ' {"captured" :\t{ "doc":{"a":1} , "binding": 7 } } ',
  captured,
);
reads(
  'null for members that are not set',
  'capture.Response',
  '{"spec":null,"captured":{"binding":7,"doc":{"a":1},"x":null},"checkpoint":null}',
  captured,
);
reads(
  'unknown members and $internal',
  'capture.Response',
  '{"$internal":"AA==","captured":{"new":{"a":[1]},"binding":"7","doc":{"a":1}},"other":[]}',
  captured,
);
reads(
  'escaped names',
  'capture.Response',
  '{"c\\u0061ptured":{"binding":7.0,"d\\u006fc":{"a":1}}}',
  captured,
);
reads(
  'messages it does not know, by skipping them',
  'capture.Response',
  '{"backfillBegin":{"binding":1}}',
  undefined,
);
reads('blank lines, by skipping them', 'capture.Response', '  \r', undefined);
reads(
  'the other name of a sourced schema',
  'capture.Response',
  '{"sourcedSchema":{"documentSchema":{"a": 1}}}',
  {
    kind: 'sourcedSchema',
    binding: 0,
    schema: '{"a": 1}',
  },
);
reads('enums as numbers', 'capture.Request', '{"spec":{"connector_type":7,"config_json":{}}}', {
  kind: 'spec',
  connectorType: 'IMAGE',
  config: '{}',
});
reads(
  '64-bit integers as numbers',
  'materialize.Request',
  '{"start_commit":{"runtime_checkpoint":{"sources":{"a":{"read_through":9007199254740993}}}}}',
  {
    kind: 'startCommit',
    runtimeCheckpoint: { sources: { a: { readThrough: 9007199254740993n, producers: [] } }, ackIntents: {} },
  },
);

test('constraints are read from the map, from the list, and under the old name of INCOMPATIBLE', () => {
  const line =
    '{"validated":{"bindings":[{"constraints":{"a":{"type":"UNSATISFIABLE"},"b":{"type":7}},' +
    '"projectionConstraints":[{"field":"a","constraint":{"type":"FIELD_OPTIONAL","foldedField":"A"}}]}]}}\n';
  const message = decode('materialize.Response', 'json', line);
  assert.equal(message?.kind, 'validated');
  const found = message?.kind === 'validated' ? message.bindings[0]?.constraints : undefined;
  assert.deepEqual(
    found?.map(({ field, constraint }) => `${field} ${constraint.type} ${constraint.foldedField}`),
    ['a INCOMPATIBLE ', 'b INCOMPATIBLE ', 'a FIELD_OPTIONAL A'],
  );
});

test('a protobuf field may repeat an entry of the constraints, and unknown fields are skipped', () => {
  const entry = '0a07 0a01 61 1202 1004';
  const bytes = Buffer.from(`18000000 1216 0a14 ${entry} ${entry} fa0100`.replaceAll(' ', ''), 'hex');
  bytes[0] = bytes.length - 4;
  bytes[5] = bytes.length - 6;
  bytes[7] = bytes.length - 8;
  const message = decode('materialize.Response', 'proto', bytes);
  const found = message?.kind === 'validated' ? message.bindings[0]?.constraints : undefined;
  const constraint = { field: 'a', constraint: { type: 'FIELD_OPTIONAL', reason: '', foldedField: '' } };
  assert.deepEqual(found, [constraint, constraint]);
});

test('numbers inside embedded JSON come out as they went in', () => {
  const state = '{"n": 12345678901234567890.50, "e":1E400}';
  const message = decode('capture.Request', 'json', `{"open":{"state":${state}}}\n`);
  assert.equal(message?.kind === 'open' ? message.state : undefined, state);
});

test('raw line feeds inside embedded JSON never reach a JSON line', () => {
  const doc = Buffer.from('{\n "a": [1,\n2]\n}');
  const encoder = createEncoder('capture.Response', 'json');
  encoder.write({ kind: 'captured', binding: 0, doc });
  encoder.write({ kind: 'checkpoint', state: { updated: '{\n}', mergePatch: false } });
  const lines = encoder.take().toString().split('\n');
  assert.deepEqual(lines, [
    '{"captured":{"doc":{  "a": [1, 2] }}}',
    '{"checkpoint":{"state":{"updated":{ }}}}',
    '',
  ]);
});

const MALFORMED: readonly (readonly [string, string])[] = [
  ['{}', 'empty'],
  ['[]', 'an object'],
  ['{"captured":{"doc":{}},"checkpoint":{}}', 'both captured and checkpoint'],
  ['{"captured":{"doc":{}}', "',' or '}'"],
  ['{"captured":{"doc":{"a":"b}}', 'the end of a string'],
  ['{"captured":{"doc":{[}}', "',' or '}'"],
  ['{"captured":{"doc":{[', 'the end of an object'],
  ['{"captured":{"binding":-1}}', 'unsigned 32-bit'],
  ['{"captured":{"binding":4294967296}}', 'unsigned 32-bit'],
  ['{"captured":{"doc":}}', 'a value'],
  ['{"opened":{"explicitAcknowledgements":1}}', 'a boolean'],
  ['{"captured":{"doc":{}}} {"captured":{"doc":{}}}', 'more than one object'],
  ['hello', 'an object'],
];
for (const [line, reason] of MALFORMED) {
  test(`the line ${line} is refused: ${reason}`, () => {
    assert.throws(
      () => decode('capture.Response', 'json', `${line}\n`),
      (error: { code?: string; message?: string }) =>
        error.code === 'PROTOCOL_MALFORMED' && error.message?.includes(reason) === true,
    );
  });
}

for (const hex of ['00000000', '02000000 3205', '03000000 320108', '05000000 3203 12ff01', '02000000 3307']) {
  test(`the frame ${hex} is refused`, () => {
    assert.throws(() => decode('capture.Response', 'proto', Buffer.from(hex.replaceAll(' ', ''), 'hex')), {
      code: 'PROTOCOL_MALFORMED',
    });
  });
}

test('a strict reader refuses what it does not know, in either codec', () => {
  const strict = { unknownFields: 'reject' } as const;
  const unknown = { code: 'PROTOCOL_UNKNOWN_FIELD' };
  for (const line of ['{"novel":{}}', '{"captured":{"novel":1}}', '{"checkpoint":{"state":{"novel":1}}}']) {
    assert.throws(() => decode('capture.Response', 'json', `${line}\n`, strict), unknown, line);
  }
  for (const hex of ['030000007a017b', '0400000032022801', '040000003a022801']) {
    assert.throws(() => decode('capture.Response', 'proto', Buffer.from(hex, 'hex'), strict), unknown, hex);
  }
});

test('what the wire cannot carry is refused by name, and leaves nothing behind', () => {
  const encoder = createEncoder('capture.Request', 'proto');
  encoder.write({ kind: 'acknowledge', checkpoints: 1 });
  const before = encoder.byteLength;
  const message = {
    kind: 'spec',
    connectorType: 'NOPE',
    config: '{}',
  } as unknown as Messages['capture.Request'];
  assert.throws(() => encoder.write(message), { code: 'PROTOCOL_UNENCODABLE', message: /NOPE/ });
  assert.equal(encoder.byteLength, before);
});
