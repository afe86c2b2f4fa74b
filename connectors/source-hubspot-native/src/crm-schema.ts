// What is known of the documents of CRM objects: to the connector, and to HubSpot, which lists the properties of each kind.

import type { FieldSchema } from '@weir/cdk';
import type { JsonObject } from '@weir/schema/json';
import { textOf } from './answers.ts';

const time = { type: 'string', format: 'date-time' } as const;
const merged = { reduce: { strategy: 'merge' } } as const;

/** Documents of calculated properties alone are merged into those that are whole. */
export function crmFields(associated: readonly string[]): Record<string, FieldSchema> {
  return {
    '/id': { type: 'integer' },
    '/createdAt': time,
    '/updatedAt': time,
    '/archived': { type: 'boolean' },
    '/properties': { type: 'object', additionalProperties: { type: ['string', 'null'] }, ...merged },
    // oxlint-disable-next-line unicorn/no-thenable
    '/propertiesWithHistory': { if: { type: 'object' }, then: merged },
    ...Object.fromEntries(
      associated.map((other) => [`/${other}`, { type: 'array', items: { type: 'integer' } }]),
    ),
  };
}

/** Types of properties whose values are texts of no format. Those of times may be texts or milliseconds, and are inferred. */
const texts: ReadonlySet<string> = new Set(['bool', 'enumeration', 'string', 'object_coordinates', 'json']);

/** So that an account's properties are known before one of them has a value. */
export function crmSourcedSchema(properties: readonly JsonObject[]): JsonObject {
  const known: JsonObject = {};
  for (const { name, type } of properties) {
    const text = { type: 'string', minLength: 2, maxLength: 4 };
    if (texts.has(textOf(type))) known[textOf(name)] = text;
    else if (type === 'number') known[textOf(name)] = { ...text, format: 'integer' };
  }
  const top = { id: { type: 'integer' }, createdAt: time, updatedAt: time, archived: { type: 'boolean' } };
  return { type: 'object', properties: { ...top, properties: { type: 'object', properties: known } } };
}
