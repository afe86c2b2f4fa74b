// Arbitrary messages of the protocol, for property tests: what a peer could send, in the canonical form of our types.

import * as fc from 'fast-check';
import type { CaptureRequest, CaptureResponse } from './capture.ts';
import type {
  CaptureSpec,
  Checkpoint,
  CollectionSpec,
  ConnectorState,
  Inference,
  MaterializationSpec,
  OAuth2,
  RangeSpec,
  SerPolicy,
} from './flow-spec.ts';
import { EXPLICIT_ZERO_CHECKPOINT } from './materialize.ts';
import type { MaterializeRequest, MaterializeResponse } from './materialize.ts';

/** Well-formed text; the wire is UTF-8 and has no lone surrogates. */
const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const texts = fc.array(text, { maxLength: 3 });
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array));

/** JSON text whose numbers no double could hold; never `null`, which in JSON is the absence of a field. */
export const jsonText: fc.Arbitrary<string> = fc.oneof(
  fc.json({ maxDepth: 2 }).filter((value) => value !== 'null'),
  fc.constantFrom(
    '{"a": 9007199254740993.10, "b":[ {"}":"]"} ]}',
    '18446744073709551615',
    '{"\\"\\\\":"\\u0000"}',
  ),
);
const jsonTexts = fc.dictionary(text, fc.oneof(jsonText, fc.constant('null')), { maxKeys: 3 }).map(plain);
const jsonBytes = jsonText.map((json) => Buffer.from(json));
const emptyBytes = Buffer.alloc(0);

function plain<V>(dictionary: Record<string, V>): Record<string, V> {
  return { ...dictionary };
}

/** `values` hold optional properties as undefined, which messages leave out. */
function record<T>(model: { [K in keyof T]-?: fc.Arbitrary<T[K] | undefined> }): fc.Arbitrary<T> {
  return fc
    .record<Record<string, unknown>>(model as Record<string, fc.Arbitrary<unknown>>)
    .map(
      (value) => Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T,
    );
}

function maybe<V>(arbitrary: fc.Arbitrary<V>): fc.Arbitrary<V | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

const types = fc.subarray([
  'null',
  'boolean',
  'object',
  'array',
  'integer',
  'number',
  'fractional',
  'string',
] as const);
const timestamp = fc.constantFrom(
  '',
  '2023-08-11T03:00:27Z',
  '1969-12-31T23:59:59.250Z',
  '2026-01-02T03:04:05.000001Z',
);

const inference = record<Inference>({
  types,
  string: maybe(record({ contentType: text, format: text, contentEncoding: text, maxLength: uint32 })),
  numeric: maybe(
    record({
      hasMinimum: fc.boolean(),
      minimum: fc.double(),
      hasMaximum: fc.boolean(),
      maximum: fc.double(),
    }),
  ),
  array: maybe(record({ minItems: uint32, hasMaxItems: fc.boolean(), maxItems: uint32, itemTypes: types })),
  title: text,
  description: text,
  default: maybe(fc.oneof(jsonText, fc.constant('null'))),
  secret: fc.boolean(),
  exists: fc.constantFrom('INVALID', 'MUST', 'MAY', 'IMPLICIT', 'CANNOT'),
  enum: fc.array(fc.oneof(jsonText, fc.constant('null')), { maxLength: 2 }),
});

const collection = record<CollectionSpec>({
  name: text.filter((name) => name !== ''),
  key: texts,
  uuidPtr: text,
  partitionFields: texts,
  projections: fc.array(
    record({
      ptr: text,
      field: text,
      explicit: fc.boolean(),
      isPartitionKey: fc.boolean(),
      isPrimaryKey: fc.boolean(),
      inference,
    }),
    { maxLength: 2 },
  ),
  ackTemplate: maybe(jsonText),
  writeSchema: jsonText,
  readSchema: maybe(jsonText),
});

const captureBinding = record<CaptureSpec['bindings'][number]>({
  resourceConfig: jsonText,
  resourcePath: texts,
  collection,
  backfill: uint32,
  stateKey: text,
});

export const captureSpecs = record<CaptureSpec>({
  name: text,
  connectorType: fc.constantFrom('INVALID_CONNECTOR_TYPE', 'IMAGE', 'LOCAL'),
  config: jsonText,
  bindings: fc.array(captureBinding, { maxLength: 2 }),
  intervalSeconds: uint32,
  inactiveBindings: fc.array(captureBinding, { maxLength: 1 }),
  redactSalt: maybe(bytes.filter((salt) => salt.length > 0)),
});

const serPolicy = record<SerPolicy>({
  strTruncateAfter: uint32,
  nestedObjTruncateAfter: uint32,
  arrayTruncateAfter: uint32,
});

