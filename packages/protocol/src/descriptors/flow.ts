// Tables of the flow.* and consumer.* messages. Numbers: Flow protocol 3032023.

import type {
  ArrayInference,
  CaptureBindingSpec,
  CaptureSpec,
  Checkpoint,
  CheckpointSource,
  CollectionSpec,
  ConnectorState,
  FieldSelection,
  Inference,
  MaterializationBindingSpec,
  MaterializationSpec,
  NumericInference,
  OAuth2,
  ProducerState,
  Projection,
  RangeSpec,
  SerPolicy,
  StringInference,
} from '../flow-spec.ts';
import {
  bool,
  bytes,
  defineMessage,
  double,
  enumeration,
  fixed32,
  fixed64,
  int64,
  json,
  list,
  mapOf,
  message,
  optional,
  string,
  timestamp,
  uint32,
  unpublished,
} from '../descriptor.ts';
import type { EnumDescriptor } from '../descriptor.ts';
import { collectionIndex, linkedCollections, resolveCollections } from '../linked-collections.ts';

export const serPolicy = defineMessage<SerPolicy>('flow.SerPolicy', {
  strTruncateAfter: uint32(1),
  nestedObjTruncateAfter: uint32(2),
  arrayTruncateAfter: uint32(3),
});

export const rangeSpec = defineMessage<RangeSpec>('flow.RangeSpec', {
  keyBegin: fixed32(2),
  keyEnd: fixed32(3),
  rClockBegin: fixed32(4),
  rClockEnd: fixed32(5),
});

export const connectorState = defineMessage<ConnectorState>('flow.ConnectorState', {
  updated: json(1),
  mergePatch: bool(2),
});

const stringInference = defineMessage<StringInference>('flow.Inference.String', {
  contentType: string(3),
  format: string(4),
  contentEncoding: string(7),
  maxLength: uint32(6),
});

const numericInference = defineMessage<NumericInference>('flow.Inference.Numeric', {
  hasMinimum: bool(1),
  minimum: double(2),
  hasMaximum: bool(3),
  maximum: double(4),
});

const arrayInference = defineMessage<ArrayInference>('flow.Inference.Array', {
  minItems: uint32(1),
  hasMaxItems: bool(2),
  maxItems: uint32(3),
  itemTypes: list(string(4)),
});

const exists: EnumDescriptor = {
  name: 'flow.Inference.Exists',
  numbers: { INVALID: 0, MUST: 1, MAY: 2, IMPLICIT: 3, CANNOT: 4 },
};

export const inference = defineMessage<Inference>('flow.Inference', {
  types: list(string(1)),
  string: optional(message(3, stringInference)),
  title: string(4),
  description: string(5),
  default: optional(json(6, { nullIsValue: true })),
  secret: bool(7),
  exists: enumeration(8, exists),
  numeric: optional(message(9, numericInference)),
  array: optional(message(10, arrayInference)),
  enum: list(json(11, { protoName: 'enum_json_vec', otherNames: ['enum_json'] })),
});

export const projection = defineMessage<Projection>('flow.Projection', {
  ptr: string(1),
  field: string(2),
  explicit: bool(3),
  isPartitionKey: bool(4),
  isPrimaryKey: bool(5),
  inference: message(6, inference),
});

export const collectionSpec = defineMessage<CollectionSpec>('flow.CollectionSpec', {
  name: string(1),
  key: list(string(3)),
  uuidPtr: string(4),
  partitionFields: list(string(5)),
  projections: list(message(6, projection)),
  ackTemplate: optional(json(7)),
  writeSchema: json(8),
  readSchema: optional(json(11)),
});

/** Of messages with bindings whose collections may be linked. */
export const linked = { fields: linkedCollections(collectionSpec), complete: resolveCollections };

export const fieldSelection = defineMessage<FieldSelection>('flow.FieldSelection', {
  keys: list(string(1)),
  values: list(string(2)),
  document: string(3),
  fieldConfig: mapOf(json(4)),
});

