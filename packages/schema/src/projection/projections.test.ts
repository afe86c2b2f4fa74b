import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Projection } from '@weir/protocol';
import { matchSnapshot } from '@weir/testing';
import { stringifyJson } from '../json/stringify.ts';
import type { JsonObject, JsonValue } from '../json/value.ts';
import { emptyInferredSchema, inferredSchemaText, widenInferredSchema } from '../shape/inferred-schema.ts';
import { compileSchema } from '../validate/compile-schema.ts';
import { projectionsOf, type ExplicitProjection } from './projections.ts';
import { asksForInference, composeReadSchema, inferredReadSchema } from './read-schema.ts';
import { relaxedWriteSchema } from './relaxed-write-schema.ts';

/** The shape of schema that a CDC capture discovers. */
const cdc: JsonObject = {
  $defs: {
    TestOrders: {
      type: 'object',
      required: ['id'],
      $anchor: 'TestOrders',
      properties: {
        id: { type: 'integer', description: '(source type: non-nullable int8)' },
        total: { format: 'number', type: ['string', 'null'], description: '(source type: numeric)' },
        made: { format: 'date-time', type: ['string', 'null'] },
        tags: { type: ['array', 'null'], items: { type: ['string', 'null'] } },
        extra: { description: '(source type: jsonb)' },
      },
    },
  },
  allOf: [
    {
      if: { properties: { _meta: { properties: { op: { const: 'd' } } } } },
      // oxlint-disable-next-line unicorn/no-thenable
      then: { reduce: { delete: true, strategy: 'merge' } },
      else: { reduce: { strategy: 'merge' } },
      required: ['_meta'],
      properties: {
        _meta: {
          type: 'object',
          required: ['op', 'source'],
          properties: {
            before: {
              $ref: '#TestOrders',
              description: 'Before the change.',
              reduce: { strategy: 'firstWriteWins' },
            },
            op: { enum: ['c', 'd', 'u'], description: 'Operation.' },
            source: {
              type: 'object',
              required: ['schema', 'loc'],
              properties: {
                ts_ms: { type: 'integer' },
                schema: { type: 'string' },
                loc: { type: 'array', items: { type: 'integer' }, minItems: 3, maxItems: 3 },
              },
            },
          },
          reduce: { strategy: 'merge' },
        },
      },
    },
    { $ref: '#TestOrders' },
  ],
  'x-infer-schema': true,
};

const source = { schema: 'public', loc: [1, 2, 3], ts_ms: 1_700_000_000_000 };
const captured: readonly JsonValue[] = [
  { _meta: { op: 'c', source }, id: 1, total: '12.50', made: '2024-01-01T00:00:00Z', extra: { a: [1] } },
  { _meta: { op: 'd', source }, id: 200, total: null, made: null, extra: 'x' },
];

function inferredFrom(documents: readonly JsonValue[]): string {
  const inferred = emptyInferredSchema('00000000000000aa');
  for (const document of documents) widenInferredSchema(inferred, document);
  return inferredSchemaText(inferred);
}

function readSchema(inferredSchema?: string): string {
  return composeReadSchema({
    readSchema: stringifyJson(inferredReadSchema),
    writeSchema: stringifyJson(cdc),
    key: ['/id'],
    ...(inferredSchema === undefined ? {} : { inferredSchema }),
  });
}

/** One line per projection. */
function table(projections: readonly Projection[]): string {
  return projections
    .map(({ field, ptr, explicit, isPartitionKey, isPrimaryKey, inference }) => {
      const {
        types,
        exists,
        title,
        description,
        string,
        numeric,
        array,
        enum: members,
        default: byDefault,
      } = inference;
      const facets = Object.entries({ string, numeric, array, members, byDefault })
        .filter(([, each]) => each !== undefined && !(Array.isArray(each) && each.length === 0))
        .map(([name, each]) => `${name}=${JSON.stringify(each)}`);
      const flags = [isPrimaryKey && 'key', isPartitionKey && 'partition', explicit && 'explicit'].filter(
        Boolean,
      );
      return [
        field,
        ptr,
        types.join('|'),
        exists,
        ...flags,
        ...facets,
        [title, description].filter(Boolean).join(' – '),
      ]
        .filter((part) => part !== '')
        .join('  ');
    })
    .join('\n');
}

