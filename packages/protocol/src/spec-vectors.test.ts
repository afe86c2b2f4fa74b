// The specifications on the wire: each message is put together here from field numbers and wire types alone, typed in
// from the protocol's definition and not from the tables that the codec works with. Every field has a value of its own,
// so that one under a wrong number cannot pass for another.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDecoder, createEncoder, type Messages } from './codec.ts';
import type {
  CaptureSpec,
  CollectionSpec,
  Inference,
  MaterializationSpec,
  OAuth2,
  Projection,
} from './flow-spec.ts';

// --- A writer of protobuf that knows no message --------------------------------------------------------------

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

const tag = (number: number, wireType: number): Buffer => varint(number * 8 + wireType);
const number = (field: number, value: number): Buffer => Buffer.concat([tag(field, 0), varint(value)]);
const yes = (field: number): Buffer => number(field, 1);

function bytes(field: number, value: Buffer): Buffer {
  return Buffer.concat([tag(field, 2), varint(value.length), value]);
}

const text = (field: number, value: string): Buffer => bytes(field, Buffer.from(value));
const message = (field: number, ...parts: readonly Buffer[]): Buffer => bytes(field, Buffer.concat(parts));
const entry = (field: number, key: string, value: string): Buffer =>
  message(field, text(1, key), text(2, value));

function fixed32(field: number, value: number): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32LE(value);
  return Buffer.concat([tag(field, 5), four]);
}

function double(field: number, value: number): Buffer {
  const eight = Buffer.alloc(8);
  eight.writeDoubleLE(value);
  return Buffer.concat([tag(field, 1), eight]);
}

// --- What the messages share ---------------------------------------------------------------------------------

const inference: Inference = {
  types: ['integer', 'string'],
  string: { contentType: 'text/x', format: 'date', contentEncoding: 'base64', maxLength: 300 },
  title: 'a title',
  description: 'a description',
  default: '"d"',
  secret: true,
  exists: 'MAY',
  numeric: { hasMinimum: true, minimum: -1.5, hasMaximum: true, maximum: 2.5 },
  array: { minItems: 3, hasMaxItems: true, maxItems: 4, itemTypes: ['null'] },
  enum: ['"e"', '7'],
};
const inferenceParts = [
  text(1, 'integer'),
  text(1, 'string'),
  message(3, text(3, 'text/x'), text(4, 'date'), text(7, 'base64'), number(6, 300)),
  text(4, 'a title'),
  text(5, 'a description'),
  text(6, '"d"'),
  yes(7),
  number(8, 2),
  message(9, yes(1), double(2, -1.5), yes(3), double(4, 2.5)),
  message(10, number(1, 3), yes(2), number(3, 4), text(4, 'null')),
  text(11, '"e"'),
  text(11, '7'),
];

const projection: Projection = {
  ptr: '/p',
  field: 'f',
  explicit: true,
  isPartitionKey: true,
  isPrimaryKey: true,
  inference,
};
const projectionParts = [text(1, '/p'), text(2, 'f'), yes(3), yes(4), yes(5), message(6, ...inferenceParts)];

const collection: CollectionSpec = {
  name: 'a/collection',
  key: ['/k', '/l'],
  uuidPtr: '/_meta/uuid',
  partitionFields: ['part'],
  projections: [projection],
  ackTemplate: '{"ack":1}',
  writeSchema: '{"w":1}',
  readSchema: '{"r":1}',
};
const collectionParts = [
  text(1, 'a/collection'),
  text(3, '/k'),
  text(3, '/l'),
  text(4, '/_meta/uuid'),
  text(5, 'part'),
  message(6, ...projectionParts),
  text(7, '{"ack":1}'),
  text(8, '{"w":1}'),
  text(11, '{"r":1}'),
];

const range = { keyBegin: 1, keyEnd: 0xfffffffe, rClockBegin: 3, rClockEnd: 4 };
const rangeParts = [fixed32(2, 1), fixed32(3, 0xfffffffe), fixed32(4, 3), fixed32(5, 4)];

const state = { updated: '{"s":1}', mergePatch: true };
const stateParts = [text(1, '{"s":1}'), yes(2)];

const capture: CaptureSpec = {
  name: 'a/capture',
  connectorType: 'IMAGE',
  config: '{"c":1}',
  bindings: [
    { resourceConfig: '{"rc":1}', resourcePath: ['x', 'y'], collection, backfill: 5, stateKey: 'x%2Fy.v5' },
  ],
  intervalSeconds: 600,
  inactiveBindings: [
    { resourceConfig: '{"old":1}', resourcePath: ['z'], collection, backfill: 6, stateKey: 'z.v6' },
  ],
  redactSalt: Buffer.from('salt'),
};
const captureParts = [
  text(1, 'a/capture'),
  number(2, 7),
  text(3, '{"c":1}'),
  message(
    4,
    text(1, '{"rc":1}'),
    text(2, 'x'),
    text(2, 'y'),
    message(3, ...collectionParts),
    number(4, 5),
    text(5, 'x%2Fy.v5'),
  ),
  number(5, 600),
  message(
    9,
    text(1, '{"old":1}'),
    text(2, 'z'),
    message(3, ...collectionParts),
    number(4, 6),
    text(5, 'z.v6'),
  ),
  text(10, 'salt'),
];