export const captureConnectorType: EnumDescriptor = {
  name: 'flow.CaptureSpec.ConnectorType',
  numbers: {
    INVALID_CONNECTOR_TYPE: 0,
    IMAGE: 7,
    LOCAL: unpublished(1),
    SQLITE: unpublished(2),
    DEKAF: unpublished(3),
  },
  aliases: { INVALID: 'INVALID_CONNECTOR_TYPE' },
};

export const materializationConnectorType: EnumDescriptor = {
  name: 'flow.MaterializationSpec.ConnectorType',
  numbers: {
    INVALID_CONNECTOR_TYPE: 0,
    SQLITE: 2,
    IMAGE: 8,
    LOCAL: unpublished(1),
    DEKAF: unpublished(3),
  },
  aliases: { INVALID: 'INVALID_CONNECTOR_TYPE' },
};

const captureBindingSpec = defineMessage<CaptureBindingSpec>(
  'flow.CaptureSpec.Binding',
  {
    resourceConfig: json(1),
    resourcePath: list(string(2)),
    collection: message(3, collectionSpec),
    backfill: uint32(4),
    stateKey: string(5),
  },
  [],
  { fields: collectionIndex },
);

export const captureSpec = defineMessage<CaptureSpec>(
  'flow.CaptureSpec',
  {
    name: string(1),
    connectorType: enumeration(2, captureConnectorType),
    config: json(3),
    bindings: list(message(4, captureBindingSpec)),
    intervalSeconds: uint32(5),
    inactiveBindings: list(message(9, captureBindingSpec)),
    redactSalt: optional(bytes(10)),
  },
  [],
  linked,
);

const materializationBindingSpec = defineMessage<MaterializationBindingSpec>(
  'flow.MaterializationSpec.Binding',
  {
    resourceConfig: json(1),
    resourcePath: list(string(2)),
    collection: message(3, collectionSpec),
    fieldSelection: message(4, fieldSelection),
    deltaUpdates: bool(5),
    journalReadSuffix: string(8),
    priority: uint32(9),
    notBefore: timestamp(10),
    notAfter: timestamp(11),
    backfill: uint32(12),
    stateKey: string(13),
    serPolicy: optional(message(14, serPolicy)),
  },
  [],
  { fields: collectionIndex },
);

export const materializationSpec = defineMessage<MaterializationSpec>(
  'flow.MaterializationSpec',
  {
    name: string(1),
    connectorType: enumeration(2, materializationConnectorType),
    config: json(3),
    bindings: list(message(4, materializationBindingSpec)),
    inactiveBindings: list(message(8, materializationBindingSpec)),
  },
  [],
  linked,
);

export const oauth2 = defineMessage<OAuth2>('flow.OAuth2', {
  provider: string(1),
  authUrlTemplate: string(2),
  accessTokenUrlTemplate: string(3),
  accessTokenBody: string(4),
  accessTokenHeaders: mapOf(json(5)),
  accessTokenResponseMap: mapOf(json(6)),
  refreshTokenUrlTemplate: string(7),
  refreshTokenBody: string(8),
  refreshTokenHeaders: mapOf(json(9)),
  refreshTokenResponseMap: mapOf(json(10)),
  accessTokenMethod: string(11),
  refreshTokenMethod: string(12),
});

const producerPosition = defineMessage<Omit<ProducerState, 'id'>>('consumer.Checkpoint.ProducerState', {
  lastAck: fixed64(1),
  begin: int64(2),
});

const producer = defineMessage<{ id: Buffer; state: Omit<ProducerState, 'id'> }>(
  'consumer.Checkpoint.Source.ProducerEntry',
  { id: bytes(1), state: message(2, producerPosition, { flatten: true }) },
);

const checkpointSource = defineMessage<CheckpointSource>('consumer.Checkpoint.Source', {
  readThrough: int64(1),
  producers: list(message(2, producer)),
});

export const checkpoint = defineMessage<Checkpoint>('consumer.Checkpoint', {
  sources: mapOf(message(1, checkpointSource)),
  ackIntents: mapOf(bytes(2)),
});