const materializationBinding = record<MaterializationSpec['bindings'][number]>({
  resourceConfig: jsonText,
  resourcePath: texts,
  collection,
  fieldSelection: record({ keys: texts, values: texts, document: text, fieldConfig: jsonTexts }),
  deltaUpdates: fc.boolean(),
  journalReadSuffix: text,
  priority: uint32,
  notBefore: timestamp,
  notAfter: timestamp,
  backfill: uint32,
  stateKey: text,
  serPolicy: maybe(serPolicy),
});

const materializationType = fc.constantFrom(
  'INVALID_CONNECTOR_TYPE' as const,
  'IMAGE' as const,
  'LOCAL' as const,
  'SQLITE' as const,
  'DEKAF' as const,
);

export const materializationSpecs = record<MaterializationSpec>({
  name: text,
  connectorType: materializationType,
  config: jsonText,
  bindings: fc.array(materializationBinding, { maxLength: 2 }),
  inactiveBindings: fc.array(materializationBinding, { maxLength: 1 }),
});

const range = record<RangeSpec>({ keyBegin: uint32, keyEnd: uint32, rClockBegin: uint32, rClockEnd: uint32 });
const state = record<ConnectorState>({ updated: jsonText, mergePatch: fc.boolean() });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const fixed64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

export const checkpoints: fc.Arbitrary<Checkpoint> = record<Checkpoint>({
  sources: fc
    .dictionary(
      text,
      record({
        readThrough: int64,
        producers: fc.array(record({ id: bytes, lastAck: fixed64, begin: int64 }), { maxLength: 2 }),
      }),
      { maxKeys: 3 },
    )
    .map(plain),
  ackIntents: fc.dictionary(text, bytes, { maxKeys: 2 }).map(plain),
});

const oauth2 = record<OAuth2>({
  provider: text,
  authUrlTemplate: text,
  accessTokenUrlTemplate: text,
  accessTokenMethod: text,
  accessTokenBody: text,
  accessTokenHeaders: jsonTexts,
  accessTokenResponseMap: jsonTexts,
  refreshTokenUrlTemplate: text,
  refreshTokenMethod: text,
  refreshTokenBody: text,
  refreshTokenHeaders: jsonTexts,
  refreshTokenResponseMap: jsonTexts,
});

type Of<M, K> = Extract<M, { kind: K }>;
const kind = <const K extends string>(name: K): fc.Arbitrary<K> => fc.constant(name);
const connectorType = fc.constantFrom('IMAGE' as const, 'LOCAL' as const);

export const captureRequests: fc.Arbitrary<CaptureRequest> = fc.oneof(
  record<Of<CaptureRequest, 'spec'>>({ kind: kind('spec'), connectorType, config: jsonText }),
  record<Of<CaptureRequest, 'discover'>>({
    kind: kind('discover'),
    connectorType,
    config: jsonText,
    name: text,
  }),
  record<Of<CaptureRequest, 'validate'>>({
    kind: kind('validate'),
    name: text,
    connectorType,
    config: jsonText,
    bindings: fc.array(record({ resourceConfig: jsonText, collection, backfill: uint32 }), { maxLength: 2 }),
    lastCapture: maybe(captureSpecs),
    lastVersion: text,
  }),
  record<Of<CaptureRequest, 'apply'>>({
    kind: kind('apply'),
    capture: captureSpecs,
    version: text,
    lastCapture: maybe(captureSpecs),
    lastVersion: text,
    state: maybe(jsonText),
  }),
  record<Of<CaptureRequest, 'open'>>({
    kind: kind('open'),
    capture: captureSpecs,
    version: text,
    range,
    state: jsonText,
  }),
  record<Of<CaptureRequest, 'acknowledge'>>({ kind: kind('acknowledge'), checkpoints: uint32 }),
);

export const captureResponses: fc.Arbitrary<CaptureResponse> = fc.oneof(
  record<Of<CaptureResponse, 'spec'>>({
    kind: kind('spec'),
    protocol: uint32,
    configSchema: jsonText,
    resourceConfigSchema: jsonText,
    documentationUrl: text,
    oauth2: maybe(oauth2),
    resourcePathPointers: texts,
  }),
  record<Of<CaptureResponse, 'discovered'>>({
    kind: kind('discovered'),
    bindings: fc.array(
      record({
        recommendedName: text,
        resourceConfig: jsonText,
        documentSchema: jsonText,
        key: texts,
        disable: fc.boolean(),
        resourcePath: texts,
        isFallbackKey: fc.boolean(),
      }),
      { maxLength: 2 },
    ),
  }),
  record<Of<CaptureResponse, 'validated'>>({
    kind: kind('validated'),
    bindings: fc.array(record({ resourcePath: texts }), { maxLength: 3 }),
  }),
  record<Of<CaptureResponse, 'applied'>>({
    kind: kind('applied'),
    actionDescription: text,
    state: maybe(state),
  }),
  record<Of<CaptureResponse, 'opened'>>({ kind: kind('opened'), explicitAcknowledgements: fc.boolean() }),
  record<Of<CaptureResponse, 'captured'>>({ kind: kind('captured'), binding: uint32, doc: jsonBytes }),
  record<Of<CaptureResponse, 'checkpoint'>>({ kind: kind('checkpoint'), state }),
  record<Of<CaptureResponse, 'sourcedSchema'>>({
    kind: kind('sourcedSchema'),
    binding: uint32,
    schema: jsonText,
  }),
);

