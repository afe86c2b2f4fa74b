// Built task specs as JSON text of the protocol: how the runtime keeps the specs it applied last.

import { captureSpec, materializationSpec } from './descriptors/flow.ts';
import type { CaptureSpec, MaterializationSpec } from './flow-spec.ts';
import { readJsonMessage } from './json-read.ts';
import { messageToJson } from './json-write.ts';
import type { MessageDescriptor } from './descriptor.ts';

function fromJson(descriptor: MessageDescriptor, text: string): unknown {
  const bytes = Buffer.from(text);
  return readJsonMessage(bytes, 0, bytes.length, descriptor, { unknownFields: 'skip' });
}

export function captureSpecToJson(spec: CaptureSpec): string {
  return messageToJson(captureSpec, spec);
}

/** Throws PROTOCOL_MALFORMED. */
export function captureSpecFromJson(text: string): CaptureSpec {
  return fromJson(captureSpec, text) as CaptureSpec;
}

export function materializationSpecToJson(spec: MaterializationSpec): string {
  return messageToJson(materializationSpec, spec);
}

/** Throws PROTOCOL_MALFORMED. */
export function materializationSpecFromJson(text: string): MaterializationSpec {
  return fromJson(materializationSpec, text) as MaterializationSpec;
}
