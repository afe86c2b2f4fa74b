// Objects of a configuration: sections with a fixed set of properties, the root, and choices between variants.
// The order of declaration is the order of properties in the schema's JSON.

import { asField, type DECODED, type Field, type FieldInfo, PRESENCE, type Presence } from './field.ts';

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** On an object schema: properties that decode but are not published (legacy names, values injected by the runtime). */
export const UNPUBLISHED: unique symbol = Symbol('unpublished');
/** On an object schema: when absent, decode as if it were `{}`. */
export const FILLED: unique symbol = Symbol('filled');

type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K][typeof PRESENCE] extends 'optional' ? K : never;
}[keyof F];

type Simplify<T> = { [K in keyof T]: T[K] } & {};

/** The decoded type of an object with these fields. */
export type Decoded<F extends Fields> = Simplify<
  { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: F[K][typeof DECODED] } & {
    readonly [K in OptionalKeys<F>]?: F[K][typeof DECODED] | undefined;
  }
>;

/** Unpublished properties are always optional after decoding. */
export type DecodedUnpublished<F extends Fields | undefined> = F extends Fields
  ? { readonly [K in keyof F]?: F[K][typeof DECODED] | undefined }
  : unknown;

interface ObjectOptions {
  readonly closed: boolean;
  readonly unpublished: Fields;
}

function objectSchema(annotations: object, fields: Fields, options: ObjectOptions): Record<string, unknown> {
  const required = Object.keys(fields).filter((name) => isRequired(fields[name]));
  const schema: Record<string | symbol, unknown> = {
    type: 'object',
    ...annotations,
    properties: { ...fields },
    ...(required.length === 0 ? {} : { required }),
    ...(options.closed ? { additionalProperties: false } : {}),
  };
  if (Object.keys(options.unpublished).length > 0) schema[UNPUBLISHED] = options.unpublished;
  return schema;
}

function isRequired(field: Field<unknown> | undefined): boolean {
  const presence: Presence | undefined = field?.[PRESENCE];
  return presence === 'required' || presence === 'required-default';
}

/** A group of related fields. `unpublished` properties decode but do not appear in the schema. */
export function section<F extends Fields, U extends Fields | undefined = undefined>(
  info: FieldInfo,
  fields: F,
  unpublished?: U,
): Field<Simplify<Decoded<F> & DecodedUnpublished<U>>, 'required'> {
  return asField(objectSchema(info, fields, { closed: true, unpublished: unpublished ?? {} }), 'required');
}

type OptionalFields = Readonly<Record<string, Field<unknown, 'optional' | 'optional-default'>>>;

/** A group that need not be given: decoding an absent one yields its defaults. None of its fields may be required. */
export function optionalSection<F extends OptionalFields, U extends Fields | undefined = undefined>(
  info: FieldInfo,
  fields: F,
  unpublished?: U,
): Field<Simplify<Decoded<F> & DecodedUnpublished<U>>, 'optional-default'> {
  const schema = objectSchema(info, fields, { closed: true, unpublished: unpublished ?? {} });
  return asField({ ...schema, [FILLED]: true }, 'optional-default');
}

export interface RootInfo {
  /** A stable URI that names the schema. */
  readonly id: string;
  readonly title: string;
  readonly description?: string;
}

/**
 * The schema of a whole endpoint or resource configuration. The schema allows additional properties, because an
 * encrypted configuration carries a `sops` stanza; `decodeConfig` still rejects them.
 */
export function configSchema<F extends Fields, U extends Fields | undefined = undefined>(
  info: RootInfo,
  fields: F,
  unpublished?: U,
): Field<Simplify<Decoded<F> & DecodedUnpublished<U>>, 'required'> {
  const { id, ...annotations } = info;
  const schema = objectSchema(annotations, fields, { closed: false, unpublished: unpublished ?? {} });
  return asField({ $schema: 'https://json-schema.org/draft/2020-12/schema', $id: id, ...schema }, 'required');
}

/** The schema as the text of a Spec response. */
export function configSchemaText(schema: Field<unknown>): string {
  return JSON.stringify(schema);
}
