// What can be wrong with a document or a schema, as a person reads it.

import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  JSON_INVALID: {
    summary: 'A text that should be one JSON value is not.',
    fix: 'Correct the JSON at the offset named.',
    retry: 'never',
  },
  JSON_TOO_DEEP: {
    summary: 'A JSON text nests arrays and objects deeper than 512 levels.',
    fix: 'Flatten the document, or drop the deep part before it is captured.',
    retry: 'never',
  },
  POINTER_INVALID: {
    summary: 'A text that should be a JSON pointer (RFC 6901) is neither empty nor starts with a slash.',
    fix: "Write the location as a JSON pointer, for instance '/id'.",
    retry: 'never',
  },
  POINTER_UNREACHABLE: {
    summary: 'A value cannot be set at a JSON pointer because a parent is a scalar or an array is too short.',
    fix: 'Check the pointer against the document.',
    retry: 'never',
  },
  SCHEMA_INVALID: {
    summary: 'A JSON Schema is malformed, or refers to a schema that does not exist.',
    fix: 'Correct the schema at the location named.',
    retry: 'never',
  },
  CONFIG_INVALID: {
    summary: 'A configuration is not valid JSON or does not match its schema.',
    fix: 'Correct the properties named in the configuration, then start again.',
    retry: 'never',
  },
  REDUCTION_FAILED: {
    summary: 'Two documents of one key cannot be reduced as the schema asks.',
    fix: 'Correct the reduce annotation at the location named, or the documents that do not fit it.',
    retry: 'never',
  },
  REDACTION_FAILED: {
    summary: 'A redact annotation cannot be followed.',
    fix: 'Move the annotation from the root of the schema to the properties that it is meant for.',
    retry: 'never',
  },
  SOURCED_SCHEMA_OPEN: {
    summary:
      'A capture sent a schema of its documents in which some object allows properties that are not listed.',
    fix: 'Correct the connector: every object of a sourced schema has `additionalProperties: false`.',
    retry: 'never',
  },
  COLLECTION_SCHEMA_NOT_OBJECT: {
    summary: "A collection's schema allows documents that are no objects.",
    fix: "Add `type: object` to the schema's root.",
    retry: 'never',
  },
  COLLECTION_KEY_INVALID: {
    summary: "A location of a collection's key may be missing, or is not one string, integer or boolean.",
    fix: 'Require the location and give it one type in the schema, give it a default, or choose another key.',
    retry: 'never',
  },
  PROJECTION_INVALID: {
    summary: 'A projection takes the name of another location, or partitions by what is no scalar.',
    fix: 'Rename the projection, or correct its location.',
    retry: 'never',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