function projected(
  schema: JsonObject,
  projections?: Readonly<Record<string, ExplicitProjection>>,
  key: readonly string[] = ['/id'],
): Projection[] {
  return projectionsOf({
    key,
    schema: stringifyJson(schema),
    ...(projections === undefined ? {} : { projections }),
  });
}

const simple: JsonObject = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'string' },
    n: { type: 'number' },
    _meta: { properties: { uuid: { type: 'string' } } },
  },
};

describe('projections', () => {
  it('of a CDC schema are those of the snapshot', () => {
    matchSnapshot(import.meta.url, 'cdc write schema', table(projected(cdc)));
  });

  it('of a CDC schema joined with what was captured are those of the snapshot', () => {
    const schema = readSchema(inferredFrom(captured));
    matchSnapshot(import.meta.url, 'cdc read schema', table(projectionsOf({ key: ['/id'], schema })));
  });

  it('hold the document, its time, the truncation flag, the key and every named location, sorted by field', () => {
    assert.deepEqual(
      projected(simple).map(({ field, ptr, isPrimaryKey }) => [field, ptr, isPrimaryKey]),
      [
        ['_meta', '/_meta', false],
        ['_meta/flow_truncated', '/_meta/flow_truncated', false],
        ['_meta/uuid', '/_meta/uuid', false],
        ['flow_document', '', false],
        ['flow_published_at', '/_meta/uuid', false],
        ['id', '/id', true],
        ['n', '/n', false],
      ],
    );
  });

  it('leave out locations without a name, wildcards, and one called like the document', () => {
    const schema: JsonObject = {
      ...simple,
      properties: {
        id: { type: 'string' },
        '': { type: 'object', properties: { below: {} } },
        flow_document: { type: 'string' },
        'a/b': { type: 'array', prefixItems: [{ type: 'string' }], items: { type: 'integer' } },
      },
      patternProperties: { '^x_': {} },
      additionalProperties: { type: 'string' },
    };
    assert.deepEqual(
      projected(schema).map(({ field, ptr }) => [field, ptr]),
      [
        ['/below', '//below'],
        ['_meta/flow_truncated', '/_meta/flow_truncated'],
        ['a~1b', '/a~1b'],
        ['a~1b/0', '/a~1b/0'],
        ['flow_document', ''],
        ['flow_published_at', '/_meta/uuid'],
        ['id', '/id'],
      ],
    );
  });

  it('that are explicit come before those of the same name, and replace the built-in ones of their location', () => {
    const projections = projected(simple, {
      doc: { location: '' },
      at: { location: '/_meta/uuid/date-time' },
      region: { location: '/id', partition: true },
    });
    assert.deepEqual(
      projections.map(({ field }) => field),
      ['_meta', '_meta/flow_truncated', '_meta/uuid', 'at', 'doc', 'id', 'n', 'region'],
    );
    const region = projections.find(({ field }) => field === 'region');
    assert.deepEqual([region?.explicit, region?.isPartitionKey, region?.isPrimaryKey], [true, true, true]);
    const at = projections.find(({ field }) => field === 'at');
    assert.deepEqual(
      [at?.ptr, at?.inference.string?.format, at?.inference.exists],
      ['/_meta/uuid', 'date-time', 'MUST'],
    );
  });

  it('may not give the name of one location to another, nor partition by what is no scalar of every document', () => {
    for (const explicit of [
      { n: { location: '/id' } },
      { flow_document: { location: '/id' } },
      { flow_published_at: { location: '/id' } },
      { part: { location: '/n', partition: true } },
    ]) {
      assert.throws(() => projected(simple, explicit), { code: 'PROJECTION_INVALID' });
    }
  });
});

