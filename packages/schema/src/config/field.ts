// Builders of the scalar fields of a configuration: one call gives the JSON Schema that a user interface renders and
// the TypeScript type that `decodeConfig` returns. Guidelines that a builder can enforce by its types (a boolean has a
// default, a secret is a plain string) are enforced here; the rest is `lintConfigSchema`.

import type { Secret } from './secret.ts';

/**
 * How a property of an object may be absent: `required…` properties are listed in `required`; `…-default` properties
 * always have a value after decoding, because their default is filled in.
 */
export type Presence = 'required' | 'required-default' | 'optional' | 'optional-default';

export const PRESENCE: unique symbol = Symbol('presence');

/** Carries a type, and is not there when the program runs. */
export declare const DECODED: unique symbol;

/** A JSON Schema whose decoded value is a T. */
export interface SchemaOf<T> {
  readonly [DECODED]: T;
}

/** The schema of one property whose decoded value is a T. */
export type Field<T, P extends Presence = Presence> = SchemaOf<T> & { readonly [PRESENCE]: P };

/** The value that a field, or a whole configuration, decodes to. */
export type ConfigOf<F extends SchemaOf<unknown>> = F[typeof DECODED];

/** What every field says about itself. Any `x-…` annotation is passed through. */
export interface FieldInfo {
  /** In Title Case. */
  readonly title: string;
  /** A sentence to the user, ending in a period; no HTML. */
  readonly description: string;
  /** Position among its siblings, from 0. */
  readonly order?: number;
  readonly advanced?: true;
  /** The value is no secret although its name looks like one, or need not be encrypted. */
  readonly nonsensitive?: true;
  readonly examples?: readonly unknown[];
  readonly [annotation: `x-${string}`]: unknown;
}

export interface TextInfo extends FieldInfo {
  readonly default?: string;
  /** A regular expression of JSON Schema (ECMA-262, unanchored). */
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly multiline?: true;
}

export interface NumberInfo extends FieldInfo {
  readonly default?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
}

export interface ChoiceInfo extends FieldInfo {
  readonly default?: string;
}

export interface FlagInfo extends FieldInfo {
  readonly default: boolean;
}

export interface SecretInfo extends FieldInfo {
  readonly multiline?: true;
}

export interface ListInfo extends FieldInfo {
  readonly default?: readonly unknown[];
  readonly minItems?: number;
  readonly maxItems?: number;
}

type PresenceOf<I> = I extends { readonly default: unknown } ? 'required-default' : 'required';

/** Marks a schema with its presence and its decoded type; both are invisible in the schema's JSON. */
export function asField<T, P extends Presence>(schema: object, presence: P): Field<T, P> {
  return { ...schema, [PRESENCE]: presence } as Field<T, P>;
}

function presenceOf<I extends object>(info: I): PresenceOf<I> {
  return ('default' in info ? 'required-default' : 'required') as PresenceOf<I>;
}

export function text<const I extends TextInfo>(info: I): Field<string, PresenceOf<I>> {
  return asField({ type: 'string', ...info }, presenceOf(info));
}

/** A string that is encrypted at rest, masked by user interfaces and decoded to a `Secret`. */
export function secret(info: SecretInfo): Field<Secret, 'required'> {
  return asField({ type: 'string', ...info, secret: true }, 'required');
}

export function integer<const I extends NumberInfo>(info: I): Field<number, PresenceOf<I>> {
  return asField({ type: 'integer', ...info }, presenceOf(info));
}

export function number<const I extends NumberInfo>(info: I): Field<number, PresenceOf<I>> {
  return asField({ type: 'number', ...info }, presenceOf(info));
}

export function flag(info: FlagInfo): Field<boolean, 'required-default'> {
  return asField({ type: 'boolean', ...info }, 'required-default');
}

/** One of a few strings. */
export function choice<const V extends readonly string[], const I extends ChoiceInfo>(
  values: V,
  info: I,
): Field<V[number], PresenceOf<I>> {
  return asField({ type: 'string', ...info, enum: [...values] }, presenceOf(info));
}

export function list<T, const I extends ListInfo>(
  item: Field<T>,
  info: I,
): Field<readonly T[], PresenceOf<I>> {
  return asField({ type: 'array', items: item, ...info }, presenceOf(info));
}

/** An object with names chosen by the user, all values of one kind. */
export function dictionary<T>(
  value: Field<T>,
  info: FieldInfo,
): Field<Readonly<Record<string, T>>, 'required'> {
  return asField({ type: 'object', ...info, additionalProperties: value }, 'required');
}

/** The bare item of a list or a dictionary, which needs no title of its own. */
export function item(
  kind: 'string',
  constraints: { readonly pattern?: string; readonly minLength?: number } = {},
): Field<string, 'required'> {
  return asField({ type: kind, ...constraints }, 'required');
}

/** The same field, not listed in `required`. Without a default its decoded value may be undefined. */
export function optional<T, P extends Presence>(
  field: Field<T, P>,
): Field<T, P extends 'required-default' | 'optional-default' ? 'optional-default' : 'optional'> {
  const presence = 'default' in field ? 'optional-default' : 'optional';
  return { ...field, [PRESENCE]: presence } as never;
}

/** The same field, also accepting null. */
export function nullable<T extends string | number, P extends Presence>(
  field: Field<T, P>,
): Field<T | null, P> {
  return { ...field, type: [(field as { readonly type?: unknown }).type, 'null'] } as never;
}
