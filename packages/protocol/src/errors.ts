// Errors of the wire: frames, messages, tuples and UUIDs.

import { defineErrors } from './weir-error.ts';
import type { ErrorCatalogue } from './weir-error.ts';

export const catalogue = {
  PROTOCOL_MESSAGE_TOO_LARGE: {
    summary: 'A protocol message is larger than the limit of 64 MiB.',
    fix: 'Make the document smaller at its source, or leave the large field out of the binding.',
    retry: 'never',
  },
  PROTOCOL_PARTIAL_MESSAGE: {
    summary: 'The stream of protocol messages ended in the middle of a message.',
    fix: 'Look at the last lines the other process logged: it stopped before it finished writing.',
    retry: 'backoff',
  },
  PROTOCOL_MALFORMED: {
    summary: 'Bytes on the wire are not a message of the protocol.',
    fix: 'Check that both sides use the same codec (FLOW_RUNTIME_CODEC) and that nothing else writes to stdout.',
    retry: 'never',
  },
  PROTOCOL_UNKNOWN_FIELD: {
    summary:
      'A message has a field that this version does not know, and the reader was asked to reject those.',
    fix: 'Remove the field, or update the reading side.',
    retry: 'never',
  },
  PROTOCOL_UNENCODABLE: {
    summary: 'A message holds a value that the wire cannot carry.',
    fix: 'This is a defect of the program that wrote the message: report it with the message of this error.',
    retry: 'never',
  },
  PROTOCOL_COLLECTION_MISSING: {
    summary: 'A binding has neither a collection nor a place in the list of linked collections.',
    fix: 'Have the runtime inline the collections of bindings, or speak the JSON codec (FLOW_RUNTIME_CODEC=json), in which linked collections are read.',
    retry: 'never',
  },
  TUPLE_MALFORMED: {
    summary: 'Bytes that should be a packed key or value tuple are not one.',
    fix: 'Check which side packed the tuple: it must use the FoundationDB tuple encoding.',
    retry: 'never',
  },
  TUPLE_OUT_OF_RANGE: {
    summary: 'An integer does not fit the 64 bits of a packed tuple.',
    fix: 'Use a string with `format: integer` for keys that hold larger integers.',
    retry: 'never',
  },
  UUID_MALFORMED: {
    summary: 'A document UUID is not a version 1 UUID in its canonical text form.',
    fix: 'Only the runtime writes /_meta/uuid: remove the value from the captured document.',
    retry: 'never',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