const binding: MaterializationSpec['bindings'][number] = {
  resourceConfig: '{"rc":1}',
  resourcePath: ['s', 't'],
  collection,
  fieldSelection: {
    keys: ['k'],
    values: ['v', 'w'],
    document: 'flow_document',
    fieldConfig: { v: '{"fc":1}' },
  },
  deltaUpdates: true,
  journalReadSuffix: 'materialize/a/b',
  priority: 8,
  notBefore: '2001-09-09T01:46:40Z',
  notAfter: '2033-05-18T03:33:20Z',
  backfill: 9,
  stateKey: 's%2Ft.v9',
  serPolicy: { strTruncateAfter: 11, nestedObjTruncateAfter: 12, arrayTruncateAfter: 13 },
};
const serPolicyParts = [number(1, 11), number(2, 12), number(3, 13)];
const bindingParts = [
  text(1, '{"rc":1}'),
  text(2, 's'),
  text(2, 't'),
  message(3, ...collectionParts),
  message(4, text(1, 'k'), text(2, 'v'), text(2, 'w'), text(3, 'flow_document'), entry(4, 'v', '{"fc":1}')),
  yes(5),
  text(8, 'materialize/a/b'),
  number(9, 8),
  message(10, number(1, 1_000_000_000)),
  message(11, number(1, 2_000_000_000)),
  number(12, 9),
  text(13, 's%2Ft.v9'),
  message(14, ...serPolicyParts),
];
const materialization: MaterializationSpec = {
  name: 'a/materialization',
  connectorType: 'IMAGE',
  config: '{"c":1}',
  bindings: [binding],
  inactiveBindings: [{ ...binding, stateKey: 'inactive' }],
};
const materializationParts = [
  text(1, 'a/materialization'),
  number(2, 8),
  text(3, '{"c":1}'),
  message(4, ...bindingParts),
  message(8, ...bindingParts.with(11, text(13, 'inactive'))),
];

const oauth2: OAuth2 = {
  provider: 'p',
  authUrlTemplate: 'auth',
  accessTokenUrlTemplate: 'token',
  accessTokenBody: 'body',
  accessTokenHeaders: { h: '"1"' },
  accessTokenResponseMap: { m: '"2"' },
  refreshTokenUrlTemplate: 'refresh',
  refreshTokenBody: 'again',
  refreshTokenHeaders: { i: '"3"' },
  refreshTokenResponseMap: { n: '"4"' },
  accessTokenMethod: 'POST',
  refreshTokenMethod: 'PUT',
};
const specResponse = {
  kind: 'spec',
  protocol: 3032023,
  configSchema: '{"cs":1}',
  resourceConfigSchema: '{"rs":1}',
  documentationUrl: 'https://docs',
  oauth2,
} as const;
const specResponseParts = [
  number(1, 3032023),
  text(2, '{"cs":1}'),
  text(3, '{"rs":1}'),
  text(4, 'https://docs'),
  message(
    5,
    text(1, 'p'),
    text(2, 'auth'),
    text(3, 'token'),
    text(4, 'body'),
    entry(5, 'h', '"1"'),
    entry(6, 'm', '"2"'),
    text(7, 'refresh'),
    text(8, 'again'),
    entry(9, 'i', '"3"'),
    entry(10, 'n', '"4"'),
    text(11, 'POST'),
    text(12, 'PUT'),
  ),
];

// --- The messages --------------------------------------------------------------------------------------------

function vector<D extends keyof Messages>(
  direction: D,
  expected: Messages[D],
  ...parts: readonly Buffer[]
): void {
  test(`${direction} ${expected.kind} is the bytes of its field numbers, both ways`, () => {
    const body = Buffer.concat(parts);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(body.length);
    const wire = Buffer.concat([length, body]);
    const decoder = createDecoder(direction, 'proto', { unknownFields: 'reject' });
    decoder.push(wire);
    assert.deepEqual(decoder.next(), expected);
    const encoder = createEncoder(direction, 'proto');
    encoder.write(expected);
    assert.equal(encoder.take().toString('hex'), wire.toString('hex'));
  });
}

