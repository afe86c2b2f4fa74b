// Tables of the materialization protocol. Numbers: Flow protocol 3032023, materialize.proto.

import type {
  Constraint,
  FlushedResponse,
  FlushRequest,
  LoadedResponse,
  LoadRequest,
  MaterializeAcknowledgeRequest,
  MaterializeAppliedResponse,
  MaterializeApplyRequest,
  MaterializeOpenedResponse,
  MaterializeOpenRequest,
  MaterializeRequest,
  MaterializeResponse,
  MaterializeSpecRequest,
  MaterializeSpecResponse,
  MaterializeValidateBinding,
  MaterializeValidatedBinding,
  MaterializeValidatedResponse,
  MaterializeValidateRequest,
  ProjectionConstraint,
  StartCommitRequest,
  StoreRequest,
} from '../materialize.ts';
import {
  bool,
  bytes,
  defineMessage,
  enumeration,
  json,
  list,
  mapOf,
  message,
  optional,
  string,
  uint32,
  unpublished,
} from '../descriptor.ts';
import type { EnumDescriptor } from '../descriptor.ts';
import { collectionIndex } from '../linked-collections.ts';
import { defineDirection } from './direction.ts';
import type { MemberTable } from './direction.ts';
import {
  checkpoint,
  collectionSpec,
  connectorState,
  linked,
  materializationConnectorType,
  materializationSpec,
  serPolicy,
} from './flow.ts';
import { openFields, specRequestFields, specResponseFields, validateFields } from './task-fields.ts';

type Body<M> = Omit<M, 'kind'>;

const validateBinding = defineMessage<MaterializeValidateBinding>(
  'materialize.Request.Validate.Binding',
  {
    resourceConfig: json(1),
    collection: message(2, collectionSpec),
    fieldConfig: mapOf(json(3)),
    backfill: uint32(4),
    groupBy: list(string(5)),
  },
  [],
  { fields: collectionIndex },
);

const statePatches = optional(json(unpublished(1)));

export const materializeRequest = defineDirection('materialize.Request', {
  spec: [
    1,
    defineMessage<Body<MaterializeSpecRequest>>('materialize.Request.Spec', {
      ...specRequestFields(materializationConnectorType),
    }),
  ],
  validate: [
    2,
    defineMessage<Body<MaterializeValidateRequest>>(
      'materialize.Request.Validate',
      {
        ...validateFields(materializationConnectorType),
        bindings: list(message(4, validateBinding)),
        lastMaterialization: optional(message(5, materializationSpec)),
        lastVersion: string(6),
      },
      [],
      linked,
    ),
  ],
  apply: [
    3,
    defineMessage<Body<MaterializeApplyRequest>>('materialize.Request.Apply', {
      materialization: message(1, materializationSpec),
      version: string(2),
      lastMaterialization: optional(message(4, materializationSpec)),
      lastVersion: string(5),
      state: optional(json(6)),
    }),
  ],
  open: [
    4,
    defineMessage<Body<MaterializeOpenRequest>>('materialize.Request.Open', {
      materialization: message(1, materializationSpec),
      ...openFields,
    }),
  ],
  // Keys and values also have JSON members (numbers 2 and 4), which no runtime sets.
  load: [
    5,
    defineMessage<Body<LoadRequest>>('materialize.Request.Load', {
      binding: uint32(1),
      keyPacked: bytes(3),
    }),
  ],
  flush: [6, defineMessage<Body<FlushRequest>>('materialize.Request.Flush', { statePatches })],
  store: [
    7,
    defineMessage<Body<StoreRequest>>('materialize.Request.Store', {
      binding: uint32(1),
      keyPacked: bytes(3),
      valuesPacked: bytes(5),
      doc: json(6),
      exists: bool(7),
      delete: bool(8),
    }),
  ],
  startCommit: [
    8,
    defineMessage<Body<StartCommitRequest>>('materialize.Request.StartCommit', {
      runtimeCheckpoint: message(1, checkpoint),
      statePatches,
    }),
  ],
  acknowledge: [
    9,
    defineMessage<Body<MaterializeAcknowledgeRequest>>('materialize.Request.Acknowledge', { statePatches }),
  ],
} satisfies MemberTable<MaterializeRequest>);

