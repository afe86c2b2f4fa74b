// Responses of connectors as their protocol's JSON, which is what Flow's own tools print.

import { createEncoder } from '@weir/protocol';
import type { CaptureResponse, MaterializeResponse } from '@weir/protocol';

/** The member of the message as JSON text, for instance the Spec object itself. */
export function captureResponseJson(response: CaptureResponse): string {
  const encoder = createEncoder('capture.Response', 'json');
  encoder.write(response);
  return memberOf(encoder.take());
}

export function materializeResponseJson(response: MaterializeResponse): string {
  const encoder = createEncoder('materialize.Response', 'json');
  encoder.write(response);
  return memberOf(encoder.take());
}

/** `{"spec":{…}}\n` → `{…}`. */
function memberOf(line: Buffer): string {
  const text = line.toString('utf8').trimEnd();
  return text.slice(text.indexOf(':') + 1, -1);
}
