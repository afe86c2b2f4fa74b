// A document whose names are spelled with escapes is never scanned: it is how these tests get the slow path to compare with.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CaptureBindingSpec,
  type CollectionSpec,
  type MaterializationBindingSpec,
  type Projection,
  UUID_PLACEHOLDER,
} from '@weir/protocol';
import { anyValue, projectionsOf, ruleFromShape, shapeFromDocument } from '@weir/schema';
import * as fc from 'fast-check';
import { ByteRange } from '../combine/byte-range.ts';
import { Combined } from '../combine/combined.ts';
import { CapturedBinding } from './captured-binding.ts';
import { CapturedScan } from './captured-scan.ts';
import { MaterializedBinding } from './materialized-binding.ts';

const schema = JSON.stringify({
  $defs: {
    Row: {
      $anchor: 'Row',
      type: 'object',
      required: ['id'],
      properties: {
        id: { type: 'integer' },
        name: { type: 'string', default: 'nobody' },
        amount: { type: ['string', 'null'], format: 'number' },
        at: { type: ['string', 'null'], format: 'date-time' },
        rate: { type: ['number', 'null'], maximum: 1000 },
        tags: { type: 'array', items: { type: 'string' } },
        open: { type: 'boolean' },
      },
    },
  },
  allOf: [
    {
      if: { properties: { _meta: { properties: { op: { const: 'd' } } } } },
      then: { reduce: { strategy: 'merge', delete: true } },
      else: { reduce: { strategy: 'merge' } },
      properties: { _meta: { type: 'object', properties: { op: { enum: ['c', 'u', 'd'] } } } },
    },
    { $ref: '#Row' },
  ],
});

const key = ['/id', '/name'];
const collection: CollectionSpec = {
  name: 'acme/t',
  key,
  uuidPtr: '/_meta/uuid',
  partitionFields: [],
  projections: projectionsOf({ key, schema }),
  writeSchema: schema,
};

function captured(): CapturedBinding {
  const spec: CaptureBindingSpec = {
    resourceConfig: '{}',
    resourcePath: ['t'],
    collection,
    backfill: 0,
    stateKey: 't',
  };
  return new CapturedBinding(0, spec, undefined);
}

function materialized(): MaterializedBinding {
  const isValue = ({ field, ptr }: Projection): boolean => ptr !== '' && !['id', 'name'].includes(field);
  const values = collection.projections.filter(isValue).map(({ field }) => field);
  const spec: MaterializationBindingSpec = {
    resourceConfig: '{}',
    resourcePath: ['t'],
    collection,
    fieldSelection: { keys: ['id', 'name'], values, document: 'flow_document', fieldConfig: {} },
    deltaUpdates: false,
    journalReadSuffix: 'materialize/acme/sink/t',
    priority: 0,
    notBefore: '',
    notAfter: '',
    backfill: 0,
    stateKey: 't',
    serPolicy: { strTruncateAfter: 20, nestedObjTruncateAfter: 3, arrayTruncateAfter: 4 },
  };
  return new MaterializedBinding(0, spec);
}

const text = fc.oneof(
  fc.constantFrom('one', 'a "quoted" name', 'größe', 'a text that is longer than twenty bytes', ''),
  fc.string({ maxLength: 8 }),
);

/** Mostly valid rows; some miss the key, or hold a value of a type that is not allowed. */
const row = fc.record(
  {
    _meta: fc.record(
      { op: fc.constantFrom('c', 'u', 'd', 'x'), uuid: fc.constant('109c7a4a-e6dc-11f1-8000-07f85cbe489c') },
      { requiredKeys: ['op'] },
    ),
    id: fc.oneof(fc.integer(), fc.constantFrom(2 ** 53, 1.5, 'one', null)),
    name: text,
    amount: fc.constantFrom('12.50', '1e3', null, 'much'),
    at: fc.constantFrom('2026-01-31T10:00:00Z', '2026-01-30T10:00:00.25Z', null, 'today'),
    rate: fc.option(fc.double({ noNaN: true, min: -1e6, max: 999 })),
    tags: fc.array(text, { maxLength: 5 }),
    open: fc.boolean(),
    extra: fc.jsonValue({ maxDepth: 2 }),
  },
  { requiredKeys: ['_meta', 'id'], noNullPrototype: true },
);

/** The same document with an escape in the name of every property of the root. */
function escaped(source: string): string {
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(JSON.parse(source) as object).map(([name, value]) => [`\u0001${name}`, value]),
    ),
  )
    .replaceAll('\\u0001', '\\u0000')
    .replace(/"\\u0000(.)/g, (_, first: string) => {
      return `"\\u00${first.charCodeAt(0).toString(16).padStart(2, '0')}`;
    });
}