const constraintType: EnumDescriptor = {
  name: 'materialize.Response.Validated.Constraint.Type',
  numbers: {
    INVALID: 0,
    FIELD_REQUIRED: 1,
    LOCATION_REQUIRED: 2,
    LOCATION_RECOMMENDED: 3,
    FIELD_OPTIONAL: 4,
    FIELD_FORBIDDEN: 5,
    INCOMPATIBLE: 6,
    UNSATISFIABLE: 7,
  },
  aliases: { UNSATISFIABLE: 'INCOMPATIBLE' },
};

const constraint = defineMessage<Constraint>('materialize.Response.Validated.Constraint', {
  type: enumeration(2, constraintType),
  reason: string(3),
  foldedField: string(4),
});

const projectionConstraint = defineMessage<ProjectionConstraint>(
  'materialize.Response.Validated.ProjectionConstraint',
  { field: string(1), constraint: message(2, constraint) },
);

// Protobuf carries the constraints as entries of the map `constraints`, which on the wire are the same bytes as a
// list and may repeat a field; a reader that builds a map keeps the last. JSON carries the list.
const validatedBinding = defineMessage<MaterializeValidatedBinding>(
  'materialize.Response.Validated.Binding',
  {
    constraints: {
      ...list(message(1, projectionConstraint)),
      readOnlyIn: 'json',
      jsonEntries: { key: 'field', value: 'constraint' },
    },
    resourcePath: list(string(2)),
    deltaUpdates: bool(3),
    serPolicy: optional(message(4, serPolicy)),
    caseInsensitiveFields: bool(5),
  },
  [
    [
      'constraints',
      {
        ...list(message(unpublished(1), projectionConstraint)),
        readOnlyIn: 'proto',
        jsonName: 'projectionConstraints',
        protoName: 'projection_constraints',
      },
    ],
  ],
);

const stateOnly = optional(message(1, connectorState));

export const materializeResponse = defineDirection('materialize.Response', {
  spec: [
    1,
    defineMessage<Body<MaterializeSpecResponse>>('materialize.Response.Spec', {
      ...specResponseFields,
    }),
  ],
  validated: [
    2,
    defineMessage<Body<MaterializeValidatedResponse>>('materialize.Response.Validated', {
      bindings: list(message(1, validatedBinding)),
    }),
  ],
  applied: [
    3,
    defineMessage<Body<MaterializeAppliedResponse>>('materialize.Response.Applied', {
      actionDescription: string(1),
      state: optional(message(2, connectorState)),
    }),
  ],
  opened: [
    4,
    defineMessage<Body<MaterializeOpenedResponse>>('materialize.Response.Opened', {
      runtimeCheckpoint: {
        number: 1,
        type: { kind: 'checkpoint', message: checkpoint },
        cardinality: 'optional',
      },
      disableLoadOptimization: bool(2),
    }),
  ],
  loaded: [
    5,
    defineMessage<Body<LoadedResponse>>('materialize.Response.Loaded', { binding: uint32(1), doc: json(2) }),
  ],
  flushed: [6, defineMessage<Body<FlushedResponse>>('materialize.Response.Flushed', { state: stateOnly })],
  startedCommit: [
    7,
    defineMessage<Body<FlushedResponse>>('materialize.Response.StartedCommit', { state: stateOnly }),
  ],
  acknowledged: [
    8,
    defineMessage<Body<FlushedResponse>>('materialize.Response.Acknowledged', { state: stateOnly }),
  ],
} satisfies MemberTable<MaterializeResponse>);