export const materializeRequests: fc.Arbitrary<MaterializeRequest> = fc.oneof(
  record<Of<MaterializeRequest, 'spec'>>({
    kind: kind('spec'),
    connectorType: materializationType,
    config: jsonText,
  }),
  record<Of<MaterializeRequest, 'validate'>>({
    kind: kind('validate'),
    name: text,
    connectorType: materializationType,
    config: jsonText,
    bindings: fc.array(
      record({
        resourceConfig: jsonText,
        collection,
        fieldConfig: jsonTexts,
        backfill: uint32,
        groupBy: texts,
      }),
      { maxLength: 2 },
    ),
    lastMaterialization: maybe(materializationSpecs),
    lastVersion: text,
  }),
  record<Of<MaterializeRequest, 'apply'>>({
    kind: kind('apply'),
    materialization: materializationSpecs,
    version: text,
    lastMaterialization: maybe(materializationSpecs),
    lastVersion: text,
    state: maybe(jsonText),
  }),
  record<Of<MaterializeRequest, 'open'>>({
    kind: kind('open'),
    materialization: materializationSpecs,
    version: text,
    range,
    state: jsonText,
  }),
  record<Of<MaterializeRequest, 'load'>>({ kind: kind('load'), binding: uint32, keyPacked: bytes }),
  record<Of<MaterializeRequest, 'flush'>>({ kind: kind('flush'), statePatches: maybe(jsonText) }),
  record<Of<MaterializeRequest, 'store'>>({
    kind: kind('store'),
    binding: uint32,
    keyPacked: bytes,
    valuesPacked: bytes,
    doc: fc.oneof(jsonBytes, fc.constant(emptyBytes)),
    exists: fc.boolean(),
    delete: fc.boolean(),
  }),
  record<Of<MaterializeRequest, 'startCommit'>>({
    kind: kind('startCommit'),
    runtimeCheckpoint: checkpoints,
    statePatches: maybe(jsonText),
  }),
  record<Of<MaterializeRequest, 'acknowledge'>>({
    kind: kind('acknowledge'),
    statePatches: maybe(jsonText),
  }),
);

const constraintType = fc.constantFrom(
  'INVALID' as const,
  'FIELD_REQUIRED' as const,
  'LOCATION_REQUIRED' as const,
  'LOCATION_RECOMMENDED' as const,
  'FIELD_OPTIONAL' as const,
  'FIELD_FORBIDDEN' as const,
  'INCOMPATIBLE' as const,
);

export const materializeResponses: fc.Arbitrary<MaterializeResponse> = fc.oneof(
  record<Of<MaterializeResponse, 'spec'>>({
    kind: kind('spec'),
    protocol: uint32,
    configSchema: jsonText,
    resourceConfigSchema: jsonText,
    documentationUrl: text,
    oauth2: maybe(oauth2),
  }),
  record<Of<MaterializeResponse, 'validated'>>({
    kind: kind('validated'),
    bindings: fc.array(
      record({
        constraints: fc.array(
          record({
            field: text,
            constraint: record({ type: constraintType, reason: text, foldedField: text }),
          }),
          { maxLength: 3 },
        ),
        resourcePath: texts,
        deltaUpdates: fc.boolean(),
        serPolicy: maybe(serPolicy),
        caseInsensitiveFields: fc.boolean(),
      }),
      { maxLength: 2 },
    ),
  }),
  record<Of<MaterializeResponse, 'applied'>>({
    kind: kind('applied'),
    actionDescription: text,
    state: maybe(state),
  }),
  record<Of<MaterializeResponse, 'opened'>>({
    kind: kind('opened'),
    runtimeCheckpoint: maybe(fc.oneof(checkpoints, fc.constant(EXPLICIT_ZERO_CHECKPOINT))),
    disableLoadOptimization: fc.boolean(),
  }),
  record<Of<MaterializeResponse, 'loaded'>>({ kind: kind('loaded'), binding: uint32, doc: jsonBytes }),
  record<Of<MaterializeResponse, 'flushed'>>({ kind: kind('flushed'), state: maybe(state) }),
  record<Of<MaterializeResponse, 'startedCommit'>>({ kind: kind('startedCommit'), state: maybe(state) }),
  record<Of<MaterializeResponse, 'acknowledged'>>({ kind: kind('acknowledged'), state: maybe(state) }),
);
