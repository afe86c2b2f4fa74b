import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TuplePacker, unpackTuple, UuidStamper, clockFromUnix } from '@weir/protocol';
import {
  composeReadSchema,
  emptyInferredSchema,
  inferredReadSchema,
  inferredSchemaText,
  type JsonObject,
  parseJson,
  widenInferredSchema,
} from '@weir/schema';
import * as fc from 'fast-check';
import { retryDelayMs } from '../supervise/back-off.ts';
import { Extractor, publishedAt } from './extraction.ts';
import { ByteRange } from '../combine/byte-range.ts';
import { LoadDecision, loadEverything } from './load-decision.ts';
import { ReadValidator } from './read-validator.ts';
import { stampDocument } from './stamp.ts';
import { truncateDocument } from './truncation.ts';

const producer = Buffer.from('070102030405', 'hex');

function stamped(text: string): string {
  const document = Buffer.from(text);
  const stamper = new UuidStamper(producer, clockFromUnix(1_700_000_000, 0), 0);
  const { from, to, replacement } = stampDocument(ByteRange.of(document), stamper);
  return Buffer.concat([document.subarray(0, from), replacement, document.subarray(to)]).toString();
}

test('a stamp changes nothing but /_meta/uuid, whatever the document looks like', () => {
  const name = fc.constantFrom('a', '_meta', 'x"_meta":{', 'uuid', '__proto__é');
  const document = fc.dictionary(name, fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant({ op: 'c' })), {
    noNullPrototype: true,
  });
  fc.assert(
    fc.property(document, fc.constantFrom(0, 1), (value, indent) => {
      const after = JSON.parse(stamped(JSON.stringify(value, undefined, indent))) as Record<string, unknown>;
      const before = JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
      const { _meta: meta, ...rest } = after;
      const { _meta: oldMeta, ...oldRest } = before;
      assert.deepEqual(rest, oldRest);
      const { uuid, ...others } = meta as Record<string, unknown>;
      const isObject = typeof oldMeta === 'object' && oldMeta !== null && !Array.isArray(oldMeta);
      const { uuid: oldUuid, ...oldOthers } = (isObject ? oldMeta : {}) as Record<string, unknown>;
      // The runtime takes out a connector's own uuid before it stamps; a second one here would win.
      if (oldUuid === undefined)
        assert.match(String(uuid), /^[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-8000-070102030405$/);
      assert.deepEqual(others, oldOthers);
    }),
    { numRuns: 300 },
  );
});

test('[G7] fields are packed with defaults, exact integers, JSON bytes, and the publication time', () => {
  const inference = {
    types: [],
    title: '',
    description: '',
    secret: false,
    exists: 'MAY',
    enum: [],
  } as const;
  const projection = (ptr: string, extra: object = {}) => ({
    ptr,
    field: ptr,
    explicit: false,
    isPartitionKey: false,
    isPrimaryKey: false,
    inference: { ...inference, ...extra },
  });
  const time = { string: { contentType: '', format: 'date-time', contentEncoding: 'uuid', maxLength: 0 } };
  const extractor = Extractor.ofProjections([
    projection('/big'),
    projection('/nested/list'),
    projection('/missing'),
    projection('/missing', { default: '"d"' }),
    projection('/_meta/uuid', time),
    projection('/_meta/flow_truncated'),
  ]);
  const packer = new TuplePacker();
  const uuid = '2bacfc7a-e6cc-11f1-8000-c7ae64f8962a';
  const document = parseJson(
    `{"big":9223372036854775807,"nested":{"list":[1,"é"]},"_meta":{"uuid":"${uuid}"}}`,
  );
  extractor.pack(document as JsonObject, packer, true);
  const expected = [9223372036854775807n, Buffer.from('[1,"é"]'), null, 'd', publishedAt(uuid), true];
  assert.deepEqual(unpackTuple(packer.copy()), expected);
  assert.match(publishedAt(uuid), /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  assert.equal(publishedAt('not a uuid'), 'not a uuid');
});

test('a serialization policy cuts strings between characters, wide nested objects and long arrays, never the root', () => {
  const policy = { strTruncateAfter: 5, nestedObjTruncateAfter: 2, arrayTruncateAfter: 3 };
  const document = { a: 'ééé', b: { z: 1, y: 2, x: 3 }, c: [1, 2, 3, 4], d: 1, e: 2 };
  assert.deepEqual(truncateDocument(document, policy, 1000), {
    a: 'éé',
    b: { x: 3, y: 2 },
    c: [1, 2, 3],
    d: 1,
    e: 2,
  });
  const small = { a: 'é', b: { y: 2 }, c: [1] };
  assert.equal(truncateDocument(small, policy, 1000), small);
  assert.equal(
    truncateDocument(
      document,
      { strTruncateAfter: 0, nestedObjTruncateAfter: 0, arrayTruncateAfter: 0 },
      1000,
    ),
    document,
  );
});

test('a key is loaded once, unless it is greater than all keys of earlier transactions', () => {
  const packed = (text: string): ByteRange => ByteRange.of(Buffer.from(text, 'latin1'));
  const fresh = new LoadDecision(Buffer.alloc(0), true);
  assert.deepEqual(
    ['b', 'a', 'c', 'a'].map((key) => fresh.mustLoad(packed(key))),
    [false, false, false, false],
  );
  assert.equal(fresh.grown?.toString(), 'c');
  fresh.endTransaction();
  assert.deepEqual(
    ['b', 'c', 'd', 'b'].map((key) => fresh.mustLoad(packed(key))),
    [true, true, false, false],
  );
  const unknown = new LoadDecision(loadEverything, true);
  assert.deepEqual(
    ['\u0015\u0001', '\u0002z', '\u0015\u0001'].map((key) => unknown.mustLoad(packed(key))),
    [true, true, false],
  );
  assert.equal(unknown.grown, undefined);
  const unoptimized = new LoadDecision(Buffer.alloc(0), false);
  assert.equal(unoptimized.mustLoad(packed('a')), true);
});

test('a document past a bound of the inferred schema is readable with the newest one, other failures are not', () => {
  const inferred = emptyInferredSchema();
  const grow = (document: JsonObject): string => {
    widenInferredSchema(inferred, document);
    return inferredSchemaText(inferred);
  };
  const first = grow({ n: 5, s: 'short' });
  const writeSchema = '{"type":"object"}';
  const readSchema = composeReadSchema({
    readSchema: JSON.stringify(inferredReadSchema),
    writeSchema,
    inferredSchema: first,
  });
  let newest = first;
  const validator = new ReadValidator(readSchema, () => newest);
  const fails = (document: JsonObject): boolean => validator.validate(document, document) !== undefined;
  assert.equal(fails({ n: 6, s: 'tiny' }), false);
  assert.equal(fails({ n: 5000, s: 'tiny' }), true);
  newest = grow({ n: 5000, s: 'tiny' });
  assert.equal(fails({ n: 5000, s: 'tiny' }), false);
  newest = grow({ n: 1, s: 'x', another: true });
  assert.equal(fails({ n: 1, s: 'x', another: true }), true);
});

test('delays grow up to a minute, and what a person has to change is not tried again', () => {
  const random = { bytes: (count: number) => Buffer.alloc(count), fraction: () => 1 };
  assert.deepEqual(
    [1, 2, 3, 10, 100].map((failures) => retryDelayMs('backoff', failures, random)),
    [1000, 2000, 4000, 60_000, 60_000],
  );
  assert.equal(retryDelayMs('now', 1, random), 0);
  assert.equal(retryDelayMs('never', 1, random), undefined);
});
