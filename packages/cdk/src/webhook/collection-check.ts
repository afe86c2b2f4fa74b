// Whether a document may be sent on. The runtime stops a capture whose document does not fit its collection, and a sender
// that nobody here knows must not be able to do that.

import type { CollectionSpec } from '@weir/protocol';
import { compileSchema, parsePointer } from '@weir/schema';
import { resolvePointer, type JsonValue } from '@weir/schema/json';
import { WebhookRefusal } from './webhook-request.ts';

export type CheckedCollection = Pick<CollectionSpec, 'writeSchema' | 'key'>;

/** What is wrong with a document is told in the form `basic` of JSON Schema. */
export function collectionCheck({ writeSchema, key }: CheckedCollection): (document: Buffer) => void {
  const schema = compileSchema(writeSchema);
  const pointers = key.map((text) => [text, parsePointer(text)] as const);
  return (document) => {
    const value = JSON.parse(document.toString()) as JsonValue;
    const failures = schema.validate(value);
    if (failures !== undefined) {
      throw refusal(
        failures.map(({ pointer, reason, schemaPointer }) => ({
          instanceLocation: pointer,
          keywordLocation: schemaPointer,
          error: reason,
        })),
      );
    }
    const missing = pointers.find(([, pointer]) => resolvePointer(value, pointer) === undefined);
    if (missing !== undefined) {
      throw refusal([{ instanceLocation: missing[0], error: 'a part of the key is missing' }]);
    }
  };
}

function refusal(found: readonly object[]): WebhookRefusal {
  return new WebhookRefusal(400, 'the document does not fit its collection', {
    details: { basicOutput: { valid: false, errors: found } },
  });
}