/** The document between others, as batches of them are read. */
function amid(document: Buffer): ByteRange {
  const bytes = Buffer.concat([Buffer.from('{"id":0}\n'), document, Buffer.from('\n{"id":2}')]);
  return new ByteRange().set(bytes, 9, 9 + document.length);
}

function outcome<T>(attempt: () => T): T | string {
  try {
    return attempt();
  } catch (error) {
    // The documents' spelling is quoted in a message only where they are no JSON at all.
    return error instanceof Error ? error.message : String(error);
  }
}

const rows = fc.array(row, { minLength: 1, maxLength: 12 }).map((found) => [...found, ...found]);

test('captured documents that are scanned have the keys, errors and inferred schemas of documents that are parsed', () => {
  fc.assert(
    fc.property(rows, (documents) => {
      const scanning = captured();
      const parsing = captured();
      for (const document of documents) {
        const source = JSON.stringify(document);
        const check = (binding: CapturedBinding, bytes: Buffer) =>
          outcome(() => ({ document: binding.check(amid(bytes)).view(), key: binding.key.latin1() }));
        const scanned = check(scanning, Buffer.from(source));
        const parsed = check(parsing, Buffer.from(escaped(source)));
        if (typeof scanned === 'string' || typeof parsed === 'string') {
          assert.equal(scanned, parsed);
          continue;
        }
        assert.equal(scanned.key, parsed.key);
        assert.deepEqual(JSON.parse(scanned.document.toString()), JSON.parse(parsed.document.toString()));
        assert.deepEqual(scanning.takeInferred(), parsing.takeInferred());
      }
    }),
    { numRuns: 20 },
  );
});

test('materialized documents that are scanned have the keys, errors and values of documents that are parsed', () => {
  const binding = materialized();
  fc.assert(
    fc.property(row, fc.boolean(), fc.boolean(), (document, exists, isNoted) => {
      const store = (source: string) =>
        outcome(() => {
          const bytes = Buffer.from(source);
          binding.take(amid(bytes));
          const found = binding.key.latin1();
          const note = isNoted && binding.note !== undefined ? Buffer.from(binding.note.view()) : undefined;
          binding.takeLoaded(bytes);
          assert.equal(binding.key.latin1(), found);
          const combined = Combined.of({ binding: 0, key: found, document: bytes, exists, note });
          const { keyPacked, valuesPacked, doc, delete: isDelete, ...request } = binding.storeOf(combined);
          const fields = { keyPacked, valuesPacked, isDelete, exists: request.exists };
          return { ...fields, document: JSON.parse(doc.toString()) as unknown };
        });
      const source = JSON.stringify(document);
      assert.deepEqual(store(source), store(escaped(source)));
    }),
    { numRuns: 300 },
  );
});

test('documents like those before are scanned; one that widens the inferred schema is not', () => {
  const shape = shapeFromDocument({
    id: 1,
    _meta: { uuid: UUID_PLACEHOLDER, op: 'c' },
  });
  const scan = new CapturedScan('{"type":"object"}', () => ruleFromShape(shape), [['id']]);
  scan.checkedInFull(true);
  assert.equal(scan.scanner, undefined);
  scan.checkedInFull(false);
  const accepts = (source: string): boolean | undefined => scan.scanner?.scan(Buffer.from(source));
  assert.equal(accepts('{"_meta":{"op":"d"},"id":1}'), true);
  assert.equal(accepts('{"_meta":{"op":"longer"},"id":1}'), false);
  assert.equal(accepts('{"_meta":{"op":"d"},"id":1.5}'), false);
  assert.equal(accepts('{"id":1}'), false, 'its stamp would make a _meta without an op');
  const own = '"uuid":"109c7a4a-e6dc-11f1-8000-07f85cbe489c"';
  assert.equal(accepts(`{"_meta":{"op":"d",${own}},"id":1}`), false, 'its own UUID has to be taken out');
});

test('documents without _meta are scanned when a stamp is all that is wanted there', () => {
  const scan = new CapturedScan('{"required":["id"]}', () => anyValue, [['id']]);
  scan.checkedInFull(false);
  assert.equal(scan.scanner?.scan(Buffer.from('{"id":1}')), true);
  assert.equal(scan.scanner?.scan(Buffer.from('{"id":1,"_meta":null}')), false);
  const closed = new CapturedScan(
    '{"properties":{"_meta":{"properties":{"uuid":{"maxLength":3}}}}}',
    () => anyValue,
    [['id']],
  );
  closed.checkedInFull(false);
  assert.equal(closed.scanner, undefined);
});