vector(
  'capture.Request',
  {
    kind: 'validate',
    name: 'a/capture',
    connectorType: 'IMAGE',
    config: '{"c":1}',
    bindings: [{ resourceConfig: '{"rc":1}', collection, backfill: 2 }],
    lastCapture: capture,
    lastVersion: 'before',
  },
  message(
    3,
    text(1, 'a/capture'),
    number(2, 7),
    text(3, '{"c":1}'),
    message(4, text(1, '{"rc":1}'), message(2, ...collectionParts), number(3, 2)),
    message(5, ...captureParts),
    text(6, 'before'),
  ),
);
vector(
  'capture.Request',
  { kind: 'apply', capture, version: 'now', lastCapture: capture, lastVersion: 'before' },
  message(4, message(1, ...captureParts), text(2, 'now'), message(4, ...captureParts), text(5, 'before')),
);
vector(
  'capture.Request',
  { kind: 'open', capture, version: 'now', range, state: '{"s":1}' },
  message(5, message(1, ...captureParts), text(2, 'now'), message(3, ...rangeParts), text(4, '{"s":1}')),
);
vector(
  'capture.Response',
  { ...specResponse, resourcePathPointers: ['/a', '/b'] },
  message(1, ...specResponseParts, text(6, '/a'), text(6, '/b')),
);
vector(
  'capture.Response',
  {
    kind: 'discovered',
    bindings: [
      {
        recommendedName: 'n',
        resourceConfig: '{"rc":1}',
        documentSchema: '{"ds":1}',
        key: ['/k'],
        disable: true,
        resourcePath: ['r'],
        isFallbackKey: true,
      },
    ],
  },
  message(
    2,
    message(
      1,
      text(1, 'n'),
      text(2, '{"rc":1}'),
      text(3, '{"ds":1}'),
      text(4, '/k'),
      yes(5),
      text(6, 'r'),
      yes(7),
    ),
  ),
);
vector(
  'capture.Response',
  { kind: 'validated', bindings: [{ resourcePath: ['a', 'b'] }] },
  message(3, message(1, text(1, 'a'), text(1, 'b'))),
);
vector('capture.Response', { kind: 'applied', actionDescription: 'did it' }, message(4, text(1, 'did it')));

vector(
  'materialize.Request',
  {
    kind: 'validate',
    name: 'a/materialization',
    connectorType: 'IMAGE',
    config: '{"c":1}',
    bindings: [
      {
        resourceConfig: '{"rc":1}',
        collection,
        fieldConfig: { f: '{"fc":1}' },
        backfill: 2,
        groupBy: ['g'],
      },
    ],
    lastMaterialization: materialization,
    lastVersion: 'before',
  },
  message(
    2,
    text(1, 'a/materialization'),
    number(2, 8),
    text(3, '{"c":1}'),
    message(
      4,
      text(1, '{"rc":1}'),
      message(2, ...collectionParts),
      entry(3, 'f', '{"fc":1}'),
      number(4, 2),
      text(5, 'g'),
    ),
    message(5, ...materializationParts),
    text(6, 'before'),
  ),
);
vector(
  'materialize.Request',
  {
    kind: 'apply',
    materialization,
    version: 'now',
    lastMaterialization: materialization,
    lastVersion: 'before',
    state: '{"s":1}',
  },
  message(
    3,
    message(1, ...materializationParts),
    text(2, 'now'),
    message(4, ...materializationParts),
    text(5, 'before'),
    text(6, '{"s":1}'),
  ),
);
vector(
  'materialize.Request',
  { kind: 'open', materialization, version: 'now', range, state: '{"s":1}' },
  message(
    4,
    message(1, ...materializationParts),
    text(2, 'now'),
    message(3, ...rangeParts),
    text(4, '{"s":1}'),
  ),
);
vector('materialize.Response', specResponse, message(1, ...specResponseParts));
vector(
  'materialize.Response',
  {
    kind: 'validated',
    bindings: [
      {
        constraints: [{ field: 'f', constraint: { type: 'INCOMPATIBLE', reason: 'why', foldedField: 'F' } }],
        resourcePath: ['r'],
        deltaUpdates: true,
        serPolicy: { strTruncateAfter: 11, nestedObjTruncateAfter: 12, arrayTruncateAfter: 13 },
        caseInsensitiveFields: true,
      },
    ],
  },
  message(
    2,
    message(
      1,
      message(1, text(1, 'f'), message(2, number(2, 6), text(3, 'why'), text(4, 'F'))),
      text(2, 'r'),
      yes(3),
      message(4, ...serPolicyParts),
      yes(5),
    ),
  ),
);
vector(
  'materialize.Response',
  { kind: 'applied', actionDescription: 'did it', state },
  message(3, text(1, 'did it'), message(2, ...stateParts)),
);
vector('materialize.Response', { kind: 'flushed', state }, message(6, message(1, ...stateParts)));
vector('materialize.Response', { kind: 'startedCommit', state }, message(7, message(1, ...stateParts)));
vector('materialize.Response', { kind: 'acknowledged', state }, message(8, message(1, ...stateParts)));
