// Collections that several bindings share may stand once, in a list of the message around them: a binding then has the
// place in that list instead of a collection. That is a matter of the wire alone. A message that was read has the
// collection in every binding, and none is ever written with a list.

import type { FieldDefinition } from './descriptor.ts';
import { list, message, type MessageDescriptor, optional, uint32, unpublished } from './descriptor.ts';
import { errors } from './errors.ts';
import type { MessageValue } from './message-value.ts';

/** Of a binding. The first place may be left out. */
export const collectionIndex: Readonly<Record<string, FieldDefinition>> = {
  collectionIndex: optional(uint32(unpublished(1))),
};

export function linkedCollections(collection: MessageDescriptor): Readonly<Record<string, FieldDefinition>> {
  return { linkedCollections: list(message(unpublished(2), collection)) };
}

/** Puts the collections into the bindings of a message. Throws PROTOCOL_COLLECTION_MISSING. */
export function resolveCollections(value: MessageValue): void {
  const linked = messagesOf(value['linkedCollections']);
  delete value['linkedCollections'];
  for (const property of ['bindings', 'inactiveBindings']) {
    for (const [number, binding] of messagesOf(value[property]).entries()) {
      const index = Number(binding['collectionIndex'] ?? 0);
      delete binding['collectionIndex'];
      if (isNamed(binding['collection'])) continue;
      const collection = linked[index];
      if (collection === undefined) throw missing(property, number, index, linked.length);
      binding['collection'] = collection;
    }
  }
}

function messagesOf(value: unknown): readonly MessageValue[] {
  return Array.isArray(value) ? (value as readonly MessageValue[]) : [];
}

function isNamed(collection: unknown): boolean {
  return (
    typeof collection === 'object' && collection !== null && 'name' in collection && collection.name !== ''
  );
}

function missing(property: string, binding: number, index: number, linked: number): Error {
  return errors.PROTOCOL_COLLECTION_MISSING({
    message: `${property}[${binding}] has no collection, and place ${index} is not among the ${linked} linked collections.`,
  });
}
