// A choice between variants of an object, told apart by one property (the discriminator). Its value is a constant of
// each branch, listed first and with the constant as its default, which is what the form of a user interface needs.

import { asField, type Field, type FieldInfo } from './field.ts';
import { type Decoded, type DecodedUnpublished, type Fields, section, UNPUBLISHED } from './section.ts';

export interface BranchInfo {
  readonly title: string;
  readonly description?: string;
  readonly [annotation: `x-${string}`]: unknown;
}

export interface Branch<Tag extends string, T> {
  readonly tag: Tag;
  readonly info: BranchInfo;
  readonly fields: Fields;
  readonly unpublished: Fields;
  /** Only a type. */
  readonly decoded?: T;
}

/** One variant: the discriminator's value, and the fields that go with it. */
export function branch<const Tag extends string, F extends Fields, U extends Fields | undefined = undefined>(
  tag: Tag,
  info: BranchInfo,
  fields: F,
  unpublished?: U,
): Branch<Tag, Decoded<F> & DecodedUnpublished<U>> {
  return { tag, info, fields, unpublished: unpublished ?? {} };
}

type DecodedBranch<D extends string, B> =
  B extends Branch<infer Tag, infer T> ? { readonly [K in D]: Tag } & T : never;

export interface OneOfInfo<Tag extends string> extends FieldInfo {
  /** The variant offered first; the first branch when absent. */
  readonly default?: Tag;
}

/** A choice between variants. Decodes to a union discriminated by the property `discriminator`. */
export function oneOfWith<const D extends string, const B extends readonly Branch<string, unknown>[]>(
  discriminator: D,
  info: OneOfInfo<B[number]['tag']>,
  branches: B,
): Field<DecodedBranch<D, B[number]>, 'required-default'> {
  const { default: chosen, ...annotations } = info;
  const sensitivity = discriminator === 'auth_type' ? {} : { nonsensitive: true };
  const schema = {
    type: 'object',
    ...annotations,
    default: { [discriminator]: chosen ?? branches[0]?.tag },
    discriminator: { propertyName: discriminator },
    oneOf: branches.map((each) => branchSchema(discriminator, sensitivity, each)),
  };
  return asField(schema, 'required-default');
}

function branchSchema(discriminator: string, sensitivity: object, each: Branch<string, unknown>): object {
  const {
    properties,
    [UNPUBLISHED]: unpublished,
    ...rest
  } = section({ description: '', ...each.info }, each.fields, each.unpublished) as unknown as Record<
    string | symbol,
    unknown
  >;
  const tag = { type: 'string', const: each.tag, default: each.tag, order: 0, ...sensitivity };
  const { description, ...annotations } = rest;
  return {
    ...annotations,
    ...(description === '' ? {} : { description }),
    properties: { [discriminator]: tag, ...(properties as object) },
    ...(unpublished === undefined ? {} : { [UNPUBLISHED]: unpublished }),
  };
}