describe('a collection key', () => {
  const withId = (id: JsonValue, required: readonly string[] = ['id']): JsonObject => ({
    type: 'object',
    required: [...required],
    properties: { id },
  });

  it('is one string, integer or boolean of every document, or has a default', () => {
    for (const type of ['string', 'integer', 'boolean']) assert.ok(projected(withId({ type })).length > 0);
    assert.ok(projected(withId({ type: ['string', 'null'], default: '' }, [])).length > 0);
  });

  it('is refused otherwise, saying why', () => {
    assert.throws(() => projected(withId({ type: 'string' }, [])), {
      code: 'COLLECTION_KEY_INVALID',
      message: /may be missing/,
    });
    assert.throws(() => projected(withId({ type: 'number' })), {
      code: 'COLLECTION_KEY_INVALID',
      message: /type number/,
    });
    assert.throws(() => projected(withId({ type: ['string', 'null'] })), { code: 'COLLECTION_KEY_INVALID' });
    assert.throws(() => projected(withId({})), { code: 'COLLECTION_KEY_INVALID' });
    assert.throws(() => projected(withId({ type: 'string' }), {}, []), { code: 'COLLECTION_KEY_INVALID' });
    assert.throws(() => projected({ required: ['id'], properties: { id: { type: 'string' } } }), {
      code: 'COLLECTION_SCHEMA_NOT_OBJECT',
    });
  });
});

describe('an inferred read schema', () => {
  const valid = (schema: string, document: JsonValue): boolean =>
    compileSchema(schema).validate(JSON.parse(stringifyJson(document))) === undefined;

  it('fits no document before one was captured, and then those that were', () => {
    for (const document of captured) {
      assert.ok(!valid(readSchema(), document));
      assert.ok(valid(readSchema(inferredFrom(captured)), document));
    }
    assert.ok(!valid(readSchema(inferredFrom(captured)), { ...(captured[0] as JsonObject), new: 1 }));
  });

  it('lets inference widen past the constraints of the write schema, but not the key', () => {
    const wider = [...captured, { _meta: { op: 'x', source: 1 }, id: 3, total: 5 }];
    assert.ok(valid(readSchema(inferredFrom(wider)), wider[2] as JsonValue));
    const keyless = { _meta: { op: 'c', source }, id: 'three' };
    assert.ok(!valid(readSchema(inferredFrom([...captured, keyless])), keyless));
  });

  it('keeps the conditions that choose a reduction as they are', () => {
    const relaxed = JSON.parse(relaxedWriteSchema(stringifyJson(cdc), ['/id'])) as { allOf: JsonObject[] };
    const [metadata] = cdc['allOf'] as JsonObject[];
    for (const keyword of ['if', 'then', 'else'])
      assert.deepEqual(relaxed.allOf[0]?.[keyword], metadata?.[keyword]);
    assert.deepEqual(relaxed.allOf.at(-1), {
      type: 'object',
      properties: { id: { type: ['integer'] } },
      required: ['id'],
    });
  });

  it('keeps annotations and drops constraints', () => {
    const relaxed = relaxedWriteSchema(
      '{"properties":{"a":{"type":"string","title":"A","format":"date","maxLength":5,"default":"x","secret":true},"b":false},"oneOf":[{"required":["a"]}],"additionalProperties":false}',
    );
    assert.deepEqual(JSON.parse(relaxed), {
      type: 'object',
      properties: { a: { title: 'A', format: 'date', default: 'x', secret: true }, b: true },
      allOf: [{ anyOf: [{}] }],
    });
  });

  it('is composed only where it is referred to', () => {
    const plain = '{"type":"object"}';
    assert.equal(composeReadSchema({ readSchema: plain, writeSchema: '{}' }), plain);
    assert.ok(asksForInference(cdc) && !asksForInference(simple));
  });
});
