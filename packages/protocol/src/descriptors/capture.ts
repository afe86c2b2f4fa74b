// Tables of the capture protocol. Numbers: Flow protocol 3032023, capture.proto.

import type {
  CaptureAcknowledgeRequest,
  CaptureAppliedResponse,
  CaptureApplyRequest,
  CaptureCheckpointResponse,
  CaptureDiscoveredResponse,
  CaptureDiscoverRequest,
  CapturedResponse,
  CaptureOpenedResponse,
  CaptureOpenRequest,
  CaptureRequest,
  CaptureResponse,
  CaptureSpecRequest,
  CaptureSpecResponse,
  CaptureValidateBinding,
  CaptureValidatedResponse,
  CaptureValidateRequest,
  DiscoveredBinding,
  SourcedSchemaResponse,
} from '../capture.ts';
import {
  bool,
  defineMessage,
  enumeration,
  json,
  list,
  message,
  optional,
  string,
  uint32,
  unpublished,
} from '../descriptor.ts';
import { collectionIndex } from '../linked-collections.ts';
import { defineDirection } from './direction.ts';
import type { MemberTable } from './direction.ts';
import { captureConnectorType, captureSpec, collectionSpec, connectorState, linked } from './flow.ts';
import { openFields, specRequestFields, specResponseFields, validateFields } from './task-fields.ts';

type Body<M> = Omit<M, 'kind'>;

const validateBinding = defineMessage<CaptureValidateBinding>(
  'capture.Request.Validate.Binding',
  {
    resourceConfig: json(1),
    collection: message(2, collectionSpec),
    backfill: uint32(3),
  },
  [],
  { fields: collectionIndex },
);

export const captureRequest = defineDirection('capture.Request', {
  spec: [
    1,
    defineMessage<Body<CaptureSpecRequest>>('capture.Request.Spec', {
      ...specRequestFields(captureConnectorType),
    }),
  ],
  discover: [
    2,
    defineMessage<Body<CaptureDiscoverRequest>>('capture.Request.Discover', {
      connectorType: enumeration(1, captureConnectorType),
      config: json(2),
      name: string(unpublished(1)),
    }),
  ],
  validate: [
    3,
    defineMessage<Body<CaptureValidateRequest>>(
      'capture.Request.Validate',
      {
        ...validateFields(captureConnectorType),
        bindings: list(message(4, validateBinding)),
        lastCapture: optional(message(5, captureSpec)),
        lastVersion: string(6),
      },
      [],
      linked,
    ),
  ],
  apply: [
    4,
    defineMessage<Body<CaptureApplyRequest>>('capture.Request.Apply', {
      capture: message(1, captureSpec),
      version: string(2),
      lastCapture: optional(message(4, captureSpec)),
      lastVersion: string(5),
      state: optional(json(unpublished(1))),
    }),
  ],
  open: [
    5,
    defineMessage<Body<CaptureOpenRequest>>('capture.Request.Open', {
      capture: message(1, captureSpec),
      ...openFields,
    }),
  ],
  acknowledge: [
    6,
    defineMessage<Body<CaptureAcknowledgeRequest>>('capture.Request.Acknowledge', { checkpoints: uint32(1) }),
  ],
} satisfies MemberTable<CaptureRequest>);

const discoveredBinding = defineMessage<DiscoveredBinding>('capture.Response.Discovered.Binding', {
  recommendedName: string(1),
  resourceConfig: json(2),
  documentSchema: json(3),
  key: list(string(4)),
  disable: bool(5),
  resourcePath: list(string(6)),
  isFallbackKey: bool(7),
});

const validatedBinding = defineMessage<CaptureValidatedResponse['bindings'][number]>(
  'capture.Response.Validated.Binding',
  { resourcePath: list(string(1)) },
);

export const captureResponse = defineDirection('capture.Response', {
  spec: [
    1,
    defineMessage<Body<CaptureSpecResponse>>('capture.Response.Spec', {
      ...specResponseFields,
      resourcePathPointers: list(string(6)),
    }),
  ],
  discovered: [
    2,
    defineMessage<Body<CaptureDiscoveredResponse>>('capture.Response.Discovered', {
      bindings: list(message(1, discoveredBinding)),
    }),
  ],
  validated: [
    3,
    defineMessage<Body<CaptureValidatedResponse>>('capture.Response.Validated', {
      bindings: list(message(1, validatedBinding)),
    }),
  ],
  applied: [
    4,
    defineMessage<Body<CaptureAppliedResponse>>('capture.Response.Applied', {
      actionDescription: string(1),
      state: optional(message(unpublished(1), connectorState)),
    }),
  ],
  opened: [
    5,
    defineMessage<Body<CaptureOpenedResponse>>('capture.Response.Opened', {
      explicitAcknowledgements: bool(1),
    }),
  ],
  captured: [
    6,
    defineMessage<Body<CapturedResponse>>('capture.Response.Captured', { binding: uint32(1), doc: json(2) }),
  ],
  checkpoint: [
    7,
    defineMessage<Body<CaptureCheckpointResponse>>('capture.Response.Checkpoint', {
      state: message(1, connectorState),
    }),
  ],
  sourcedSchema: [
    8,
    defineMessage<Body<SourcedSchemaResponse>>('capture.Response.SourcedSchema', {
      binding: uint32(1),
      // Every version of Flow reads the proto name; the JSON name `documentSchema` has changed between versions.
      schema: json(2, { jsonName: 'schema_json', protoName: 'schema_json', otherNames: ['documentSchema'] }),
    }),
  ],
} satisfies MemberTable<CaptureResponse>);
