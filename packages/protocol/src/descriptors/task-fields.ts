// Fields with the same numbers in the capture and the materialize protocol (Flow protocol 3032023).

import { enumeration, json, message, optional, string, uint32 } from '../descriptor.ts';
import type { EnumDescriptor } from '../descriptor.ts';
import { oauth2, rangeSpec } from './flow.ts';

/** Of Request.Spec. */
export function specRequestFields(connectorType: EnumDescriptor) {
  return { connectorType: enumeration(1, connectorType), config: json(2) };
}

/** Of Request.Validate: the task; its bindings (4) and the specification applied before (5) are of the protocol. */
export function validateFields(connectorType: EnumDescriptor) {
  return { name: string(1), connectorType: enumeration(2, connectorType), config: json(3) };
}

/** Of Request.Open, behind the task's specification (1). */
export const openFields = { version: string(2), range: message(3, rangeSpec), state: json(4) };

/** Of Response.Spec. */
export const specResponseFields = {
  protocol: uint32(1),
  configSchema: json(2),
  resourceConfigSchema: json(3),
  documentationUrl: string(4),
  oauth2: optional(message(5, oauth2)),
};
